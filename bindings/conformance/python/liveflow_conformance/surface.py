"""What the player needs of a client, in one shape for both flavours.

Everything that can wait is a coroutine here. Of `AsyncClient` that is so anyway; what `Client`
does is done on threads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import truestate_liveflow as sdk

OnPrompt = Callable[[sdk.Prompt], Awaitable[Any]]
OnEvent = Callable[[sdk.SessionEvent], None]
Listener = Callable[[sdk.SessionEvent], Awaitable[None] | None]


class Subscription(Protocol):
    """A listener's registration."""

    def cancel(self) -> None:
        """End it."""


class Watch(Protocol):
    """A watched session."""

    @property
    def id(self) -> str:
        """The session's id."""

    @property
    def live_flow_id(self) -> str:
        """The flow's id."""

    async def answer(self, prompt: sdk.Prompt, answer: Any) -> None:
        """Answer a prompt."""

    async def wait(self, timeout_s: float | None) -> sdk.Session:
        """Wait for the end."""
        ...

    async def cancel(self) -> sdk.Session:
        """Cancel the session."""
        ...

    def close(self) -> None:
        """Stop watching."""

    def poll_now(self) -> None:
        """Look at once."""

    def snapshot(self) -> sdk.Session | None:
        """Give the newest known state."""

    def checkpoint(self) -> str:
        """Give what a restart needs."""
        ...

    async def next_event(self) -> sdk.SessionEvent | None:
        """Pull an event."""
        ...

    def events(self) -> AsyncIterator[sdk.SessionEvent]:
        """Give the stream of events."""
        ...

    def subscribe(self, listener: Listener) -> Subscription:
        """Have the listener called with each event."""
        ...


class Client(Protocol):
    """A client."""

    async def create_session(self, flow: str, inputs: dict[str, Any]) -> sdk.Session:
        """Create a session."""
        ...

    async def get_session(self, flow: str, session: str) -> sdk.Session:
        """Read a session."""
        ...

    async def get_sessions(self, flow: str) -> list[sdk.Session]:
        """Read all sessions."""
        ...

    async def iter_sessions(self, flow: str, first: int | None) -> list[sdk.Session]:
        """Read sessions one at a time, and stop after so many."""
        ...

    async def add_user_input(self, flow: str, session: str, answer: Any) -> sdk.Session:
        """Answer what is asked."""
        ...

    async def cancel_session(self, flow: str, session: str) -> sdk.Session:
        """Cancel a session."""
        ...

    async def start(self, flow: str, inputs: dict[str, Any]) -> Watch:
        """Create a session and watch it."""
        ...

    async def watch(self, flow: str, session: str) -> Watch:
        """Watch a session."""
        ...

    async def restore(self, checkpoint: str) -> Watch:
        """Go on after a restart."""
        ...

    async def restore_all(self) -> list[Watch]:
        """Go on with everything in the store."""
        ...

    async def run(
        self, flow: str, inputs: dict[str, Any], on_prompt: OnPrompt, on_event: OnEvent
    ) -> sdk.Session:
        """See a whole session through."""
        ...

    def suspend(self) -> None:
        """Stop all requests."""

    def resume(self) -> None:
        """Go on."""

    def network_changed(self) -> None:
        """Make connections anew."""

    def close(self) -> None:
        """Stop everything."""


class Flavour(Protocol):
    """A way to make clients."""

    name: str
    sleeps_in_callbacks: bool
    """A callback that takes its time blocks its thread, and is not to be awaited."""

    def client(self, api_key: str | None, settings: sdk.ClientSettings) -> Client:
        """Make a client."""
        ...
