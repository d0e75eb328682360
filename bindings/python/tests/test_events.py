"""Each event, on both clients."""

from __future__ import annotations

import _thread
import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from support import asking, endless, working
from truestate_liveflow import (
    AnswerUnresolved,
    ConnectionLost,
    ConnectionRestored,
    Failed,
    Finished,
    LiveFlowError,
    NotFoundError,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    SessionFailedError,
    SessionStatus,
    StatusChanged,
    StepChanged,
    Timeouts,
    WatchEnded,
    WatchEndReason,
)
from truestate_liveflow.testing import CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from support import Twin

ABSENT = "11111111-2222-3333-4444-555555555555"


def of_kind(kind: type[Any]) -> Any:
    return lambda event: isinstance(event, kind)


def test_a_sessions_events_from_its_start_to_its_end(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator, 2)))
    events = live.events()
    seen = []
    while (event := twin.next(events)) is not None:
        seen.append(event)
        if isinstance(event, PromptRequested):
            twin.do(live.answer(event.prompt, event.prompt.text.upper()))
    assert isinstance(seen[-1], Finished)
    assert seen[-1].session.output == "ASK_2?"
    requested = [event.prompt for event in seen if isinstance(event, PromptRequested)]
    closed = [event for event in seen if isinstance(event, PromptClosed)]
    assert [prompt.text for prompt in requested] == ["ask_1?", "ask_2?"]
    assert closed == [PromptClosed(prompt, PromptCloseReason.ANSWERED) for prompt in requested]
    chain = [event for event in seen if isinstance(event, StatusChanged)]
    assert [None, *(event.current for event in chain)][:-1] == [event.previous for event in chain]
    finished = [
        event.step.name
        for event in seen
        if isinstance(event, StepChanged) and event.step.status is SessionStatus.FINISHED
    ]
    assert finished == ["start", "ask_1", "ask_2", "end"]


def test_a_prompt_that_asks_again_is_another_prompt(twin: Twin) -> None:
    live = twin.do(twin.client().start(LEAD_QUALIFICATION, {"company": "ACME"}))
    events = live.events()
    twin.do(live.answer(twin.prompt(events), "20000"))
    first = twin.prompt(events)
    twin.do(live.answer(first, "x"))
    second = twin.prompt(events)
    assert (first.run_id, first.round + 1) == (second.run_id, second.round)
    assert "“x” is a little short" in second.text
    twin.do(live.answer(second, "next month"))
    assert twin.do(live.wait()).output["start"] == "next month"


def test_answered_elsewhere(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    events = live.events()
    prompt = twin.prompt(events)
    twin.simulator.answer(live.id, "elsewhere")
    closed = twin.until(events, of_kind(PromptClosed))
    assert closed == PromptClosed(prompt, PromptCloseReason.ANSWERED_ELSEWHERE)


def test_a_prompt_closed_by_the_sessions_end(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    events = live.events()
    prompt = twin.prompt(events)
    twin.do(live.cancel())
    rest = twin.all(events)
    assert rest[0] == PromptClosed(prompt, PromptCloseReason.SESSION_ENDED)
    assert isinstance(rest[-1], Failed)


def test_a_prompt_closed_by_the_watchs_end(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    events = live.events()
    prompt = twin.prompt(events)
    live.close()
    assert twin.all(events) == [
        PromptClosed(prompt, PromptCloseReason.WATCH_ENDED),
        WatchEnded(WatchEndReason.CLOSED),
    ]


def test_failed(twin: Twin) -> None:
    live = twin.do(twin.client().start(CONTENT_MODERATION, {"text": "spam"}))
    end = twin.all(live.events())[-1]
    assert isinstance(end, Failed)
    assert end.session.status is SessionStatus.FAILED
    assert isinstance(end.error, SessionFailedError)
    assert end.error.detail == "Rejected as spam: spam"


def test_a_lost_connection_and_its_return(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    events = live.events()
    twin.simulator.listening(False, "refuse")
    lost = twin.until(events, of_kind(ConnectionLost))
    assert isinstance(lost.error, LiveFlowError)
    assert lost.error.retryable
    assert 0 <= lost.retry_in < 1
    twin.simulator.listening(True)
    assert twin.until(events, of_kind(ConnectionRestored)) == ConnectionRestored()


def test_a_watch_that_ends_with_an_error(twin: Twin) -> None:
    live = twin.do(twin.client().watch(LEAD_QUALIFICATION, ABSENT))
    (end,) = twin.all(live.events())
    assert isinstance(end, WatchEnded)
    assert isinstance(end.reason, NotFoundError)
    with pytest.raises(NotFoundError):
        twin.do(live.wait())


def test_a_watch_that_reaches_its_limit(twin: Twin) -> None:
    live = twin.do(twin.client(watch_limit=0.2).start(endless(twin.simulator)))
    assert twin.all(live.events())[-1] == WatchEnded(WatchEndReason.TIME_LIMIT)


def test_an_answer_that_nobody_waits_for_any_more_is_handed_back(twin: Twin) -> None:
    settings: dict[str, Any] = {
        "timeouts": Timeouts(connect=1, request=1, total=1.5),
        "max_staleness": 0.1,
        "answer_grace": 1.2,
    }
    client = twin.client(**settings)
    live = twin.do(client.start(asking(twin.simulator)))
    events = live.events()
    prompt = twin.prompt(events)
    twin.simulator.add_faults([{"on": "add_user_input", "fault": "hold"}])
    if twin.is_async:
        with pytest.raises(asyncio.TimeoutError):
            twin.do(asyncio.wait_for(live.answer(prompt, "precious"), 0.1))
    else:
        threading.Timer(0.1, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            live.answer(prompt, "precious")
    unresolved = twin.until(events, of_kind(AnswerUnresolved))
    assert unresolved == AnswerUnresolved(prompt, "precious")


def test_each_consumer_is_told_everything(twin: Twin) -> None:
    live = twin.do(twin.client().start(working(twin.simulator, 3)))
    streams = [live.events() for _ in range(3)]
    ends = [twin.all(events)[-1] for events in streams]
    assert len(set(ends)) == 1
    late = twin.all(live.events())
    assert late[-1] == ends[0]
    assert {event.step.name for event in late if isinstance(event, StepChanged)} == {
        "start", "work_1", "work_2", "work_3", "end"
    }  # fmt: skip


def test_a_stream_that_is_closed_ends_alone(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    one, other = live.events(), live.events()
    one.close()
    assert twin.all(one)[-1] == WatchEnded(WatchEndReason.CLOSED)
    twin.until(other, of_kind(StatusChanged))
    live.close()


def test_an_unknown_status_is_shown_and_ends_nothing(twin: Twin) -> None:
    flow = working(twin.simulator, 1, duration_ms=20_000)
    twin.simulator.add_faults(
        [{"on": "get_session", "times": 3, "fault": {"unknown_status": {"word": "PONDERING"}}}]
    )
    live = twin.do(twin.client().start(flow))
    changes = [event for event in twin.all(live.events()) if isinstance(event, StatusChanged)]
    assert SessionStatus.UNRECOGNISED in [event.current for event in changes]
    assert changes[-1].current is SessionStatus.FINISHED
