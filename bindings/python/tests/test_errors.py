"""Each class of error, as the service or the network makes it happen; on both clients."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from support import asking, endless
from truestate_liveflow import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    FieldError,
    HandlerFailedError,
    InvalidRequestError,
    InvalidResponseError,
    LiveFlowError,
    NetworkError,
    NotFoundError,
    NotWaitingForInputError,
    OutcomeUnknownError,
    PermissionDeniedError,
    Prompt,
    PromptNoLongerOpenError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    Timeouts,
)
from truestate_liveflow.testing import COMPANY_RESEARCH, CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Twin

ABSENT = "11111111-2222-3333-4444-555555555555"
HURRIED: dict[str, Any] = {
    "timeouts": Timeouts(connect=0.3, request=0.3, total=0.6),
    "max_staleness": 0.1,
    "answer_grace": 0.5,
}


def raised_by(twin: Twin, kind: type[LiveFlowError], call: Callable[..., Any], *given: Any) -> Any:
    with pytest.raises(LiveFlowError) as raised:
        twin.do(call(*given))
    assert type(raised.value) is kind, repr(raised.value)
    assert str(raised.value)
    assert twin.simulator.api_key not in repr(raised.value)
    return raised.value


def test_authentication(twin: Twin) -> None:
    twin.simulator.add_faults([{"on": "get_session", "fault": "unauthorized"}])
    error = raised_by(
        twin, AuthenticationError, twin.client().get_session, LEAD_QUALIFICATION, ABSENT
    )
    assert error.http_status == 401
    assert error.retryable is False
    assert error.request_id


def test_permission_denied(twin: Twin) -> None:
    twin.simulator.settings(required_org_id="another")
    error = raised_by(twin, PermissionDeniedError, twin.client().get_sessions, LEAD_QUALIFICATION)
    assert error.http_status == 403
    assert error.detail


def test_not_found(twin: Twin) -> None:
    error = raised_by(twin, NotFoundError, twin.client().get_session, LEAD_QUALIFICATION, ABSENT)
    assert error.http_status == 404


def test_invalid_request_with_the_members_that_were_refused(twin: Twin) -> None:
    flow = {
        "name": "Strict",
        "required_inputs": ["company"],
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"},
        ],
    }
    flow_id = twin.simulator.upload_flow(flow, ABSENT)
    error = raised_by(twin, InvalidRequestError, twin.client().create_session, flow_id, {})
    assert error.http_status == 422
    assert error.argument is None
    (field,) = error.field_errors
    assert isinstance(field, FieldError)
    assert field.location == "body.inputs.company"
    assert field.problem


def test_not_waiting_for_input(twin: Twin) -> None:
    client = twin.client()
    session = twin.do(client.create_session(endless(twin.simulator)))
    error = raised_by(
        twin,
        NotWaitingForInputError,
        client.add_user_input,
        session.live_flow_id,
        session.id,
        "hello",
    )
    assert error.answer == "hello"
    assert error.http_status == 409


def test_prompt_no_longer_open(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    twin.simulator.answer(live.id, "elsewhere")
    error = raised_by(twin, PromptNoLongerOpenError, live.answer, prompt, "late")
    assert error.answer == "late"


def test_an_answer_to_a_prompt_that_never_was(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    twin.prompt(live.events())
    error = raised_by(twin, PromptNoLongerOpenError, live.answer, Prompt(run_id="none"), "x")
    assert error.answer == "x"


def test_a_refused_answer_leaves_the_prompt_open(twin: Twin) -> None:
    live = twin.do(twin.client().start(CONTENT_MODERATION, {"text": "I sell it"}))
    prompt = twin.prompt(live.events())
    assert prompt.kind == "choice"
    assert prompt.raw["choices"] == ["yes", "no"]
    error = raised_by(twin, InvalidRequestError, live.answer, prompt, "perhaps")
    assert error.answer == "perhaps"
    assert error.field_errors[0].location == "body.user_input"
    twin.do(live.answer(prompt, "yes"))
    assert twin.do(live.wait()).output == {"published": True, "text": "I sell it"}


def test_rate_limited(twin: Twin) -> None:
    twin.simulator.add_faults(
        [{"on": "get_session", "fault": {"rate_limited": {"retry_after": 60}}}]
    )
    client = twin.client(**HURRIED)
    error = raised_by(twin, RateLimitedError, client.get_session, LEAD_QUALIFICATION, ABSENT)
    assert error.http_status == 429
    assert error.retry_after == 60
    assert error.retryable is True


def test_request_timeout(twin: Twin) -> None:
    live = twin.do(twin.client().start(endless(twin.simulator)))
    error = raised_by(twin, RequestTimeoutError, live.wait, 0.02)
    assert error.retryable is True
    assert isinstance(error, TimeoutError)


def test_network(twin: Twin) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = twin.client(base_url=nobody, **HURRIED)
        error = raised_by(twin, NetworkError, client.get_session, LEAD_QUALIFICATION, ABSENT)
    assert error.retryable is True
    assert error.http_status is None


def test_server(twin: Twin) -> None:
    twin.simulator.add_faults(
        [{"on": "get_session", "fault": {"status": {"status": 503, "body": {"detail": "down"}}}}]
    )
    client = twin.client(**HURRIED)
    error = raised_by(twin, ServerError, client.get_session, LEAD_QUALIFICATION, ABSENT)
    assert (error.http_status, error.detail, error.retryable) == (503, "down", True)


def test_invalid_response(twin: Twin) -> None:
    client = twin.client(max_body_bytes=100_000)
    session = twin.do(client.create_session(COMPANY_RESEARCH))
    twin.simulator.add_faults([{"on": "get_session", "fault": {"huge_body": {"bytes": 200_000}}}])
    raised_by(twin, InvalidResponseError, client.get_session, COMPANY_RESEARCH, session.id)


def test_outcome_unknown_of_create_names_the_candidates(twin: Twin) -> None:
    twin.simulator.add_faults([{"on": "create_session", "fault": "reset_after_effect"}])
    client = twin.client(**HURRIED)
    error = raised_by(
        twin, OutcomeUnknownError, client.create_session, COMPANY_RESEARCH, {"company": "ACME"}
    )
    (made,) = twin.simulator.journal()["sessions"]
    assert [candidate.id for candidate in error.candidates] == [made["id"]]
    assert error.candidates[0].inputs == {"company": "ACME"}


def test_outcome_unknown_of_an_answer_hands_it_back(twin: Twin) -> None:
    live = twin.do(twin.client(resend_answers=False, **HURRIED).start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    twin.simulator.add_faults([{"on": "add_user_input", "fault": "reset_before_effect"}])
    error = raised_by(twin, OutcomeUnknownError, live.answer, prompt, "precious")
    assert error.answer == "precious"
    assert error.candidates == ()


def test_closed(twin: Twin) -> None:
    live = twin.do(twin.client().start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    live.close()
    error = raised_by(twin, ClosedError, live.answer, prompt, "x")
    assert error.answer == "x"


def test_configuration_by_the_service(twin: Twin) -> None:
    """A 404 for the path of add user input, while the session is there, is a wrong template."""
    twin.simulator.settings(
        add_user_input={"path": "/live_flows/{live_flow_id}/sessions/{session_id}/other/"}
    )
    live = twin.do(twin.client(**HURRIED).start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    error = raised_by(twin, ConfigurationError, live.answer, prompt, "x")
    assert "user_input" in str(error)
    assert error.answer == "x"


def test_handler_failed(twin: Twin) -> None:
    class Broken:
        def headers(self, _: object) -> dict[str, str]:
            message = "no token for you"
            raise RuntimeError(message)

    client = twin.client(credentials=Broken(), **HURRIED)
    error = raised_by(twin, HandlerFailedError, client.get_session, LEAD_QUALIFICATION, ABSENT)
    assert error.detail == "the credentials provider raised RuntimeError"
    # What it said may hold a secret, and reaches the log only.
    assert "token" not in repr(error)
