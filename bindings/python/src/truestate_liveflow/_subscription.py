"""Listeners: called for each event on a thread (`Client`), or in a task (`AsyncClient`)."""

from __future__ import annotations

import inspect
import logging
import threading
from typing import TYPE_CHECKING

from . import _arguments, _loop
from ._owner import Owner

if TYPE_CHECKING:
    import asyncio

    from ._stream import Stream
    from .callbacks import SessionListener

logger = logging.getLogger("truestate_liveflow")

_BEGINNING_S = 0.005
"""How long `cancel` lets a callback begin that was past its last look at whether it may."""


class Subscription(Owner):
    """A listener's registration with a `LiveSession`. Forgetting it does not end it."""

    def __init__(self, stream: Stream, listener: SessionListener) -> None:
        self._stream = stream
        self._listener = listener
        self._turn = threading.Lock()
        self._cancelled = False
        self._returned = threading.Event()
        self._returned.set()
        self._thread = threading.Thread(target=self._run, name="liveflow-listener", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End it. No callback starts after this has returned; one under way is not waited for."""
        with self._turn:
            self._cancelled = True
        self._stream.end()
        if threading.current_thread() is not self._thread:
            self._returned.wait(_BEGINNING_S)

    def __repr__(self) -> str:
        return f"<Subscription {'cancelled' if self._cancelled else 'active'}>"

    def _run(self) -> None:
        while (event := self._stream.block()) is not None:
            with self._turn:
                if self._cancelled:
                    return
                self._returned.clear()
            try:
                _arguments.refuse_awaitable("the listener", self._listener(event))
            except BaseException:  # whatever it raises ends nothing
                logger.exception("a listener of session events failed")
            finally:
                self._returned.set()


class AsyncSubscription(Owner):
    """A listener's registration with an `AsyncLiveSession`. Forgetting it does not end it."""

    def __init__(self, stream: Stream, listener: SessionListener) -> None:
        self._stream = stream
        self._listener = listener
        self._cancelled = False
        self._task = _loop.running().create_task(self._run())
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    def cancel(self) -> None:
        """End it. No callback starts after this has returned; one under way is not interrupted."""
        self._cancelled = True
        self._stream.end()

    def __repr__(self) -> str:
        return f"<AsyncSubscription {'cancelled' if self._cancelled else 'active'}>"

    async def _run(self) -> None:
        while (event := await self._stream.wait()) is not None:
            if self._cancelled:
                return
            try:
                result = self._listener(event)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                logger.exception("a listener of session events failed")


_running: set[asyncio.Task[None]] = set()
"""An event loop keeps only weak references to its tasks."""
