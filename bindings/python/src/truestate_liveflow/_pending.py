"""A call: blocked on by `Client`, awaited by `AsyncClient`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _lifecycle, _loop, _reactor, _slices, _translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._native import liveflow_ffi as ffi

T = TypeVar("T")


class Pending(Generic[T]):
    """A call that begins when it is waited for, and what to make of what it gives."""

    def __init__(self, begin: Callable[[], ffi.Operation], convert: Callable[[Any], T]) -> None:
        self._begin = begin
        self._convert = convert

    def block(self) -> T:
        """Make the call, and wait on this thread. Ctrl-C gives it up."""
        operation = self._begun()
        try:
            while not operation.wait(_slices.milliseconds()):
                pass
        except BaseException:
            operation.cancel()
            raise
        return self._taken(operation)

    async def wait(self) -> T:
        """Make the call, and wait in this task. Its cancellation gives the call up."""
        ready = _loop.running().create_future()
        operation = self._begun()
        try:
            _reactor.register(operation.notify, lambda: _reactor.resolve(ready))
            await ready
        except BaseException:
            operation.cancel()
            raise
        return self._taken(operation)

    def _begun(self) -> ffi.Operation:
        _lifecycle.check()
        return _translate.call(self._begin)

    def _taken(self, operation: ffi.Operation) -> T:
        _lifecycle.check()
        return self._convert(_translate.call(operation.take))


def nothing(_: object) -> None:
    """Convert an outcome that says nothing."""
