"""One consumer of a watched session's events.

Pulling has two halves: waiting, which carries nothing, and taking, which does not wait. So a pull
that is cancelled in between loses no event.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from . import _lifecycle, _loop, _reactor, _slices, _translate

if TYPE_CHECKING:
    import asyncio

    from ._native import liveflow_ffi as ffi
    from .events import SessionEvent


class Stream:
    """The core's consumer, pulled by a thread or by a task."""

    def __init__(self, events: ffi.CoreEvents) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_registered = False

    def block(self) -> SessionEvent | None:
        """Give the next event, or `None` when there are no more."""
        while True:
            taken: Any = _translate.call(self._events.take_event)
            _lifecycle.check()  # what an exit made of it is nobody's business
            if taken.is_event():
                return _translate.event(taken.event)
            if taken.is_end():
                return None
            self._events.wait_ready_blocking(_slices.milliseconds())

    async def wait(self) -> SessionEvent | None:
        """Give the next event, or `None` when there are no more. Its cancellation loses nothing."""
        while True:
            taken: Any = _translate.call(self._events.take_event)
            _lifecycle.check()  # what an exit made of it is nobody's business
            if taken.is_event():
                return _translate.event(taken.event)
            if taken.is_end():
                return None
            await self._ready()

    async def _ready(self) -> None:
        """Wait until there may be something to take. All that wait share one registration."""
        ready = _loop.running().create_future()
        with self._lock:
            self._waiting.add(ready)
            is_first, self._is_registered = not self._is_registered, True
        try:
            if is_first:
                self._register()
            await ready
        finally:
            with self._lock:
                self._waiting.discard(ready)

    def _register(self) -> None:
        # Weakly, so that a stream that nobody pulls any more is not kept for this.
        wake = weakref.WeakMethod(self._wake)
        try:
            _reactor.register(self._notify, lambda: (method := wake()) and method())
        except BaseException:
            self._is_registered = False
            raise

    def _notify(self, queue: ffi.ReadyQueue, token: int) -> None:
        _translate.call(self._events.notify, queue, token)

    def _wake(self) -> None:
        with self._lock:
            self._is_registered = False
            waiting = list(self._waiting)
        for ready in waiting:
            _reactor.resolve(ready)

    def end(self) -> None:
        """Want no more: whoever waits finds the end."""
        self._events.cancel()
