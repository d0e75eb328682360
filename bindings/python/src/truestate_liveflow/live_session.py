"""The handle to one watched session, for threads."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from . import _arguments, _translate
from ._displayed import Displayed
from ._owner import Owner
from ._pending import Pending, nothing
from ._stream import Stream
from ._subscription import Subscription

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ._calls import Calls
    from ._native import liveflow_ffi as ffi
    from .callbacks import SessionListener
    from .config import Duration
    from .events import SessionEvent
    from .session import Prompt, Session


class Events(Owner):
    """The events of one watched session, for one consumer. An iterator."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SessionEvent:
        event = self._stream.block()
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        """Want no more events: an iteration under way ends."""
        self._stream.end()


class LiveSession(Owner, Displayed):
    """One watched session. `Client.start`, `Client.watch` and `Client.restore` give it.

    As a context manager it stops watching at the end of the block. Its methods may be called from
    any thread.
    """

    _instead = "share it, or hand its checkpoint() to restore() in another process"

    def __init__(self, core: ffi.CoreLiveSession, calls: Calls) -> None:
        self._core = core
        self._calls = calls
        self._shared = self._new_stream()
        self._subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()

    @property
    def id(self) -> str:
        """The session's id."""
        return self._core.id()

    @property
    def live_flow_id(self) -> str:
        """The flow it is a run of."""
        return self._core.live_flow_id()

    def snapshot(self) -> Session | None:
        """Give the newest known state; `None` before the first read of a plain watch."""
        native = _translate.call(self._core.snapshot)
        return None if native is None else _translate.session(native)

    def events(self) -> Events:
        """Give the events from now on, beginning with the present state.

        Each call makes a consumer of its own. The iteration ends after `Finished`, `Failed` or
        `WatchEnded`. Events are what differs from what this consumer was last told: a slow consumer
        may miss states in between, but never an open prompt, a finished step or the end.
        """
        return Events(self._new_stream())

    def next_event(self) -> SessionEvent | None:
        """Wait for the next event; `None` after the last one. All callers share one consumer."""
        return self._shared.block()

    def subscribe(self, listener: SessionListener) -> Subscription:
        """Have `listener` called with each event, one at a time, on a thread of its own.

        What it raises is logged to the logger `truestate_liveflow` and ends nothing.
        """
        _arguments.callback(listener, "the listener", of="Client")
        subscription = Subscription(self._new_stream(), listener)
        self._subscriptions.add(subscription)
        self._calls.cancel_on_close(subscription)
        return subscription

    def answer(self, prompt: Prompt, answer: Any) -> None:
        """Answer a prompt, and wait until the answer has arrived.

        Args:
            prompt: The prompt, as `PromptRequested` gave it.
            answer: Text, or JSON (`dict`, `list`, a number, ...) where the flow expects it.

        Raises:
            PromptNoLongerOpenError: The prompt was closed before; nothing was changed.
            OutcomeUnknownError: Nobody can tell whether the answer arrived.
            InvalidRequestError: The service refused this answer; the prompt is still open.
            LiveFlowError: Anything else. In all of them, `answer` holds the answer.

        """
        asked = _translate.native_prompt(_arguments.prompt(prompt))
        given = _arguments.answer(answer, "answer")
        Pending(lambda: self._core.answer(asked, given), nothing).block()

    def wait(self, timeout: Duration | None = None) -> Session:
        """Wait for the session's end, and give the session as it ended.

        Args:
            timeout: How long to wait at most, in seconds or as a `timedelta`.

        Raises:
            RequestTimeoutError: The timeout passed. The session goes on, and so does the watch.
            ClosedError: The watch was closed meanwhile.
            LiveFlowError: The watch ended with this error.

        """
        limit = _arguments.timeout(timeout)
        return Pending(lambda: self._core.wait(limit), _session).block()

    def cancel(self) -> Session:
        """End the session at the service, and give it as it ended (perhaps it was finished)."""
        return Pending(self._core.cancel, _session).block()

    def poll_now(self) -> None:
        """Look at the session at once, instead of when it is due."""
        _translate.call(self._core.poll_now)

    def checkpoint(self) -> str:
        """Give what `Client.restore` needs to go on after a restart.

        It can hold the text of an answer that is under way: keep it as safe as those.
        """
        return _translate.call(self._core.checkpoint)

    def close(self) -> None:
        """Stop watching. The session itself is untouched. No callback starts after this."""
        for subscription in list(self._subscriptions):
            subscription.cancel()
        self._core.shutdown()

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
        return f"<LiveSession {self.id}>"

    def _new_stream(self) -> Stream:
        return Stream(_translate.call(self._core.events))


def _session(outcome: Any) -> Session:
    return _translate.session(outcome.session)
