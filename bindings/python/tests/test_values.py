"""The plain data: reprs, pickles, equality, and what is derived."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

import truestate_liveflow
from support import asking
from truestate_liveflow import (
    Client,
    Endpoint,
    Exchange,
    FieldError,
    Finished,
    HttpMethod,
    InvalidRequestError,
    LiveFlowError,
    OutcomeUnknownError,
    Progress,
    Prompt,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    RateLimitedError,
    RequestTimeoutError,
    Session,
    SessionFailedError,
    SessionStatus,
    StatusChanged,
    StepRun,
    StoredCheckpoint,
)
from truestate_liveflow.testing import CONTENT_MODERATION, LEAD_QUALIFICATION, Simulator

ERRORS = [
    kind
    for kind in (getattr(truestate_liveflow, name) for name in truestate_liveflow.__all__)
    if isinstance(kind, type) and issubclass(kind, LiveFlowError)
]


def session(**changes: Any) -> Session:
    members: dict[str, Any] = {
        "id": "s",
        "live_flow_id": "f",
        "status": SessionStatus.RUNNING,
        "raw_status": "RUNNING",
        **changes,
    }
    return Session(**members)


def step(status: SessionStatus, **changes: Any) -> StepRun:
    members: dict[str, Any] = {
        "id": "r",
        "name": "n",
        "step_type": "LLM",
        "status": status,
        "raw_status": status.value,
        **changes,
    }
    return StepRun(**members)


def test_events_work_in_match_by_position() -> None:
    prompt = Prompt(run_id="r", text="Why?")
    for event in (PromptRequested(prompt), PromptClosed(prompt, PromptCloseReason.ANSWERED)):
        match event:
            case PromptRequested(Prompt(text=text)):
                assert text == "Why?"
            case PromptClosed(closed, PromptCloseReason.ANSWERED):
                assert closed is prompt
            case _:
                pytest.fail("nothing matched")
    match StatusChanged(None, SessionStatus.READY):
        case StatusChanged(None, SessionStatus.READY):
            pass
        case _:
            pytest.fail("nothing matched")


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickling(kind: type[LiveFlowError]) -> None:
    error = kind("it went wrong")
    error.http_status = 503
    error.detail = "overloaded"
    error.request_id = "abc"
    error.retryable = True
    error.answer = "42"
    copy = pickle.loads(pickle.dumps(error))
    assert copy == error
    assert type(copy) is kind
    assert str(copy) == "it went wrong"
    assert vars(copy) == vars(error)


def test_the_particulars_of_errors_survive_pickling() -> None:
    fields = (FieldError("body.inputs.company", "Field required", "missing"),)
    invalid = InvalidRequestError("no", argument="inputs", field_errors=fields)
    limited = RateLimitedError("slow down")
    limited.retry_after = 1.5
    unknown = OutcomeUnknownError("who knows")
    unknown.candidates = (session(),)
    for error in (invalid, limited, unknown):
        assert pickle.loads(pickle.dumps(error)) == error


def test_there_are_as_many_error_classes_as_the_contract_says() -> None:
    assert len(ERRORS) == 17
    assert issubclass(RequestTimeoutError, TimeoutError)


def test_an_errors_repr_shows_what_is_known_and_not_the_answer() -> None:
    error = LiveFlowError("broken", http_status=500, request_id="abc", answer="private")
    assert (
        repr(error) == "LiveFlowError('broken', http_status=500, request_id='abc', retryable=False)"
    )


def test_data_is_frozen_hashable_and_survives_pickling(simulator: Simulator) -> None:
    with simulator.client() as client:
        seen = client.create_session(LEAD_QUALIFICATION, {"company": "ACME"})
        assert seen.inputs == {"company": "ACME"}
        copy = pickle.loads(pickle.dumps(seen))
        assert copy == seen
        assert hash(copy) == hash(seen)
        assert copy.inputs == {"company": "ACME"}
        with pytest.raises(AttributeError):
            seen.status = SessionStatus.FINISHED  # type: ignore[misc]


def test_a_step_from_the_service_is_like_one_made_by_hand(simulator: Simulator) -> None:
    with simulator.client() as client:
        seen = client.run(LEAD_QUALIFICATION, {"company": "ACME"}, lambda _: "100000")
    step = seen.steps[0]
    members = {field.name: getattr(step, field.name) for field in dataclasses.fields(StepRun)}
    assert StepRun(**members) == step
    assert vars(step).keys() == members.keys()
    with pytest.raises(dataclasses.FrozenInstanceError):
        step.id = "another"  # type: ignore[misc]


def test_reprs_are_short_and_tell_what_matters() -> None:
    assert "SessionStatus.RUNNING" in repr(session())
    assert len(repr(session(raw_text="x" * 10_000))) < 300
    assert repr(Prompt(run_id="r", text="Why?", raw_text="{}")) == (
        "Prompt(run_id='r', round=0, step_name=None, text='Why?', kind=None)"
    )
    assert "secret" not in repr(StoredCheckpoint("s", 1, "secret"))
    assert str(SessionStatus.WAITING_FOR_USER_INPUT) == "WAITING_FOR_USER_INPUT"
    assert str(Progress(2, 5)) == "2/5"
    assert repr(Endpoint(HttpMethod.PUT, "/x")).startswith("Endpoint(method=")


def test_the_output_is_the_result_of_the_last_finished_step_that_has_one() -> None:
    seen = session(
        steps=(
            step(SessionStatus.FINISHED, result_json='{"a": 1}'),
            step(SessionStatus.FINISHED),
            step(SessionStatus.RUNNING, result_json='"half"'),
        ),
        steps_count=7,
    )
    assert seen.output == {"a": 1}
    assert seen.require_output() == {"a": 1}
    assert seen.progress == Progress(2, 7)
    assert session().output is None
    assert session().progress == Progress(0, 0)


def test_the_output_of_a_failed_session_is_an_error(simulator: Simulator) -> None:
    with simulator.client() as client:
        failed = client.run(CONTENT_MODERATION, {"text": "spam"})
    assert failed.status is SessionStatus.FAILED
    with pytest.raises(SessionFailedError) as raised:
        failed.require_output()
    assert raised.value.detail == failed.error == "Rejected as spam: spam"


def test_the_transcript_holds_questions_and_answers(simulator: Simulator) -> None:
    flow = asking(simulator, 2)
    with simulator.client() as client:
        done = client.run(flow, on_prompt=lambda prompt: prompt.text.upper())
    assert [(said.step_name, said.question, said.answer) for said in done.transcript] == [
        ("ask_1", "ask_1?", "ASK_1?"),
        ("ask_2", "ask_2?", "ASK_2?"),
    ]
    open_question = session(
        steps=(
            step(
                SessionStatus.WAITING_FOR_USER_INPUT,
                prompt_json='{"type": "form", "fields": [ 1 ]}',
            ),
        )
    )
    question = '{"type":"form","fields":[1]}'
    assert open_question.transcript == (Exchange("r", "n", question, None),)


def test_times_are_aware_datetimes(simulator: Simulator) -> None:
    with simulator.client() as client:
        seen = client.create_session(LEAD_QUALIFICATION)
    assert isinstance(seen.created_at, datetime)
    assert seen.created_at.tzinfo is timezone.utc
    assert seen.raw_json["created_at"].startswith(seen.created_at.strftime("%Y-%m-%dT%H:%M:%S"))


def test_finished_carries_the_session(simulator: Simulator) -> None:
    with simulator.client() as client:
        live = client.start(asking(simulator))
        live.answer(_prompt(client, live.live_flow_id, live.id), "yes")
        end = list(live.events())[-1]
    assert isinstance(end, Finished)
    assert end.session.output == "yes"


def _prompt(client: Client, flow: str, session_id: str) -> Prompt:
    with client.watch(flow, session_id) as live:
        for event in live.events():
            match event:
                case PromptRequested(prompt):
                    return prompt
    pytest.fail("nothing was asked")
