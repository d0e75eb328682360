"""The service's five calls, and what gives a live session; on both clients."""

from __future__ import annotations

import gc
import time
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from support import answers_of, asking, blocking_client, endless, eventually, working
from truestate_liveflow import (
    ClosedError,
    ConfigurationError,
    CreateBody,
    Endpoint,
    Endpoints,
    Finished,
    HttpMethod,
    InvalidRequestError,
    NotWaitingForInputError,
    Session,
    SessionStatus,
    Timeouts,
    WatchEnded,
    WatchEndReason,
)
from truestate_liveflow.testing import COMPANY_RESEARCH, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from support import Twin

ABSENT = "11111111-2222-3333-4444-555555555555"


def waiting(twin: Twin, client: Any, flow: str) -> Session:
    """Create a session and read it until it waits."""
    created = twin.do(client.create_session(flow, {}))
    seen: list[Session] = []

    def waits() -> bool:
        seen.append(twin.do(client.get_session(flow, created.id)))
        return seen[-1].status is SessionStatus.WAITING_FOR_USER_INPUT

    eventually(waits)
    return seen[-1]


def test_create_session_gives_the_session(twin: Twin) -> None:
    inputs = {
        "company": "ACME",
        "big": 12345678901234567890123,
        "exact": Decimal("0.12345678901234567890"),
    }
    session = twin.do(twin.client().create_session(LEAD_QUALIFICATION, inputs))
    assert isinstance(session, Session)
    assert session.live_flow_id == LEAD_QUALIFICATION
    assert session.status is SessionStatus.READY
    (journalled,) = twin.simulator.journal()["sessions"]
    assert journalled["id"] == session.id
    assert session.inputs == inputs
    assert type(session.inputs["big"]) is int


def test_inputs_are_optional(twin: Twin) -> None:
    twin.do(twin.client().create_session(COMPANY_RESEARCH))
    assert twin.simulator.journal()["sessions"][0]["inputs_at_create"] == {}


@pytest.mark.parametrize("form", ["text", "uuid", "address"])
def test_ids_are_taken_in_every_form(twin: Twin, form: str) -> None:
    flow: Any = {
        "text": LEAD_QUALIFICATION.upper(),
        "uuid": uuid.UUID(LEAD_QUALIFICATION),
        "address": f"https://platform.truestate.io/live-flows/{LEAD_QUALIFICATION}?tab=runs",
    }[form]
    client = twin.client()
    created = twin.do(client.create_session(flow))
    session: Any = uuid.UUID(created.id) if form == "uuid" else created.id
    assert twin.do(client.get_session(flow, session)).id == created.id


def test_get_session_reads_the_steps(twin: Twin) -> None:
    session = waiting(twin, twin.client(), asking(twin.simulator))
    assert [step.name for step in session.steps] == ["start", "ask_1"]
    assert session.current_step == session.steps[-1]
    assert session.steps[-1].prompt == {"type": "text", "text": "ask_1?"}
    assert session.steps[-1].step_type == "INPUT"
    assert session.steps_count == 3
    assert len(session.flow_version["steps"]) == 3


def test_get_sessions_gives_all(twin: Twin) -> None:
    client = twin.client()
    made = {twin.do(client.create_session(COMPANY_RESEARCH)).id for _ in range(5)}
    listed = twin.do(client.get_sessions(COMPANY_RESEARCH))
    assert {session.id for session in listed} == made
    assert twin.do(client.get_sessions(LEAD_QUALIFICATION)) == []


def test_iter_sessions_gives_one_after_the_other(twin: Twin) -> None:
    client = twin.client(endpoints=Endpoints(list_page_size=2))
    made = [twin.do(client.create_session(COMPANY_RESEARCH)).id for _ in range(5)]
    twin.simulator.clear_journal()
    sessions = client.iter_sessions(COMPANY_RESEARCH)
    assert twin.simulator.journal()["requests"] == []
    assert [session.id for session in twin.all(sessions)] == made
    assert twin.next(sessions) is None
    assert len(twin.simulator.journal()["requests"]) == 3


