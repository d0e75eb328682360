"""Wakes the tasks whose call or stream is ready.

One Python thread of the process asks the core what is ready, and tells the event loops. So no
thread of the core's ever calls into Python for this, an event loop that was closed meanwhile is
nobody's trouble, and any number of loops can be served.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any

from . import _lifecycle
from ._native import liveflow_ffi as ffi

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

logger = logging.getLogger("truestate_liveflow")

_SLICE_MS = 3_600_000


class _Reactor:
    def __init__(self) -> None:
        new_queue: Any = ffi.ReadyQueue  # the generated constructor is not typed
        self._queue: ffi.ReadyQueue = new_queue()
        self._wakes: dict[int, Callable[[], None]] = {}
        self._tokens = itertools.count()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def register(
        self, notify: Callable[[ffi.ReadyQueue, int], None], wake: Callable[[], None]
    ) -> None:
        """Have `wake` called, once, on the reactor's thread, when the core says so."""
        token = next(self._tokens)
        self._wakes[token] = wake
        try:
            notify(self._queue, token)
        except BaseException:
            del self._wakes[token]
            raise
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="liveflow-reactor", daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            for token in self._queue.next(_SLICE_MS):
                _lifecycle.check()
                try:
                    self._wakes.pop(token)()
                except Exception:
                    logger.exception("a task could not be woken")


_reactor = _Reactor()


def register(notify: Callable[[ffi.ReadyQueue, int], None], wake: Callable[[], None]) -> None:
    """Have `wake` called, once, on the reactor's thread, when the core says so."""
    _reactor.register(notify, wake)


def resolve(future: asyncio.Future[None]) -> None:
    """Resolve a future of any event loop, from any thread, if anybody still waits for it."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        future.get_loop().call_soon_threadsafe(_set, future)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _begin_anew() -> None:
    """Begin anew in a forked child, where the parent's thread is not."""
    global _reactor  # noqa: PLW0603 - a process has one
    _reactor = _Reactor()


_lifecycle.in_forked_child(_begin_anew)
