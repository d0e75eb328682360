"""One consumer of a watched session's events.

Pulling has two halves: waiting, which carries nothing, and taking, which does not wait. So a pull
that is cancelled in between loses no event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _lifecycle, _slices, _translate

if TYPE_CHECKING:
    from ._native import liveflow_ffi as ffi
    from .events import SessionEvent


class Stream:
    """The core's consumer, pulled by a thread or by a task."""

    def __init__(self, events: ffi.CoreEvents) -> None:
        self._events = events

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
            await self._events.wait_ready()

    def end(self) -> None:
        """Want no more: whoever waits finds the end."""
        self._events.cancel()
