"""The client for asyncio: every call is a coroutine, and cancelling its task gives it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _arguments, _async_run, _loop, _translate
from ._calls import Calls
from ._owner import Owner
from .async_live_session import AsyncLiveSession

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from types import TracebackType
    from uuid import UUID

    from typing_extensions import Self, Unpack

    from ._native import liveflow_ffi as ffi
    from ._pending import Pending
    from .callbacks import PromptHandler, SessionListener
    from .config import ClientSettings
    from .session import Session


class AsyncClient(Owner):
    """A connection to TrueState Live Flow, for asyncio. `Client` is its twin for threads.

    As an asynchronous context manager it is closed at the end of the block. Ids are
    `uuid.UUID`, their text, or the address of the flow's page on the platform.

    Every call can raise any `LiveFlowError`; `InvalidRequestError` names an argument that is
    refused before anything is sent.

    Args:
        api_key: The organisation's API key. Optional only with `credentials`.
        **settings: See `ClientSettings`.

    Raises:
        ConfigurationError: A setting is wrong; its `setting` says which.

    """

    _instead = "share it between threads, and make one in each process"

    def __init__(self, api_key: str | None = None, **settings: Unpack[ClientSettings]) -> None:
        self._calls = Calls("AsyncClient", api_key, settings, from_env=False)

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """Make a client from the environment.

        `TRUESTATE_API_KEY` is the key, `TRUESTATE_ORGANISATION_ID` (or `TRUESTATE_ORGANISATION`)
        the organisation, `TRUESTATE_HOST` the address. Settings given here go before those.

        Raises:
            ConfigurationError: The key is not set, or a setting is wrong.

        """
        client = cls.__new__(cls)
        client._calls = Calls("AsyncClient.from_env", None, settings, from_env=True)  # noqa: SLF001
        return client

    async def create_session(
        self, live_flow_id: str | UUID, inputs: Mapping[str, Any] | None = None
    ) -> Session:
        """Create a session without watching it.

        Raises:
            OutcomeUnknownError: Nobody can tell whether it was created; `candidates` are the
                sessions that it could be.

        """
        return await self._calls_here().create_session(live_flow_id, inputs).wait()

    async def get_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Session:
        """Read a session."""
        return await self._calls_here().get_session(live_flow_id, session_id).wait()

    async def get_sessions(self, live_flow_id: str | UUID) -> list[Session]:
        """Read all sessions of a flow. They can be many: see `iter_sessions`."""
        return await self._calls_here().get_sessions(live_flow_id).wait()

    def iter_sessions(self, live_flow_id: str | UUID) -> AsyncGenerator[Session, None]:
        """Read the sessions of a flow one at a time, in bounded memory.

        Sends nothing before the first is asked for, and no more once it is closed or forgotten.
        """
        return _each(self._calls.iter_sessions(live_flow_id))

    async def add_user_input(
        self,
        live_flow_id: str | UUID,
        session_id: str | UUID,
        user_input: Any,
    ) -> Session:
        """Answer whatever a session asks now, with text or JSON.

        Prefer `AsyncLiveSession.answer`: it knows which prompt it answers.

        Raises:
            NotWaitingForInputError: The session asks nothing.
            OutcomeUnknownError: Nobody can tell whether the answer arrived.

        """
        return await self._calls_here().add_user_input(live_flow_id, session_id, user_input).wait()

    async def cancel_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Session:
        """End a session at the service, and give it as it ended (perhaps it was finished)."""
        return await self._calls_here().cancel_session(live_flow_id, session_id).wait()

    async def start(
        self, live_flow_id: str | UUID, inputs: Mapping[str, Any] | None = None
    ) -> AsyncLiveSession:
        """Create a session and watch it."""
        return await self._calls_here().start(live_flow_id, inputs, self._live).wait()

    async def watch(self, live_flow_id: str | UUID, session_id: str | UUID) -> AsyncLiveSession:
        """Watch an existing session. Makes no request itself: the first read is the watch's own."""
        return await self._calls_here().watch(live_flow_id, session_id, self._live).wait()

    async def restore(self, checkpoint: str) -> AsyncLiveSession:
        """Go on after a restart with what `AsyncLiveSession.checkpoint` gave.

        An open prompt is announced again. An answer that was under way is looked for; if it stays
        unknown whether it arrived, `AnswerUnresolved` hands its text back.
        """
        return await self._calls_here().restore(checkpoint, self._live).wait()

    async def restore_all(self) -> list[AsyncLiveSession]:
        """Go on after a restart with everything in the checkpoint store."""
        return await self._calls_here().restore_all(self._live).wait()

    async def run(
        self,
        live_flow_id: str | UUID,
        inputs: Mapping[str, Any] | None = None,
        on_prompt: PromptHandler | None = None,
        on_event: SessionListener | None = None,
    ) -> Session:
        """Start a session, have its prompts answered, and give it as it ended.

        Both callbacks may be `async`, and run on this event loop. Events go on being seen while a
        prompt's handler thinks; when its prompt closes meanwhile, it is cancelled. What a callback
        raises stops the watching and is raised here; so does the cancellation of this task. The
        session itself is untouched by that.

        Args:
            live_flow_id: The flow.
            inputs: What the session is started with.
            on_prompt: Given a prompt, returns the answer (text or JSON), or `None` for "no answer
                from here": watching goes on, and somebody else may answer. A prompt that was closed
                meanwhile is passed over.
            on_event: Told every event.

        Returns:
            The session, whatever its status.

        Raises:
            RequestTimeoutError: The session did not end within `watch_limit`.
            LiveFlowError: The session could not be started, watched or answered. After a failed
                answer, `answer` holds it.

        """
        for name, given in (("on_prompt", on_prompt), ("on_event", on_event)):
            _arguments.callback(given, name, of="AsyncClient")
        live = await self.start(live_flow_id, inputs)
        return await _async_run.run(live, on_prompt, on_event, self._calls.handler_timeout)

    def suspend(self) -> None:
        """Stop all requests until `resume`. Watches stay."""
        _translate.call(self._calls.core.suspend)

    def resume(self) -> None:
        """Go on after `suspend`, with fresh connections."""
        _translate.call(self._calls.core.resume)

    def network_changed(self) -> None:
        """Make connections anew and look at all sessions at once, on another network."""
        _translate.call(self._calls.core.network_changed)

    def close(self) -> None:
        """Stop watching everything. The sessions themselves are untouched.

        Waits for nothing. No request and no callback starts after it has returned; whoever waits
        for an event finds `WatchEnded`, and calls raise `ClosedError`.
        """
        self._calls.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _calls_here(self) -> Calls:
        self._calls.serve_hosts_on(_loop.running())
        return self._calls

    def __repr__(self) -> str:
        return f"<AsyncClient {self._calls.describe()}>"

    def _live(self, core: ffi.CoreLiveSession) -> AsyncLiveSession:
        return AsyncLiveSession(core, self._calls)


async def _each(following: Callable[[], Pending[Session | None]]) -> AsyncGenerator[Session, None]:
    while (session := await following().wait()) is not None:
        yield session
