"""The calls that `Client` and `AsyncClient` have in common: arguments in, a pending call out."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from . import _arguments, _lifecycle, _settings, _translate, logs
from ._host import HostCredentials, HostStore
from ._native import liveflow_ffi as ffi
from ._pending import Pending
from .session import Sessions

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from ._subscription import AsyncSubscription, Subscription
    from .session import Session

L = TypeVar("L")


class Calls:
    """A core client, asked in Python's terms."""

    def __init__(
        self, owner: str, api_key: str | None, settings: Mapping[str, Any], *, from_env: bool
    ) -> None:
        _lifecycle.check()
        logs.start()
        config = _settings.configuration(settings, owner)
        self.handler_timeout = _settings.handler_timeout(settings)
        provider, store = settings.get("credentials"), settings.get("checkpoint_store")
        credentials = None if provider is None else HostCredentials(provider)
        checkpoints = None if store is None else HostStore(store)
        self._hosts = [given.host for given in (credentials, checkpoints) if given is not None]
        if from_env:
            self.core = _translate.call(ffi.CoreClient.from_env, config, credentials, checkpoints)
        else:
            key = _settings.key(api_key)
            self.core = _translate.call(ffi.CoreClient, key, config, credentials, checkpoints)
        self.closed = False
        self._subscriptions: weakref.WeakSet[Subscription | AsyncSubscription] = weakref.WeakSet()
        # A client that is forgotten without being closed leaves no thread behind.
        for host in self._hosts:
            weakref.finalize(self, host.stop).atexit = False

    def describe(self) -> str:
        """Say what it is, without any secret."""
        return f"{self.core.base_url()} {'closed' if self.closed else 'open'}"

    def serve_hosts_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the provider's and the store's `async` methods there."""
        for host in self._hosts:
            host.serve_on(loop)

    def cancel_on_close(self, subscription: Subscription | AsyncSubscription) -> None:
        """Have no callback of it start after the client was closed."""
        self._subscriptions.add(subscription)

    def close(self) -> None:
        """Stop everything. Waits for nothing."""
        self.closed = True
        for subscription in list(self._subscriptions):
            subscription.cancel()
        self.core.shutdown()
        for host in self._hosts:
            host.stop()

    def create_session(
        self, live_flow_id: str | UUID, inputs: Mapping[str, Any] | None
    ) -> Pending[Session]:
        flow = _arguments.identifier(live_flow_id, "live_flow_id")
        text = _arguments.inputs(inputs)
        return Pending(lambda: self.core.create_session(flow, text), _session)

    def get_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Pending[Session]:
        flow, session = _ids(live_flow_id, session_id)
        return Pending(lambda: self.core.get_session(flow, session), _session)

    def get_sessions(self, live_flow_id: str | UUID) -> Pending[list[Session]]:
        flow = _arguments.identifier(live_flow_id, "live_flow_id")
        return Pending(
            lambda: self.core.get_sessions(flow),
            lambda outcome: Sessions(map(_translate.session, outcome.sessions)),
        )

    def iter_sessions(self, live_flow_id: str | UUID) -> Callable[[], Pending[Session | None]]:
        flow = _arguments.identifier(live_flow_id, "live_flow_id")
        _lifecycle.check()
        sessions = _translate.call(self.core.iter_sessions, flow)
        return lambda: Pending(sessions.next, _optional_session)

    def add_user_input(
        self, live_flow_id: str | UUID, session_id: str | UUID, user_input: object
    ) -> Pending[Session]:
        flow, session = _ids(live_flow_id, session_id)
        answer = _arguments.answer(user_input, "user_input")
        return Pending(lambda: self.core.add_user_input(flow, session, answer), _session)

    def cancel_session(self, live_flow_id: str | UUID, session_id: str | UUID) -> Pending[Session]:
        flow, session = _ids(live_flow_id, session_id)
        return Pending(lambda: self.core.cancel_session(flow, session), _session)

    def start(
        self,
        live_flow_id: str | UUID,
        inputs: Mapping[str, Any] | None,
        wrap: Callable[[ffi.CoreLiveSession], L],
    ) -> Pending[L]:
        flow = _arguments.identifier(live_flow_id, "live_flow_id")
        text = _arguments.inputs(inputs)
        return Pending(lambda: self.core.start(flow, text), _live(wrap))

    def watch(
        self,
        live_flow_id: str | UUID,
        session_id: str | UUID,
        wrap: Callable[[ffi.CoreLiveSession], L],
    ) -> Pending[L]:
        flow, session = _ids(live_flow_id, session_id)
        return Pending(lambda: self.core.watch(flow, session), _live(wrap))

    def restore(self, checkpoint: str, wrap: Callable[[ffi.CoreLiveSession], L]) -> Pending[L]:
        text = _arguments.text(checkpoint, "checkpoint")
        return Pending(lambda: self.core.restore(text), _live(wrap))

    def restore_all(self, wrap: Callable[[ffi.CoreLiveSession], L]) -> Pending[list[L]]:
        return Pending(
            self.core.restore_all,
            lambda outcome: [wrap(session) for session in outcome.live_sessions],
        )


def _ids(live_flow_id: str | UUID, session_id: str | UUID) -> tuple[str, str]:
    flow = _arguments.identifier(live_flow_id, "live_flow_id")
    return flow, _arguments.identifier(session_id, "session_id")


def _session(outcome: Any) -> Session:
    return _translate.session(outcome.session)


def _optional_session(outcome: Any) -> Session | None:
    return None if outcome.session is None else _translate.session(outcome.session)


def _live(wrap: Callable[[ffi.CoreLiveSession], L]) -> Callable[[Any], L]:
    return lambda outcome: wrap(outcome.live_session)
