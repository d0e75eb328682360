"""A whole session in one call, for threads: everything happens on the caller's."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from . import _arguments
from .errors import ClosedError, LiveFlowError, PromptNoLongerOpenError, RequestTimeoutError
from .events import Failed, Finished, PromptRequested, WatchEnded, WatchEndReason

if TYPE_CHECKING:
    from .callbacks import PromptHandler, SessionListener
    from .live_session import LiveSession
    from .session import Prompt, Session

logger = logging.getLogger("truestate_liveflow")


def run(
    live: LiveSession,
    on_prompt: PromptHandler | None,
    on_event: SessionListener | None,
    handler_timeout: float | None,
) -> Session:
    """See it through to its end. What a callback raises reaches the caller, and ends the watch."""
    with live:
        for event in live.events():
            if on_event is not None:
                _arguments.refuse_awaitable("on_event", on_event(event))
            match event:
                case PromptRequested(prompt) if on_prompt is not None:
                    _answer(live, prompt, on_prompt, handler_timeout)
                case Finished(session) | Failed(session):
                    return session
                case WatchEnded(reason):
                    raise why(reason)
    raise ClosedError("the watch was closed before the session's end")


def why(reason: WatchEndReason | LiveFlowError) -> LiveFlowError:
    """Give the error of a watch that ended before its session."""
    match reason:
        case WatchEndReason.TIME_LIMIT:
            return RequestTimeoutError("the session did not end within watch_limit")
        case WatchEndReason.CLOSED:
            return ClosedError("the watch was closed before the session's end")
    return reason


def say_late(prompt: Prompt) -> None:
    """Log that a handler's answer came too late to count."""
    logger.warning(
        "the prompt handler took longer than handler_timeout; prompt %s stays open", prompt.run_id
    )


def _answer(
    live: LiveSession,
    prompt: Prompt,
    on_prompt: PromptHandler,
    handler_timeout: float | None,
) -> None:
    begun = time.monotonic()
    answer = on_prompt(prompt)
    _arguments.refuse_awaitable("on_prompt", answer)
    if handler_timeout is not None and time.monotonic() - begun > handler_timeout:
        say_late(prompt)
        return
    if answer is None:
        return
    try:
        live.answer(prompt, answer)
    except PromptNoLongerOpenError:
        logger.info("prompt %s was closed while its handler was thinking", prompt.run_id)
