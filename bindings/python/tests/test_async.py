"""What only asyncio has: cancellation, handlers that think while events go by, several loops."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest

from support import answers_of, asking, async_client, blocking_client, endless, working
from truestate_liveflow import (
    AsyncLiveSession,
    Failed,
    Finished,
    InvalidRequestError,
    Prompt,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    SessionEvent,
    SessionStatus,
    StatusChanged,
    StepChanged,
)
from truestate_liveflow.testing import CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from truestate_liveflow.testing import Simulator

IMPATIENT = [0, 0.00001, 0.0001, 0.001, 0.005, 0.02]


async def pulled_impatiently(pull: Callable[[], Awaitable[SessionEvent | None]]) -> list[Any]:
    """Pull a session's events, giving up each pull after a random and often tiny time."""
    seen: list[Any] = []
    while True:
        try:
            # Not in a task: a task's result is lost when nobody fetches it, whoever made it.
            event = await asyncio.wait_for(pull(), random.choice(IMPATIENT))
        except asyncio.TimeoutError:
            await asyncio.sleep(0)
            continue
        if event is None:
            return seen
        seen.append(event)


def assert_nothing_lost_or_doubled(seen: list[Any], steps: int) -> None:
    statuses = [event for event in seen if isinstance(event, StatusChanged)]
    # A change that was lost, or told twice, would break the chain.
    assert [None, *(event.current for event in statuses)][:-1] == [
        event.previous for event in statuses
    ]
    finished = [
        event.step.name
        for event in seen
        if isinstance(event, StepChanged) and event.step.status is SessionStatus.FINISHED
    ]
    assert finished == ["start", *(f"work_{number + 1}" for number in range(steps)), "end"]
    assert len(set(map(repr, seen))) == len(seen)
    assert [isinstance(event, (Finished, Failed)) for event in seen].count(True) == 1
    assert isinstance(seen[-1], Finished)


async def test_pulls_cancelled_at_random_lose_no_event_and_double_none(
    simulator: Simulator,
) -> None:
    sessions, steps = 60, 40
    flow = working(simulator, steps, duration_ms=200)
    async with async_client(simulator, max_concurrent_requests=8) as client:
        lives = await asyncio.gather(*(client.start(flow) for _ in range(sessions)))

        async def by_next_event(live: AsyncLiveSession) -> list[Any]:
            return await pulled_impatiently(live.next_event)

        async def by_iterator(live: AsyncLiveSession) -> list[Any]:
            events = live.events()

            async def pull() -> SessionEvent | None:
                return await anext(events, None)

            return await pulled_impatiently(pull)

        ways = [by_next_event if number % 2 else by_iterator for number in range(sessions)]
        all_seen = await asyncio.gather(*(way(live) for way, live in zip(ways, lives, strict=True)))
    for seen in all_seen:
        assert_nothing_lost_or_doubled(seen, steps)
    assert sum(map(len, all_seen)) > 2000


async def test_callers_of_next_event_share_one_stream(simulator: Simulator) -> None:
    async with async_client(simulator) as client:
        live = await client.start(working(simulator, 30, duration_ms=200))
        seen: list[Any] = []

        async def pull() -> None:
            while (event := await live.next_event()) is not None:
                seen.append(event)

        await asyncio.gather(*(pull() for _ in range(5)))
    assert_nothing_lost_or_doubled(seen, 30)


async def test_events_are_an_async_iterator_for_match(simulator: Simulator) -> None:
    async with async_client(simulator) as client:
        live = await client.start(asking(simulator))
        results = []
        async for event in live.events():
            match event:
                case PromptRequested(prompt):
                    await live.answer(prompt, "yes")
                case Finished(session):
                    results.append(session.output)
    assert results == ["yes"]


async def test_events_go_on_being_seen_while_a_handler_thinks(simulator: Simulator) -> None:
    seen_closed = asyncio.Event()
    cancelled: list[str] = []

    async def think(prompt: Prompt) -> str:
        if prompt.step_name == "ask_2":
            return "quick"
        (session,) = simulator.journal()["sessions"]
        simulator.answer(session["id"], "elsewhere")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(prompt.text)
            raise
        return "never"

    def on_event(event: SessionEvent) -> None:
        if isinstance(event, PromptClosed) and event.prompt.step_name == "ask_1":
            assert event.reason is PromptCloseReason.ANSWERED_ELSEWHERE
            seen_closed.set()

    async with async_client(simulator) as client:
        session = await client.run(asking(simulator, 2), on_prompt=think, on_event=on_event)
    assert seen_closed.is_set()
    assert cancelled == ["ask_1?"]
    assert answers_of(simulator, session.id) == ["elsewhere", "quick"]


