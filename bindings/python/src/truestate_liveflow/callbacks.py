"""What an application can provide: answers, credentials, and a place for checkpoints.

Methods of providers and stores may be plain or `async`. Those of an `AsyncClient` that are `async`
run on its event loop; all others run on a thread of their own, one call after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    from .events import SessionEvent
    from .session import Prompt


class PromptHandler(Protocol):
    """Answers prompts. Any function of this form is one."""

    def __call__(self, prompt: Prompt, /) -> Any:
        """Give the answer (text or JSON), or `None` for "no answer from here".

        For an `AsyncClient` it may be `async`.
        """
        ...


class SessionListener(Protocol):
    """Is told a session's events. Any function of this form is one."""

    def __call__(self, event: SessionEvent, /) -> object:
        """Take one event. For an `AsyncClient` it may be `async`. What it gives does not matter."""
        ...


@dataclass(frozen=True)
class CredentialsRequest:
    """Why credentials are asked for."""

    refused: bool
    """The last ones were refused (401): cached ones are of no use."""


class CredentialsProvider(Protocol):
    """Gives the headers that identify the caller, for instance to a proxy of your own.

    Asked before every request; cache what is costly.
    """

    def headers(
        self, request: CredentialsRequest
    ) -> Mapping[str, str] | Awaitable[Mapping[str, str]]:
        """Give the headers to send."""
        ...


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint as a store keeps it."""

    session_id: str
    """The session it belongs to: the key to store it under."""
    number: int
    """Rises with each save of one session; a store may refuse a lower one."""
    data: str = field(repr=False)
    """The checkpoint itself. It can hold an answer's text: keep it as safe as those."""


class CheckpointStore(Protocol):
    """Keeps checkpoints across restarts, one for each session."""

    def save(self, checkpoint: StoredCheckpoint) -> Awaitable[None] | None:
        """Store it in place of the session's older one. It must be durable when this returns."""
        ...

    def load(self, session_id: str) -> StoredCheckpoint | Awaitable[StoredCheckpoint | None] | None:
        """Give the session's checkpoint, if there is one."""
        ...

    def list(self) -> Iterable[str] | Awaitable[Iterable[str]]:
        """Give the ids of all sessions that have one."""
        ...

    def delete(self, session_id: str) -> Awaitable[None] | None:
        """Forget the session's checkpoint; no error if there is none."""
        ...
