"""The flavour for asyncio: `AsyncClient` as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import truestate_liveflow as sdk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .surface import Client, Listener, OnEvent, OnPrompt, Subscription, Watch


class AsyncioFlavour:
    """Makes clients for asyncio."""

    name: str = "asyncio"
    sleeps_in_callbacks: bool = False

    def client(self, api_key: str | None, settings: sdk.ClientSettings) -> Client:
        """Make a client."""
        return _Client(sdk.AsyncClient(api_key, **settings))


class _Watch:
    def __init__(self, live: sdk.AsyncLiveSession) -> None:
        self._live: Final = live
        self.close = live.close
        self.poll_now = live.poll_now
        self.snapshot = live.snapshot
        self.checkpoint = live.checkpoint
        self.next_event = live.next_event
        self.answer = live.answer
        self.cancel = live.cancel

    @property
    def id(self) -> str:
        return self._live.id

    @property
    def live_flow_id(self) -> str:
        return self._live.live_flow_id

    async def wait(self, timeout_s: float | None) -> sdk.Session:
        return await self._live.wait(timeout_s)

    def events(self) -> AsyncIterator[sdk.SessionEvent]:
        return self._live.events()

    def subscribe(self, listener: Listener) -> Subscription:
        return self._live.subscribe(listener)


class _Client:
    def __init__(self, client: sdk.AsyncClient) -> None:
        self._client: Final = client
        self.create_session = client.create_session
        self.get_session = client.get_session
        self.get_sessions = client.get_sessions
        self.add_user_input = client.add_user_input
        self.cancel_session = client.cancel_session
        self.suspend = client.suspend
        self.resume = client.resume
        self.network_changed = client.network_changed
        self.close = client.close

    async def iter_sessions(self, flow: str, first: int | None) -> list[sdk.Session]:
        got: list[sdk.Session] = []
        if first == 0:
            return got
        async for session in self._client.iter_sessions(flow):
            got.append(session)
            if len(got) == first:
                break
        return got

    async def start(self, flow: str, inputs: dict[str, Any]) -> Watch:
        return _Watch(await self._client.start(flow, inputs))

    async def watch(self, flow: str, session: str) -> Watch:
        return _Watch(await self._client.watch(flow, session))

    async def restore(self, checkpoint: str) -> Watch:
        return _Watch(await self._client.restore(checkpoint))

    async def restore_all(self) -> list[Watch]:
        return [_Watch(live) for live in await self._client.restore_all()]

    async def run(
        self, flow: str, inputs: dict[str, Any], on_prompt: OnPrompt, on_event: OnEvent
    ) -> sdk.Session:
        return await self._client.run(flow, inputs, on_prompt, on_event)
