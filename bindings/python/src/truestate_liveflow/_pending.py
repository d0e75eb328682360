"""A call under way: blocked on by `Client`, awaited by `AsyncClient`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _lifecycle, _reactor, _slices, _translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._native import liveflow_ffi as ffi

T = TypeVar("T")


class Pending(Generic[T]):
    """A call that was begun, and what to make of what it gives."""

    def __init__(self, begin: Callable[[], ffi.Operation], convert: Callable[[Any], T]) -> None:
        _lifecycle.check()
        self._operation = _translate.call(begin)
        self._convert = convert

    def block(self) -> T:
        """Wait on this thread. Ctrl-C gives the call up."""
        try:
            while not self._operation.wait(_slices.milliseconds()):
                pass
        except BaseException:
            self._operation.cancel()
            raise
        _lifecycle.check()
        return self._taken()

    async def wait(self) -> T:
        """Wait in this task. Its cancellation gives the call up."""
        ready = asyncio.get_running_loop().create_future()
        _reactor.register(self._operation.notify, lambda: _reactor.resolve(ready))
        try:
            await ready
        except BaseException:
            self._operation.cancel()
            raise
        _lifecycle.check()
        return self._taken()

    def _taken(self) -> T:
        return self._convert(_translate.call(self._operation.take))


def nothing(_: object) -> None:
    """Convert an outcome that says nothing."""
