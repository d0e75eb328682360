"""The blocking flavour: `Client`, each of whose calls is made on a thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import truestate_liveflow as sdk

from .threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .surface import Client, Listener, OnEvent, OnPrompt, Subscription, Watch


class BlockingFlavour:
    """Makes clients that block."""

    name: str = "blocking"
    sleeps_in_callbacks: bool = True

    def client(self, api_key: str | None, settings: sdk.ClientSettings) -> Client:
        """Make a client."""
        return _Client(sdk.Client(api_key, **settings))


class _Watch:
    def __init__(self, live: sdk.LiveSession) -> None:
        self._live: Final = live
        self.close = live.close
        self.poll_now = live.poll_now
        self.snapshot = live.snapshot
        self.checkpoint = live.checkpoint

    @property
    def id(self) -> str:
        return self._live.id

    @property
    def live_flow_id(self) -> str:
        return self._live.live_flow_id

    async def answer(self, prompt: sdk.Prompt, answer: Any) -> None:
        await in_thread(lambda: self._live.answer(prompt, answer))

    async def wait(self, timeout_s: float | None) -> sdk.Session:
        return await in_thread(lambda: self._live.wait(timeout_s))

    async def cancel(self) -> sdk.Session:
        return await in_thread(self._live.cancel)

    async def next_event(self) -> sdk.SessionEvent | None:
        return await in_thread(self._live.next_event)

    def events(self) -> AsyncIterator[sdk.SessionEvent]:
        return _each(self._live.events())

    def subscribe(self, listener: Listener) -> Subscription:
        return self._live.subscribe(listener)


async def _each(events: sdk.Events) -> AsyncIterator[sdk.SessionEvent]:
    while (event := await in_thread(lambda: next(events, None))) is not None:
        yield event


class _Client:
    def __init__(self, client: sdk.Client) -> None:
        self._client: Final = client
        self.suspend = client.suspend
        self.resume = client.resume
        self.network_changed = client.network_changed
        self.close = client.close

    async def create_session(self, flow: str, inputs: dict[str, Any]) -> sdk.Session:
        return await in_thread(lambda: self._client.create_session(flow, inputs))

    async def get_session(self, flow: str, session: str) -> sdk.Session:
        return await in_thread(lambda: self._client.get_session(flow, session))

    async def get_sessions(self, flow: str) -> list[sdk.Session]:
        return await in_thread(lambda: self._client.get_sessions(flow))

    async def iter_sessions(self, flow: str, first: int | None) -> list[sdk.Session]:
        def iterate() -> list[sdk.Session]:
            got: list[sdk.Session] = []
            sessions = self._client.iter_sessions(flow)
            while first is None or len(got) < first:
                session = next(sessions, None)
                if session is None:
                    break
                got.append(session)
            return got

        return await in_thread(iterate)

    async def add_user_input(self, flow: str, session: str, answer: Any) -> sdk.Session:
        return await in_thread(lambda: self._client.add_user_input(flow, session, answer))

    async def cancel_session(self, flow: str, session: str) -> sdk.Session:
        return await in_thread(lambda: self._client.cancel_session(flow, session))

    async def start(self, flow: str, inputs: dict[str, Any]) -> Watch:
        return _Watch(await in_thread(lambda: self._client.start(flow, inputs)))

    async def watch(self, flow: str, session: str) -> Watch:
        return _Watch(await in_thread(lambda: self._client.watch(flow, session)))

    async def restore(self, checkpoint: str) -> Watch:
        return _Watch(await in_thread(lambda: self._client.restore(checkpoint)))

    async def restore_all(self) -> list[Watch]:
        return [_Watch(live) for live in await in_thread(self._client.restore_all)]

    async def run(
        self, flow: str, inputs: dict[str, Any], on_prompt: OnPrompt, on_event: OnEvent
    ) -> sdk.Session:
        loop = asyncio.get_running_loop()

        def answer(prompt: sdk.Prompt) -> Any:
            async def handle() -> Any:
                return await on_prompt(prompt)

            return asyncio.run_coroutine_threadsafe(handle(), loop).result()

        return await in_thread(lambda: self._client.run(flow, inputs, answer, on_event))
