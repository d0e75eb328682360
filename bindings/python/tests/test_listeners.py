"""Listeners: called in order, one at a time, and never after the end of their subscription."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from support import (
    asking,
    async_client,
    blocking_client,
    endless,
    eventually,
    working,
)
from truestate_liveflow import Finished, PromptRequested, SessionEvent, StatusChanged

if TYPE_CHECKING:
    import pytest

    from truestate_liveflow.testing import Simulator


def test_a_listener_is_told_everything_on_a_thread_of_its_own(simulator: Simulator) -> None:
    seen: list[SessionEvent] = []
    threads: set[int] = set()
    with blocking_client(simulator) as client:
        live = client.start(working(simulator, 5))

        def listen(event: SessionEvent) -> None:
            seen.append(event)
            threads.add(threading.get_ident())

        live.subscribe(listen)
        eventually(lambda: seen and isinstance(seen[-1], Finished))
        assert seen == list(live.events())[-len(seen) :]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_listener_may_answer_and_call_back_in(simulator: Simulator) -> None:
    flow = asking(simulator, 2)
    with blocking_client(simulator) as client:
        live = client.start(flow)

        def listen(event: SessionEvent) -> None:
            if isinstance(event, PromptRequested):
                live.answer(event.prompt, str(len(client.get_sessions(flow))))

        live.subscribe(listen)
        assert live.wait(10).output == "1"


def test_what_a_listener_raises_is_logged_and_ends_nothing(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[SessionEvent] = []
    with blocking_client(simulator) as client:
        live = client.start(working(simulator, 3))

        def listen(event: SessionEvent) -> None:
            seen.append(event)
            message = "a listener's own mistake"
            raise (SystemExit if len(seen) == 1 else RuntimeError)(message)

        live.subscribe(listen)
        eventually(lambda: seen and isinstance(seen[-1], Finished))
    eventually(lambda: caplog.text.count("a listener's own mistake") >= len(seen))
    assert {record.name for record in caplog.records} == {"truestate_liveflow"}
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_a_listener_that_never_returns_blocks_only_itself(simulator: Simulator) -> None:
    stuck = threading.Event()
    release = threading.Event()
    others: list[SessionEvent] = []
    with blocking_client(simulator) as client:
        live = client.start(working(simulator, 3))

        def hang(_: SessionEvent) -> None:
            stuck.set()
            release.wait(30)

        live.subscribe(hang)
        live.subscribe(others.append)
        assert stuck.wait(5)
        eventually(lambda: others and isinstance(others[-1], Finished))
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    release.set()


def test_no_callback_starts_after_the_end(simulator: Simulator) -> None:
    flow = working(simulator, 1000, duration_ms=100)
    for way in ("subscription", "live session", "client") * 10:
        seen: list[float] = []
        client = blocking_client(simulator)
        live = client.start(flow)
        subscription = live.subscribe(lambda _, seen=seen: seen.append(time.monotonic()))
        eventually(lambda seen=seen: len(seen) > 2)  # type: ignore[misc]
        {"subscription": subscription.cancel, "live session": live.close, "client": client.close}[
            way
        ]()
        returned = time.monotonic()
        time.sleep(0.02)
        assert max(seen) <= returned
        client.close()


def test_a_listener_may_cancel_itself(simulator: Simulator) -> None:
    seen: list[SessionEvent] = []
    with blocking_client(simulator) as client:
        live = client.start(working(simulator, 3))
        subscriptions: list[Any] = []
        subscribed = threading.Event()

        def listen(event: SessionEvent) -> None:
            assert subscribed.wait(5)
            seen.append(event)
            subscriptions[0].cancel()

        subscriptions.append(live.subscribe(listen))
        assert repr(subscriptions[0]) == "<Subscription active>"
        subscribed.set()
        live.wait(10)
        time.sleep(0.05)
        assert repr(subscriptions[0]) == "<Subscription cancelled>"
    assert len(seen) == 1


async def test_an_async_listener_is_told_everything_in_order(simulator: Simulator) -> None:
    seen: list[SessionEvent] = []
    done = asyncio.Event()

    async def listen(event: SessionEvent) -> None:
        await asyncio.sleep(0.001)
        seen.append(event)
        if isinstance(event, Finished):
            done.set()

    async with async_client(simulator) as client:
        live = await client.start(working(simulator, 5))
        subscription = live.subscribe(listen)
        assert repr(subscription) == "<AsyncSubscription active>"
        await asyncio.wait_for(done.wait(), 10)
    assert isinstance(seen[0], StatusChanged) or seen[0] != seen[1]


async def test_a_plain_function_listens_on_the_loop(simulator: Simulator) -> None:
    threads: set[int] = set()
    done = asyncio.Event()

    def listen(event: SessionEvent) -> None:
        threads.add(threading.get_ident())
        if isinstance(event, Finished):
            done.set()
        message = "a listener's own mistake"
        raise RuntimeError(message)

    async with async_client(simulator) as client:
        live = await client.start(working(simulator, 3))
        live.subscribe(listen)
        await asyncio.wait_for(done.wait(), 10)
    assert threads == {threading.get_ident()}


async def test_no_async_callback_starts_after_the_end(simulator: Simulator) -> None:
    client = async_client(simulator)
    for end in ("subscription", "live session", "client"):
        live = await client.start(endless(simulator))
        seen: list[SessionEvent] = []
        begun = asyncio.Event()

        def listen(event: SessionEvent, seen: Any = seen, begun: Any = begun) -> None:
            seen.append(event)
            begun.set()

        subscription = live.subscribe(listen)
        await begun.wait()
        ways = {"subscription": subscription, "live session": live, "client": client}
        way: Any = ways[end]
        (way.cancel if end == "subscription" else way.close)()
        assert repr(subscription) == "<AsyncSubscription cancelled>"
        told = len(seen)
        await asyncio.sleep(0.1)
        assert len(seen) == told