async def test_callbacks_may_be_async(simulator: Simulator) -> None:
    seen: list[SessionEvent] = []

    async def on_prompt(prompt: Prompt) -> str:
        await asyncio.sleep(0.01)
        return prompt.text.upper()

    async def on_event(event: SessionEvent) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    async with async_client(simulator) as client:
        session = await client.run(asking(simulator), None, on_prompt, on_event)
    assert session.output == "ASK_1?"
    assert seen[-1] == Finished(session)


class OurError(Exception):
    """An application's own."""


@pytest.mark.parametrize("which", ["on_prompt", "on_event"])
async def test_what_an_async_callback_raises_reaches_the_caller(
    simulator: Simulator, which: str
) -> None:
    ours = OurError("stop")

    async def fail(_: object) -> None:
        await asyncio.sleep(0.01)
        raise ours

    callbacks: dict[str, Any] = {which: fail}
    async with async_client(simulator) as client:
        with pytest.raises(OurError) as raised:
            await client.run(asking(simulator), **callbacks)
    assert raised.value is ours


async def test_a_refused_answer_of_an_async_handler_reaches_the_caller(
    simulator: Simulator,
) -> None:
    async def perhaps(_: Prompt) -> str:
        return "perhaps"

    async with async_client(simulator) as client:
        with pytest.raises(InvalidRequestError) as raised:
            await client.run(CONTENT_MODERATION, {"text": "sell"}, perhaps)
    assert raised.value.answer == "perhaps"


async def test_cancelling_run_stops_watching_only(simulator: Simulator) -> None:
    thinking = asyncio.Event()
    ended: list[str] = []

    async def think(_: Prompt) -> str:
        thinking.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("thinking")
        return "never"

    async with async_client(simulator) as client:
        task = asyncio.create_task(client.run(asking(simulator), on_prompt=think))
        await thinking.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["thinking"]
        (session,) = simulator.journal()["sessions"]
        assert (session["status"], session["cancelled"]) == ("waiting", False)


async def test_a_run_that_is_given_up_by_a_time_limit_leaves_no_task(simulator: Simulator) -> None:
    async with async_client(simulator) as client:
        before = asyncio.all_tasks()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(client.run(endless(simulator)), 0.2)
        assert asyncio.all_tasks() == before


async def test_many_runs_at_once(simulator: Simulator) -> None:
    async def answer(prompt: Prompt) -> str:
        await asyncio.sleep(random.random() / 50)
        return prompt.text.upper()

    flow = asking(simulator, 3)
    async with async_client(simulator) as client:
        sessions = await asyncio.gather(*(client.run(flow, on_prompt=answer) for _ in range(30)))
    for session in sessions:
        assert answers_of(simulator, session.id) == ["ASK_1?", "ASK_2?", "ASK_3?"]


async def test_calls_given_up_at_random_leave_the_client_well(simulator: Simulator) -> None:
    async with async_client(simulator) as client:
        created = await client.create_session(LEAD_QUALIFICATION)

        async def impatient() -> None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(
                    client.get_session(LEAD_QUALIFICATION, created.id), random.choice(IMPATIENT)
                )

        for _ in range(20):
            await asyncio.gather(*(impatient() for _ in range(20)))
        assert (await client.get_session(LEAD_QUALIFICATION, created.id)).id == created.id


def test_two_loops_in_two_threads(simulator: Simulator) -> None:
    flow = asking(simulator, 3)
    outputs: list[Any] = []

    async def run_some() -> None:
        async with async_client(simulator) as client:
            sessions = await asyncio.gather(
                *(client.run(flow, on_prompt=lambda prompt: prompt.text) for _ in range(10))
            )
            outputs.extend(session.output for session in sessions)

    threads = [threading.Thread(target=lambda: asyncio.run(run_some())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == ["ask_3?"] * 20


def test_one_client_in_one_loop_after_the_other(simulator: Simulator) -> None:
    client = async_client(simulator)
    flow = working(simulator, 1)
    for _ in range(3):
        session = asyncio.run(client.run(flow))
        assert session.status is SessionStatus.FINISHED
    client.close()


async def test_the_blocking_client_works_inside_a_running_loop(simulator: Simulator) -> None:
    with blocking_client(simulator) as client:
        session = client.run(asking(simulator), on_prompt=lambda _: "yes")
    assert session.output == "yes"


async def test_two_clients_do_not_disturb_each_other(simulator: Simulator) -> None:
    flow = asking(simulator)
    one, other = async_client(simulator), async_client(simulator)
    live = await other.start(flow)
    events = live.events()
    one.close()
    async for event in events:
        if isinstance(event, PromptRequested):
            await live.answer(event.prompt, "still here")
    assert (await live.wait()).output == "still here"
    other.close()
