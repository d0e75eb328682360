"""What a consumer is told about a watched session. Made for `match`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from ._displayed import Displayed

if TYPE_CHECKING:
    from .errors import LiveFlowError
    from .session import Prompt, Session, SessionStatus, StepRun


class PromptCloseReason(Enum):
    """How a prompt ended."""

    ANSWERED = "answered"
    """By an answer given through this watch."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """By somebody else: another device, another program."""
    SESSION_ENDED = "session_ended"
    """The session ended with the prompt unanswered."""
    WATCH_ENDED = "watch_ended"
    """Watching stopped; the prompt itself may still be open."""
    UNKNOWN = "unknown"
    """It is over, and no read could tell how."""


class WatchEndReason(Enum):
    """Why watching stopped before the session's end, where it was no error."""

    CLOSED = "closed"
    """The watch or its client was closed."""
    TIME_LIMIT = "time_limit"
    """No end within `watch_limit`."""


@dataclass(frozen=True)
class StatusChanged:
    """The session's status is another one than last told."""

    previous: SessionStatus | None
    """The status last told; `None` at first."""
    current: SessionStatus
    """The status now."""


@dataclass(frozen=True)
class StepChanged(Displayed):
    """An execution of a step is new, or differs from what was last told of it."""

    step: StepRun
    """The execution as it is now."""


@dataclass(frozen=True)
class PromptRequested(Displayed):
    """The session asks the end user something. Each prompt is requested once, while it is open."""

    prompt: Prompt
    """What is asked; hand it back with the answer."""


@dataclass(frozen=True)
class PromptClosed(Displayed):
    """A prompt that was requested is over. Told once for each requested prompt."""

    prompt: Prompt
    """The prompt that is over."""
    reason: PromptCloseReason
    """How it ended."""


@dataclass(frozen=True)
class AnswerUnresolved(Displayed):
    """An answer that nobody is waiting for any more is not known to have arrived.

    Its call was given up, or the program was restarted. Its text is handed back.
    """

    prompt: Prompt
    """The prompt it was for."""
    text: str
    """What the end user answered."""


@dataclass(frozen=True)
class ConnectionLost:
    """The service has not been reached twice in a row; trying goes on."""

    error: LiveFlowError
    """What went wrong last."""
    retry_in: float
    """In how many seconds the next try is due."""


@dataclass(frozen=True)
class ConnectionRestored:
    """The service was reached again."""


@dataclass(frozen=True)
class Finished(Displayed):
    """The session ended well. The last event."""

    session: Session
    """The session as it ended."""


@dataclass(frozen=True)
class Failed(Displayed):
    """The session failed or was cancelled. The last event."""

    session: Session
    """The session as it ended."""
    error: LiveFlowError
    """`SessionFailedError`, with the session's own error for debugging."""


@dataclass(frozen=True)
class WatchEnded:
    """Watching stopped before the session's end; the session is untouched. The last event."""

    reason: WatchEndReason | LiveFlowError
    """Why it stopped: closed, the time limit, or an error that trying again would not mend."""


SessionEvent: TypeAlias = (
    StatusChanged
    | StepChanged
    | PromptRequested
    | PromptClosed
    | AnswerUnresolved
    | ConnectionLost
    | ConnectionRestored
    | Finished
    | Failed
    | WatchEnded
)
"""Any event."""
