"""What callers give, checked and made into what the core takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from . import _json
from ._native import liveflow_ffi as ffi
from ._words import NO_TEXT, is_text, kind
from .errors import InvalidRequestError
from .session import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import LiveFlowError

_NOT_HERE = "{} is async; AsyncClient takes such callbacks, Client does not"
_LONGEST = timedelta(days=36_525)
"""A hundred years: longer than any wait, and short enough for every clock."""


def identifier(value: object, argument: str) -> str:
    """Take a UUID, its text, or the address of its page; the core parses the latter two."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return text(value, argument)
    message = f"{argument} must be a str or a uuid.UUID, not {kind(value)}"
    raise InvalidRequestError(message, argument=argument)


def inputs(value: object) -> str:
    """Encode the inputs of a session."""
    if value is None:
        return "{}"
    if not isinstance(value, Mapping):
        message = f"inputs must be a mapping such as a dict, not {kind(value)}"
        raise InvalidRequestError(message, argument="inputs")
    return _json.encode(value, "inputs")


def answer(value: object, argument: str) -> Any:
    """Take text as text, and anything else as JSON."""
    if isinstance(value, str):
        try:
            return ffi.CoreAnswer.TEXT(text(value, argument))
        except InvalidRequestError as refused:
            refused.answer = value
            raise
    if value is None:
        message = f"{argument} is None; an answer is text or JSON that says something"
        raise InvalidRequestError(message, argument=argument)
    return ffi.CoreAnswer.JSON(_json.encode(value, argument))


def timeout(value: object) -> timedelta | None:
    """Take a waiting time in seconds or as a `timedelta`."""
    if value is None:
        return None
    return duration(
        value, lambda reason: InvalidRequestError(f"timeout {reason}", argument="timeout")
    )


def duration(value: object, refused: Callable[[str], LiveFlowError]) -> timedelta:
    """Take seconds or a `timedelta`; `refused` makes the error from the reason."""
    if isinstance(value, timedelta):
        span = value
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refused(f"must be seconds or a timedelta, not {kind(value)}")
    elif not math.isfinite(value):
        raise refused(f"must be a number of seconds, not {value}")
    elif abs(value) > _LONGEST.total_seconds():
        raise refused("must be a hundred years at most")
    else:
        span = timedelta(seconds=value)
    if span < timedelta(0):
        raise refused("must not be negative")
    if span > _LONGEST:
        raise refused("must be a hundred years at most")
    return span


def prompt(value: object) -> Prompt:
    """Take a prompt, and nothing that only holds one."""
    if isinstance(value, Prompt):
        return value
    message = f"prompt must be a Prompt, as PromptRequested(prompt) gives it, not {kind(value)}"
    raise InvalidRequestError(message, argument="prompt")


def callback(value: object, name: str, *, of: str) -> None:
    """Check what is to be called before anything is begun."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be callable, not {kind(value)}")
    if of == "Client" and inspect.iscoroutinefunction(value):
        raise TypeError(_NOT_HERE.format(name))


def refuse_awaitable(name: str, result: object) -> None:
    """Take nothing from a callback that would have to be awaited, where nothing can be."""
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError(_NOT_HERE.format(name))


def text(value: object, argument: str) -> str:
    """Take text that can be sent."""
    if not isinstance(value, str):
        message = f"{argument} must be text, not {kind(value)}"
        raise InvalidRequestError(message, argument=argument)
    if not is_text(value):
        raise InvalidRequestError(f"{argument} {NO_TEXT}", argument=argument)
    return value
