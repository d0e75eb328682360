"""The client for threads: every call blocks until it is done, and Ctrl-C gives it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _arguments, _run, _translate
from ._calls import Calls
from ._owner import Owner
from .live_session import LiveSession

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from types import TracebackType
    from uuid import UUID

    from typing_extensions import Self, Unpack

    from ._native import liveflow_ffi as ffi
    from ._pending import Pending
    from .callbacks import PromptHandler, SessionListener
    from .config import ClientSettings
    from .session import Session


class Client(Owner):
    """A connection to TrueState Live Flow. `AsyncClient` is its twin for asyncio.

    Its methods may be called from any thread. As a context manager it is closed at the end of the
    block. Ids are `uuid.UUID`, their text, or the address of the flow's page on the platform.

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
        self._calls = Calls("Client", api_key, settings, from_env=False)

    @classmethod
    def from_env(cls, **settings: Unpack[ClientSettings]) -> Self:
        """Make a client from the environment.

        `TRUESTATE_API_KEY` is the key, `TRUESTATE_ORGANISATION_ID` (or `TRUESTATE_ORGANISATION`)
        the organisation, `TRUESTATE_HOST` the address. Settings given here go before those.

        Raises:
            ConfigurationError: The key is not set, or a setting is wrong.

        """
        client = cls.__new__(cls)
        client._calls = Calls("Client.from_env", None, settings, from_env=True)  # noqa: SLF001
        return client

    def create_session(
        self, live_flow_id: str | UUID, inputs: Mapping[str, Any] | None = None
    ) -> Session:
        """Create a session without watching it.

        Raises:
            OutcomeUnknownError: Nobody can tell whether it was created; `candidates` are the
                sessions that it could be.

        """
        return self._calls.create_session(live_flow_id, inputs).block()

    def get_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Session:
        """Read a session."""
        return self._calls.get_session(live_flow_id, session_id).block()

    def get_sessions(self, live_flow_id: str | UUID) -> list[Session]:
        """Read all sessions of a flow. They can be many: see `iter_sessions`."""
        return self._calls.get_sessions(live_flow_id).block()

    def iter_sessions(self, live_flow_id: str | UUID) -> Generator[Session, None, None]:
        """Read the sessions of a flow one at a time, in bounded memory.

        Sends nothing before the first is asked for, and no more once it is closed or forgotten.
        """
        return _each(self._calls.iter_sessions(live_flow_id))

    def add_user_input(
        self,
        live_flow_id: str | UUID,
        session_id: str | UUID,
        user_input: Any,
    ) -> Session:
        """Answer whatever a session asks now, with text or JSON.

        Prefer `LiveSession.answer`: it knows which prompt it answers.

        Raises:
            NotWaitingForInputError: The session asks nothing.
            OutcomeUnknownError: Nobody can tell whether the answer arrived.

        """
        return self._calls.add_user_input(live_flow_id, session_id, user_input).block()

    def cancel_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Session:
        """End a session at the service, and give it as it ended (perhaps it was finished)."""
        return self._calls.cancel_session(live_flow_id, session_id).block()

    def start(
        self, live_flow_id: str | UUID, inputs: Mapping[str, Any] | None = None
    ) -> LiveSession:
        """Create a session and watch it."""
        return self._calls.start(live_flow_id, inputs, self._live).block()

    def watch(self, live_flow_id: str | UUID, session_id: str | UUID) -> LiveSession:
        """Watch an existing session. Makes no request itself: the first read is the watch's own."""
        return self._calls.watch(live_flow_id, session_id, self._live).block()

    def restore(self, checkpoint: str) -> LiveSession:
        """Go on after a restart with what `LiveSession.checkpoint` gave.

        An open prompt is announced again. An answer that was under way is looked for; if it stays
        unknown whether it arrived, `AnswerUnresolved` hands its text back.
        """
        return self._calls.restore(checkpoint, self._live).block()

    def restore_all(self) -> list[LiveSession]:
        """Go on after a restart with everything in the checkpoint store."""
        return self._calls.restore_all(self._live).block()

    def run(
        self,
        live_flow_id: str | UUID,
        inputs: Mapping[str, Any] | None = None,
        on_prompt: PromptHandler | None = None,
        on_event: SessionListener | None = None,
    ) -> Session:
        """Start a session, have its prompts answered, and give it as it ended.

        Both callbacks are called on this thread, one at a time. What they raise stops the watching
        and is raised here; so does Ctrl-C. The session itself is untouched by that.

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
            _arguments.callback(given, name, of="Client")
        live = self.start(live_flow_id, inputs)
        return _run.run(live, on_prompt, on_event, self._calls.handler_timeout)

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self._calls.describe()}>"

    def _live(self, core: ffi.CoreLiveSession) -> LiveSession:
        return LiveSession(core, self._calls)


def _each(following: Callable[[], Pending[Session | None]]) -> Generator[Session, None, None]:
    while (session := following().block()) is not None:
        yield session
