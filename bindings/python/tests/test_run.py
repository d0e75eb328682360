"""A whole session in one call: what is the same on both clients."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from support import answers_of, asking, blocking_client, endless, eventually
from truestate_liveflow import (
    ClosedError,
    Finished,
    InvalidRequestError,
    NotFoundError,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    RequestTimeoutError,
    SessionStatus,
)
from truestate_liveflow.testing import COMPANY_RESEARCH, CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from support import Twin
    from truestate_liveflow import Prompt, SessionEvent
    from truestate_liveflow.testing import Simulator


class OurError(Exception):
    """An application's own."""


def test_it_gives_the_session_and_tells_every_event(twin: Twin) -> None:
    events: list[SessionEvent] = []
    answers = {"ask_budget": "20000", "ask_timeline": "next month"}
    session = twin.do(
        twin.client().run(
            LEAD_QUALIFICATION,
            {"company": "ACME"},
            on_prompt=lambda prompt: answers[prompt.step_name or ""],
            on_event=events.append,
        )
    )
    assert session.status is SessionStatus.FINISHED
    assert session.output["budget"] == "20000"
    assert events[-1] == Finished(session)
    assert sum(isinstance(event, PromptRequested) for event in events) == 2
    assert answers_of(twin.simulator, session.id) == ["20000", "next month"]


def test_callbacks_are_optional(twin: Twin) -> None:
    assert twin.do(twin.client().run(COMPANY_RESEARCH)).status is SessionStatus.FINISHED


def test_a_failed_session_is_returned_too(twin: Twin) -> None:
    session = twin.do(twin.client().run(CONTENT_MODERATION, {"text": "spam"}))
    assert session.status is SessionStatus.FAILED


def test_no_answer_keeps_watching(twin: Twin) -> None:
    asked: list[Prompt] = []

    def decline(prompt: Prompt) -> None:
        asked.append(prompt)
        (session,) = twin.simulator.journal()["sessions"]
        twin.simulator.answer(session["id"], "from elsewhere")

    session = twin.do(twin.client().run(asking(twin.simulator), on_prompt=decline))
    assert session.output == "from elsewhere"
    assert len(asked) == 1


def test_a_prompt_that_closed_while_its_handler_thought_is_passed_over(twin: Twin) -> None:
    def late(_: Prompt) -> str:
        (session,) = twin.simulator.journal()["sessions"]
        if not session["inputs"]:
            twin.simulator.answer(session["id"], "faster")
            # An answer follows a look that is a second old at most.
            time.sleep(1.1)
        return "too late"

    events: list[SessionEvent] = []
    flow = asking(twin.simulator, 2)
    session = twin.do(twin.client().run(flow, on_prompt=late, on_event=events.append))
    assert answers_of(twin.simulator, session.id) == ["faster", "too late"]
    reasons = [event.reason for event in events if isinstance(event, PromptClosed)]
    assert reasons == [PromptCloseReason.ANSWERED_ELSEWHERE, PromptCloseReason.ANSWERED]


@pytest.mark.parametrize("which", ["on_prompt", "on_event"])
def test_what_a_callback_raises_reaches_the_caller_and_ends_the_watch(
    twin: Twin, which: str
) -> None:
    ours = OurError("stop")

    def fail(_: object) -> None:
        raise ours

    callbacks: dict[str, Any] = {which: fail}
    with pytest.raises(OurError) as raised:
        twin.do(twin.client().run(asking(twin.simulator), **callbacks))
    assert raised.value is ours
    (session,) = twin.simulator.journal()["sessions"]
    assert not session["cancelled"]
    assert_watch_has_ended(twin)


def test_an_answer_that_the_service_refuses_reaches_the_caller_with_it(twin: Twin) -> None:
    client = twin.client()
    with pytest.raises(InvalidRequestError) as raised:
        twin.do(client.run(CONTENT_MODERATION, {"text": "sell"}, lambda _: "perhaps"))
    assert raised.value.answer == "perhaps"


def test_an_answer_that_is_not_json_reaches_the_caller(twin: Twin) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        twin.do(twin.client().run(asking(twin.simulator), on_prompt=lambda _: {1, 2}))
    assert raised.value.argument == "answer"


def test_a_watch_that_ends_with_an_error_raises_it(twin: Twin) -> None:
    flow = endless(twin.simulator)
    twin.simulator.add_faults([{"on": "get_session", "from": 3, "fault": "not_found"}])
    client = twin.client()
    # A session of our own that is not found at first may be a lagging replica: ten seconds long.
    live = twin.do(client.watch(flow, twin.do(client.create_session(flow)).id))
    with pytest.raises(NotFoundError):
        twin.do(live.wait())


def test_the_watch_limit_is_a_timeout(twin: Twin) -> None:
    with pytest.raises(RequestTimeoutError, match="watch_limit"):
        twin.do(twin.client(watch_limit=0.2).run(endless(twin.simulator)))


def test_closing_the_client_from_a_callback_ends_it(twin: Twin) -> None:
    client = twin.client()
    with pytest.raises(ClosedError):
        twin.do(client.run(endless(twin.simulator), on_event=lambda _: client.close()))


def test_a_callback_may_call_the_client(twin: Twin) -> None:
    client = twin.client()
    flow = asking(twin.simulator)
    if twin.is_async:

        async def answer(_: Prompt) -> str:
            return str(len(await client.get_sessions(flow)))
    else:

        def answer(_: Prompt) -> str:  # type: ignore[misc]
            return str(len(client.get_sessions(flow)))

    assert twin.do(client.run(flow, on_prompt=answer)).output == "1"


@pytest.mark.parametrize("which", ["on_prompt", "on_event"])
def test_async_callbacks_are_for_the_async_client(simulator: Simulator, which: str) -> None:
    async def callback(_: object) -> str:
        return "never"

    callbacks: dict[str, Any] = {which: callback}
    with (
        blocking_client(simulator) as client,
        pytest.raises(TypeError, match=f"{which} is async; AsyncClient"),
    ):
        client.run(asking(simulator), **callbacks)


def test_an_answer_after_handler_timeout_does_not_count(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    def dawdle(_: Prompt) -> str:
        time.sleep(0.2)
        return "late"

    async def dawdle_without_blocking(_: Prompt) -> str:
        await asyncio.sleep(5)
        return "late"

    client = twin.client(handler_timeout=0.1, watch_limit=0.6)
    handler = dawdle_without_blocking if twin.is_async else dawdle
    with pytest.raises(RequestTimeoutError):
        twin.do(client.run(asking(twin.simulator), on_prompt=handler))
    assert "handler_timeout" in caplog.text
    (session,) = twin.simulator.journal()["sessions"]
    assert session["inputs"] == []


def assert_watch_has_ended(twin: Twin) -> None:
    """Nothing is asked any more."""
    twin.simulator.clear_journal()
    time.sleep(0.3)
    eventually(lambda: len(twin.simulator.journal()["requests"]) <= 1)