def test_a_list_may_be_left_amid_it(twin: Twin) -> None:
    client = twin.client(max_concurrent_requests=1)
    for _ in range(3):
        twin.do(client.create_session(COMPANY_RESEARCH))
    sessions = client.iter_sessions(COMPANY_RESEARCH)
    assert twin.next(sessions) is not None
    twin.do(sessions.aclose() if twin.is_async else sessions.close())
    assert twin.next(sessions) is None
    # The one request that may be under way is not held by what was left, closed or forgotten.
    assert twin.next(client.iter_sessions(COMPANY_RESEARCH)) is not None
    gc.collect()
    assert len(twin.do(client.get_sessions(COMPANY_RESEARCH))) == 3


def test_add_user_input_answers_what_is_asked(twin: Twin) -> None:
    client = twin.client()
    flow = asking(twin.simulator)
    session = waiting(twin, client, flow)
    answered = twin.do(client.add_user_input(flow, session.id, "yes"))
    assert answered.id == session.id
    assert answers_of(twin.simulator, session.id) == ["yes"]
    with pytest.raises(NotWaitingForInputError) as raised:
        twin.do(client.add_user_input(flow, session.id, "again"))
    assert raised.value.answer == "again"
    assert answers_of(twin.simulator, session.id) == ["yes"]


@pytest.mark.parametrize("answer", [{"choice": [1, 2.5, None]}, [True], 7, False])
def test_an_answer_can_be_json(twin: Twin, answer: Any) -> None:
    twin.simulator.settings(add_user_input={"json_answers": True})
    client = twin.client()
    flow = asking(twin.simulator)
    session = waiting(twin, client, flow)
    twin.do(client.add_user_input(flow, session.id, answer))
    assert answers_of(twin.simulator, session.id) == [answer]


@pytest.mark.parametrize(
    "number", [12345678901234567890123, -(10**40), Decimal("0.1000000000000000000000001")]
)
def test_digits_survive_all_the_way_there_and_back(twin: Twin, number: Any) -> None:
    twin.simulator.settings(add_user_input={"json_answers": True})
    run = twin.client().run(
        asking(twin.simulator), {"n": number}, on_prompt=lambda _: {"n": [number]}
    )
    session = twin.do(run)
    assert session.inputs == {"n": number}
    assert session.output == {"n": [number]}
    assert type(session.output["n"][0]) is type(number)


def test_cancel_session_ends_it_at_the_service(twin: Twin) -> None:
    client = twin.client()
    flow = endless(twin.simulator)
    created = twin.do(client.create_session(flow))
    ended = twin.do(client.cancel_session(flow, created.id))
    assert (ended.id, ended.status) == (created.id, SessionStatus.FAILED)
    assert twin.simulator.journal()["sessions"][0]["cancelled"] is True


def test_start_creates_and_watches(twin: Twin) -> None:
    live = twin.do(twin.client().start(working(twin.simulator, 2), {"a": 1}))
    assert repr(live) == f"<{type(live).__name__} {live.id}>"
    assert live.snapshot().inputs == {"a": 1}
    ended = twin.do(live.wait())
    assert (ended.id, ended.live_flow_id) == (live.id, live.live_flow_id)
    assert ended.output == "done"
    assert live.snapshot() == ended


def test_watch_follows_an_existing_session(twin: Twin) -> None:
    client = twin.client()
    flow = working(twin.simulator, 2)
    created = twin.do(client.create_session(flow))
    live = twin.do(client.watch(flow, created.id))
    assert live.id == created.id
    events = twin.all(live.events())
    assert isinstance(events[-1], Finished)


