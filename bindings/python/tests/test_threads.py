"""What only threads have: one client, one live session, one prompt, used by many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from support import answers_of, asking, blocking_client, eventually, working
from truestate_liveflow import (
    ClosedError,
    Finished,
    LiveFlowError,
    Prompt,
    PromptRequested,
    StepChanged,
)

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator


def test_many_threads_share_one_client(simulator: Simulator) -> None:
    flow = asking(simulator, 3)
    with blocking_client(simulator) as client, ThreadPoolExecutor(20) as pool:
        run = lambda _: client.run(flow, on_prompt=lambda prompt: prompt.text)  # noqa: E731
        sessions = list(pool.map(run, range(40)))
    assert [session.output for session in sessions] == ["ask_3?"] * 40
    for session in sessions:
        assert answers_of(simulator, session.id) == ["ask_1?", "ask_2?", "ask_3?"]


def test_threads_that_share_next_event_get_each_event_once(simulator: Simulator) -> None:
    with blocking_client(simulator) as client:
        live = client.start(working(simulator, 40, duration_ms=100))
        seen: list[Any] = []

        def pull() -> None:
            while (event := live.next_event()) is not None:
                seen.append(event)

        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(pull) for _ in range(8)]:
                future.result()
    assert len(set(map(repr, seen))) == len(seen)
    assert sum(isinstance(event, Finished) for event in seen) == 1
    assert len({event.step.id for event in seen if isinstance(event, StepChanged)}) == 42


def test_one_of_many_answers_to_one_prompt_arrives(simulator: Simulator) -> None:
    with blocking_client(simulator) as client:
        live = client.start(asking(simulator))
        prompt = next(event.prompt for event in live.events() if isinstance(event, PromptRequested))

        def answer(number: int) -> LiveFlowError | None:
            try:
                live.answer(prompt, f"answer {number}")
            except LiveFlowError as error:
                return error
            return None

        with ThreadPoolExecutor(10) as pool:
            outcomes = list(pool.map(answer, range(10)))
        assert outcomes.count(None) == 1
        for number, error in enumerate(outcomes):
            assert error is None or error.answer == f"answer {number}"
        winner = f"answer {outcomes.index(None)}"
        assert answers_of(simulator, live.id) == [winner]


def test_closing_wakes_whoever_waits(simulator: Simulator) -> None:
    client = blocking_client(simulator)
    live = client.start(asking(simulator))
    outcomes: list[str] = []

    def wait() -> None:
        try:
            live.wait()
        except ClosedError:
            outcomes.append("wait")

    def iterate() -> None:
        for _ in live.events():
            pass
        outcomes.append("events")

    def run() -> None:
        try:
            client.run(asking(simulator))
        except ClosedError:
            outcomes.append("run")

    threads = [threading.Thread(target=target) for target in (wait, iterate, run)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(simulator.journal()["sessions"]) == 2)
    client.close()
    for thread in threads:
        thread.join(5)
    assert sorted(outcomes) == ["events", "run", "wait"]


def test_a_handler_that_thinks_blocks_nobody_else(simulator: Simulator) -> None:
    flow = asking(simulator)
    release = threading.Event()
    with blocking_client(simulator) as client:

        def think(_: Prompt) -> str:
            assert release.wait(30)
            return "slow"

        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(client.run, flow, None, think)
            for _ in range(5):
                assert client.run(flow, on_prompt=lambda _: "quick").output == "quick"
            assert not slow.done()
            release.set()
            assert slow.result().output == "slow"
