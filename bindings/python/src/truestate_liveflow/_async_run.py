"""A whole session in one call, for asyncio: events go on being seen while a handler thinks."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from ._run import say_late, why
from .errors import ClosedError, PromptNoLongerOpenError
from .events import Failed, Finished, PromptClosed, PromptRequested, WatchEnded

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .async_live_session import AsyncLiveSession
    from .callbacks import PromptHandler, SessionListener
    from .session import Prompt, Session

logger = logging.getLogger("truestate_liveflow")

T = TypeVar("T")


async def run(
    live: AsyncLiveSession,
    on_prompt: PromptHandler | None,
    on_event: SessionListener | None,
    handler_timeout: float | None,
) -> Session:
    """See it through to its end. What a callback raises reaches the caller, and ends the watch."""
    handlers = _Handlers()
    async with live:
        try:
            while (event := await handlers.beside(live.next_event())) is not None:
                seen = None if on_event is None else on_event(event)
                if inspect.isawaitable(seen):
                    await handlers.beside(seen)
                match event:
                    case PromptRequested(prompt) if on_prompt is not None:
                        handlers.add(_Handler(live, prompt, on_prompt(prompt), handler_timeout))
                    case PromptClosed(prompt):
                        handlers.withdraw(prompt)
                    case Finished(session) | Failed(session):
                        await handlers.settle()
                        return session
                    case WatchEnded(reason):
                        raise why(reason)
        finally:
            await handlers.stop()
    raise ClosedError("the watch was closed before the session's end")


class _Handler:
    """One prompt's handler: first it thinks, then its answer is on its way."""

    def __init__(
        self, live: AsyncLiveSession, prompt: Prompt, thought: object, limit: float | None
    ) -> None:
        self.prompt = prompt
        self._live = live
        self._limit = limit
        self._thinks = True
        self._withdrawn = False
        self.task = asyncio.get_running_loop().create_task(self._run(thought))

    def withdraw(self) -> None:
        """End the thinking, because nobody needs the answer. One that is on its way goes on."""
        if self._thinks and not self.task.done():
            self._withdrawn = True
            self.task.cancel()

    async def _run(self, thought: object) -> None:
        try:
            answer = await self._think(thought) if inspect.isawaitable(thought) else thought
        except asyncio.CancelledError:
            if self._withdrawn:
                return
            raise
        self._thinks = False
        if answer is None:
            return
        try:
            await self._live.answer(self.prompt, answer)
        except PromptNoLongerOpenError:
            logger.info("prompt %s was closed while its handler was thinking", self.prompt.run_id)

    async def _think(self, thought: Awaitable[T]) -> T | None:
        thinking = asyncio.ensure_future(thought)
        try:
            done, _ = await asyncio.wait({thinking}, timeout=self._limit)
            if not done:
                say_late(self.prompt)
                return None
            return thinking.result()
        finally:
            await _ended((thinking,))


class _Handlers:
    """The handlers of one call of `run` that have not returned yet."""

    def __init__(self) -> None:
        self._handlers: list[_Handler] = []

    def add(self, handler: _Handler) -> None:
        """Have it thought about beside everything else."""
        self._handlers.append(handler)

    def withdraw(self, prompt: Prompt) -> None:
        """Nobody needs an answer to this prompt any more."""
        for handler in self._handlers:
            if handler.prompt == prompt:
                handler.withdraw()

    async def beside(self, awaitable: Awaitable[T]) -> T:
        """Wait for this; what a handler raises meanwhile is raised at once."""
        main = asyncio.ensure_future(awaitable)
        try:
            while not main.done():
                tasks = {handler.task for handler in self._handlers}
                await asyncio.wait({main, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                self._reap()
            return main.result()
        finally:
            await _ended((main,))

    async def settle(self) -> None:
        """Wait for the answers that are on their way; nobody needs others any more."""
        for handler in self._handlers:
            handler.withdraw()
        if self._handlers:
            await asyncio.wait({handler.task for handler in self._handlers})
        self._reap()

    async def stop(self) -> None:
        """End them all."""
        await _ended(tuple(handler.task for handler in self._handlers))

    def _reap(self) -> None:
        for handler in [handler for handler in self._handlers if handler.task.done()]:
            self._handlers.remove(handler)
            handler.task.result()


async def _ended(futures: tuple[asyncio.Future[Any], ...]) -> None:
    """Cancel what is still under way, and wait for its end."""
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