def test_wait_waits_no_longer_than_its_timeout(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    with pytest.raises(TimeoutError, match="it goes on"):
        twin.do(live.wait(timeout=0.05))
    for bad in (-1, float("nan"), "1"):
        with pytest.raises(InvalidRequestError) as raised:
            twin.do(live.wait(timeout=bad))
        assert raised.value.argument == "timeout"


def test_cancel_of_a_live_session_ends_it(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    assert twin.do(live.cancel()).status is SessionStatus.FAILED
    assert twin.do(live.cancel()).status is SessionStatus.FAILED


def test_close_of_a_live_session_leaves_the_session_alone(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    events = live.events()
    live.close()
    assert twin.all(events)[-1] == WatchEnded(WatchEndReason.CLOSED)
    with pytest.raises(ClosedError):
        twin.do(live.wait())
    assert twin.simulator.journal()["sessions"][0]["status"] == "running"


def test_poll_now_looks_at_once(twin: Twin) -> None:
    # The schedule alone would look again in a minute.
    client = twin.client(polling=None)
    flow = asking(twin.simulator)
    live = twin.do(client.start(flow))
    events = live.events()
    twin.prompt(events)
    twin.simulator.answer(live.id, "elsewhere")
    before = len(twin.simulator.journal()["requests"])
    live.poll_now()
    eventually(lambda: len(twin.simulator.journal()["requests"]) > before, 1)


def test_next_event_of_one_live_session_is_one_stream(twin: Twin) -> None:
    live = twin.do(twin.client().start(working(twin.simulator, 3)))
    events = []
    while (event := twin.do(live.next_event())) is not None:
        events.append(event)
    assert isinstance(events[-1], Finished)
    assert len(set(map(repr, events))) == len(events)
    assert twin.do(live.next_event()) is None


def test_suspend_stops_requests_and_resume_goes_on(twin: Twin) -> None:
    client = twin.client()
    live = twin.do(client.start(endless(twin.simulator)))
    client.suspend()
    twin.simulator.clear_journal()
    with pytest.raises(TimeoutError):
        twin.do(live.wait(timeout=0.3))
    assert twin.simulator.journal()["requests"] == []
    client.resume()
    client.network_changed()
    eventually(lambda: twin.simulator.journal()["requests"])


def test_after_close_every_call_says_so(twin: Twin) -> None:
    client = twin.client()
    flow = endless(twin.simulator)
    live = twin.do(client.start(flow))
    client.close()
    client.close()
    calls = [
        lambda: client.create_session(flow),
        lambda: client.get_session(flow, live.id),
        lambda: client.get_sessions(flow),
        lambda: twin.next(client.iter_sessions(flow)),
        lambda: client.add_user_input(flow, live.id, "x"),
        lambda: client.cancel_session(flow, live.id),
        lambda: client.start(flow),
        lambda: client.watch(flow, live.id),
        lambda: client.run(flow),
        live.wait,
        live.cancel,
    ]
    for call in calls:
        with pytest.raises(ClosedError):
            twin.do(call())


def test_bad_arguments_are_refused_before_anything_is_sent(twin: Twin) -> None:
    client = twin.client()
    flow = LEAD_QUALIFICATION
    cases: list[tuple[str, Any]] = [
        ("live_flow_id", lambda: client.create_session("abc")),
        ("live_flow_id", lambda: client.get_sessions("")),
        ("live_flow_id", lambda: client.iter_sessions(5)),
        ("live_flow_id", lambda: client.start(None)),
        ("live_flow_id", lambda: client.watch("\ud800", ABSENT)),
        ("live_flow_id", lambda: client.run("https://x.example/other/1")),
        ("session_id", lambda: client.get_session(flow, "../../x")),
        ("session_id", lambda: client.cancel_session(flow, b"bytes")),
        ("session_id", lambda: client.watch(flow, "nope")),
        ("inputs", lambda: client.create_session(flow, {"x": float("nan")})),
        ("inputs", lambda: client.create_session(flow, {"x": object()})),
        ("inputs", lambda: client.start(flow, [1])),
        ("inputs", lambda: client.run(flow, "text")),
        ("user_input", lambda: client.add_user_input(flow, ABSENT, None)),
        ("user_input", lambda: client.add_user_input(flow, ABSENT, {1, 2})),
        ("user_input", lambda: client.add_user_input(flow, ABSENT, "\ud800")),
        ("checkpoint", lambda: client.restore(5)),
    ]
    for argument, call in cases:
        with pytest.raises(InvalidRequestError) as raised:
            twin.do(call())
        assert raised.value.argument == argument
    with pytest.raises(InvalidRequestError):
        twin.do(client.restore("no checkpoint"))
    with pytest.raises(ConfigurationError) as refused:
        twin.do(client.restore_all())
    assert refused.value.setting == "checkpoint_store"
    assert twin.simulator.journal()["requests"] == []


def test_every_assumption_about_the_service_can_be_changed(twin: Twin) -> None:
    twin.simulator.settings(
        create_session={"body": "bare", "status": 201},
        add_user_input={
            "method": "PUT",
            "path": "/live_flows/{live_flow_id}/sessions/{session_id}/reply/",
            "member": "reply",
            "answers_with": "nothing",
            "status": 204,
        },
        cancel_session={
            "method": "DELETE",
            "path": "/live_flows/{live_flow_id}/sessions/{session_id}/",
            "answers_with": "nothing",
            "status": 202,
        },
        status_words={"waiting": "PAUSED"},
    )
    endpoints = Endpoints(
        create_body=CreateBody.BARE,
        add_user_input=Endpoint(
            HttpMethod.PUT, "/live_flows/{live_flow_id}/sessions/{session_id}/reply/"
        ),
        user_input_member="reply",
        cancel_session=Endpoint(
            HttpMethod.DELETE, "/live_flows/{live_flow_id}/sessions/{session_id}/"
        ),
    )
    client = twin.client(
        endpoints=endpoints, status_aliases={"paused": SessionStatus.WAITING_FOR_USER_INPUT}
    )
    ended = twin.do(client.run(asking(twin.simulator), {"a": 1}, lambda _: "yes"))
    assert ended.inputs == {"a": 1}
    assert ended.output == "yes"
    created = twin.do(client.create_session(endless(twin.simulator)))
    cancelled = twin.do(client.cancel_session(created.live_flow_id, created.id))
    assert cancelled.status is SessionStatus.FAILED


def test_a_context_manager_closes(twin: Twin) -> None:
    client = twin.client()
    live = twin.do(client.start(endless(twin.simulator)))
    if twin.is_async:

        async def scoped() -> None:
            async with client as entered, live:
                assert entered is client

        twin.do(scoped())
    else:
        with client as entered, live:
            assert entered is client
    with pytest.raises(ClosedError):
        twin.do(client.get_session(LEAD_QUALIFICATION, ABSENT))


def test_the_user_agent_and_organisation_are_sent(twin: Twin) -> None:
    client = twin.client(user_agent_suffix="shop/2.1", organisation_id="org-7")
    twin.do(client.get_sessions(LEAD_QUALIFICATION))
    (request,) = twin.simulator.journal()["requests"]
    assert request["headers"]["user-agent"].endswith("shop/2.1")
    assert request["headers"]["current-org-id"] == "org-7"
    assert request["api_key_right"] is True


def test_the_deadline_of_a_call_holds(twin: Twin) -> None:
    twin.simulator.add_faults([{"on": "get_session", "fault": "hold"}])
    client = twin.client(
        timeouts=Timeouts(connect=0.2, request=0.2, total=0.5), max_staleness=0.1, answer_grace=0.4
    )
    with pytest.raises(TimeoutError):
        twin.do(client.get_session(LEAD_QUALIFICATION, ABSENT))


def test_a_client_that_is_forgotten_ends_its_watches(twin: Twin) -> None:
    client = blocking_client(twin.simulator)
    live = client.start(endless(twin.simulator))
    eventually(lambda: polls(twin) > 0)
    del client, live
    eventually(lambda: polls(twin) == 0)


def polls(twin: Twin) -> int:
    """Count the requests of the next moments."""
    twin.simulator.clear_journal()
    time.sleep(0.2)
    return len(twin.simulator.journal()["requests"])
