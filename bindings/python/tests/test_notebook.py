"""What a notebook shows of sessions, steps, prompts and events."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from support import Script, asking, endless, eventually
from truestate_liveflow import (
    AnswerUnresolved,
    Failed,
    Finished,
    Prompt,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    Session,
    SessionFailedError,
    SessionStatus,
    StatusChanged,
    StepChanged,
    StepRun,
)
from truestate_liveflow.session import Sessions
from truestate_liveflow.testing import CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from support import Twin
    from truestate_liveflow.testing import Simulator

HOSTILE = "</pre></div><script>alert(1)</script><img src=x onerror='alert(1)'>\"' &amp; "
BEGUN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def step(status: SessionStatus, **changes: Any) -> StepRun:
    members: dict[str, Any] = {
        "id": "run",
        "name": "look_up",
        "step_type": "TOOL",
        "status": status,
        "raw_status": status.value,
        **changes,
    }
    return StepRun(**members)


def session(status: SessionStatus, **changes: Any) -> Session:
    members: dict[str, Any] = {
        "id": "a-session",
        "live_flow_id": "a-flow",
        "status": status,
        "raw_status": status.value,
        **changes,
    }
    return Session(**members)


def shown(displayed: Any) -> ET.Element:
    """Give the tree of what a notebook shows, which must be well-formed."""
    html: str = displayed._repr_html_()
    return ET.fromstring(html)


def text(displayed: Any) -> str:
    return " ".join(" ".join(shown(displayed).itertext()).split())


def hostile_objects() -> list[Any]:
    said = json.dumps(HOSTILE)
    members = json.dumps({HOSTILE: [HOSTILE]})
    unknown, failed = SessionStatus.UNRECOGNISED, SessionStatus.FAILED
    asks = SessionStatus.WAITING_FOR_USER_INPUT
    names = {"id": HOSTILE, "name": HOSTILE, "step_type": HOSTILE, "raw_status": HOSTILE}
    steps = (
        step(asks, **names, prompt_json=said),
        step(asks, **names, prompt_json=members),
        step(SessionStatus.FINISHED, **names, prompt_json=said, user_input_json=said),
        step(unknown, **names, result_json=members, error_json=members),
    )
    prompt = Prompt(run_id=HOSTILE, text=HOSTILE, step_name=HOSTILE, kind=HOSTILE)
    ids = {"id": HOSTILE, "live_flow_id": HOSTILE, "raw_status": HOSTILE}
    seen = session(unknown, **ids, steps=steps, current_step=steps[0], inputs_json=members)
    ended = session(failed, **ids, steps=steps, error_json=members)
    finished = session(SessionStatus.FINISHED, **ids, steps=steps)
    return [
        *(*steps, prompt, seen, ended, finished),
        PromptRequested(prompt),
        PromptClosed(prompt, PromptCloseReason.ANSWERED),
        AnswerUnresolved(prompt, HOSTILE),
        StepChanged(steps[0]),
        Finished(finished),
        Failed(ended, SessionFailedError(HOSTILE)),
    ]


@pytest.mark.parametrize("hostile", hostile_objects(), ids=lambda hostile: type(hostile).__name__)
def test_hostile_text_stays_text(hostile: Any) -> None:
    tree = shown(hostile)
    for found in tree.iter():
        assert found.tag in (
            *("div", "span", "strong", "code", "pre", "details", "summary"),
            *("table", "thead", "tbody", "tr", "th", "td"),
        )
        assert set(found.attrib) <= {"class", "style", "dir", "aria-hidden"}
        assert "url" not in found.get("style", "")
    assert "<script>alert(1)</script>" in "".join(tree.itertext())


def test_a_list_of_hostile_sessions_is_a_table_of_text() -> None:
    hostile = [one for one in hostile_objects() if isinstance(one, Session)]
    tree = shown(Sessions(hostile))
    assert {found.tag for found in tree.iter()}.isdisjoint({"script", "img"})
    assert len(tree.findall(".//tbody/tr")) == len(hostile)


@pytest.mark.parametrize("displayed", hostile_objects(), ids=lambda one: type(one).__name__)
def test_text_has_the_notebooks_own_colour(displayed: Any) -> None:
    for found in shown(displayed).iter():
        assert not re.search(r"(?<!-)\bcolor:(?!inherit)", found.get("style", ""))


def test_dollars_are_no_mathematics() -> None:
    prompt = Prompt(run_id="r", text="Between $10 and $20?")
    assert shown(prompt).get("class") == "tex2jax_ignore mathjax_ignore"


def test_half_a_character_does_not_break_the_message_to_the_browser() -> None:
    prompt = Prompt(run_id="r", text="half \ud83d of it")
    assert prompt._repr_html_().encode()
    assert "half ? of it" in text(prompt)


def test_a_finished_session_is_a_timeline(simulator: Simulator) -> None:
    with simulator.client() as client:
        answers = {"ask_budget": "20000", "ask_timeline": "next month"}
        done = client.run(
            LEAD_QUALIFICATION,
            {"company": "ACME"},
            on_prompt=lambda prompt: answers[str(prompt.step_name)],
        )
    seen = text(done)
    assert f"Session {done.id} FINISHED {done.progress} steps" in seen
    assert '"company": "ACME"' in seen
    rows = shown(done).findall(".//tbody/tr")
    assert len(rows) == len(done.steps)
    for row, run in zip(rows, done.steps, strict=True):
        cells = ["".join(cell.itertext()) for cell in row]
        assert cells[0].startswith(str(run.name))
        assert cells[1] == "FINISHED"
        assert re.fullmatch(r"\d+ ms|\d+\.\d s|\d+ min \d+ s", cells[2])
    assert "What budget do you have in mind, in euros?" in seen
    assert "Answer 20000" in seen
    assert "Answer next month" in seen
    assert '"budget": "20000"' in seen.split("Result")[-1]


def test_a_failed_session_says_why(simulator: Simulator) -> None:
    with simulator.client() as client:
        failed = client.run(CONTENT_MODERATION, {"text": "spam"})
    assert "FAILED" in text(failed)
    assert "Failure Rejected as spam: spam" in text(failed)


def test_a_cancelled_session_without_an_error_says_what_it_can() -> None:
    assert "It failed or was cancelled." in text(session(SessionStatus.FAILED))


def test_a_live_session_shows_the_open_question(simulator: Simulator) -> None:
    with simulator.client() as client:
        live = client.start(asking(simulator))
        assert f"Session {live.id}" in text(live)
        eventually(lambda: "ask_1?" in text(live))
        assert "WAITING FOR USER INPUT" in text(live)
        client.close()
        assert live.id in text(live)


def test_a_watch_that_has_not_read_yet_says_so(twin: Twin, simulator: Simulator) -> None:
    with simulator.client() as other:
        created = other.create_session(endless(simulator))
    client = twin.client()
    client.suspend()
    live = twin.do(client.watch(created.live_flow_id, created.id))
    assert text(live) == f"{live!r}, not read yet"


def test_every_client_gives_a_list_that_is_shown_as_a_table(twin: Twin) -> None:
    client = twin.client()
    flow = asking(twin.simulator)
    made = [twin.do(client.create_session(flow, {"n": n})) for n in range(3)]
    listed = twin.do(client.get_sessions(flow))
    assert isinstance(listed, list)
    assert {one.id for one in listed} == {one.id for one in made}
    for one in made:
        assert one.id in text(listed)
    assert len(shown(listed).findall(".//tbody/tr")) == 3
    assert repr(listed) == repr(list(listed))
    assert text(Sessions([])) == "No sessions."


def test_prompts_and_events_show_what_they_carry() -> None:
    prompt = Prompt(run_id="r", text="Why?", step_name="ask", kind="text", round=2)
    assert text(prompt) == "Question · ask · text · round 2 Why?"
    assert text(PromptRequested(prompt)) == text(prompt)
    closed = PromptClosed(prompt, PromptCloseReason.ANSWERED_ELSEWHERE)
    assert text(closed).endswith("closed: answered elsewhere")
    assert text(AnswerUnresolved(prompt, "because")).endswith("arrived: because")
    run = step(SessionStatus.FINISHED, result_json="7")
    assert text(StepChanged(run)) == text(run)
    assert "look_up TOOL FINISHED" in text(run)
    ended = session(SessionStatus.FINISHED, steps=(run,))
    assert text(Finished(ended)) == text(ended)
    assert not hasattr(StatusChanged(None, SessionStatus.READY), "_repr_html_")


def test_numbers_keep_their_digits() -> None:
    digits = "0.1234567890123456789"
    run = step(SessionStatus.FINISHED, result_json=f'{{"rate": {digits}, "tags": ["é", []]}}')
    assert f'{{ "rate": {digits}, "tags": [ "é", [] ] }}' in text(run)


def test_a_step_is_where_it_was_at_work() -> None:
    at = [BEGUN + timedelta(seconds=seconds) for seconds in (0, 10, 40)]
    steps = (
        step(SessionStatus.FINISHED, id="1", created_at=at[0], updated_at=at[1]),
        step(SessionStatus.RUNNING, id="2", created_at=at[1], updated_at=at[1]),
    )
    seen = session(SessionStatus.RUNNING, steps=steps, created_at=at[0], updated_at=at[2])
    bars = [bar.get("style", "") for bar in shown(seen).findall(".//td/div[@aria-hidden]/div")]
    assert "margin-left:0.0%;width:25.0%" in bars[0]
    assert "margin-left:25.0%;width:75.0%" in bars[1]
    assert "10.0 s" in text(steps[0])


def test_the_step_that_a_session_is_at_is_shown_even_if_it_is_not_listed() -> None:
    current = step(SessionStatus.WAITING_FOR_USER_INPUT, name="ask", prompt_json='"Why?"')
    seen = session(SessionStatus.WAITING_FOR_USER_INPUT, current_step=current)
    assert "Why?" in text(seen)


def test_much_is_cut_and_says_so() -> None:
    steps = tuple(step(SessionStatus.FINISHED, id=str(n), name=f"n{n}") for n in range(1000))
    seen = text(session(SessionStatus.RUNNING, steps=steps))
    assert "800 earlier steps are not shown" in seen
    assert "n999" in seen
    long = step(SessionStatus.FINISHED, result_json=json.dumps("x" * 100_000))
    assert "… and 95000 more characters" in text(long)
    assert shown(long).find(".//details/summary") is not None
    many = Sessions([session(SessionStatus.READY)] * 300)
    assert "200 more are not shown" in text(many)


def test_nothing_of_it_is_loaded_with_the_package(simulator: Simulator) -> None:
    code = """
        import sys
        import truestate_liveflow as package

        loaded = set(sys.modules)
        assert not {name for name in loaded if name.endswith(("._notebook", "._html"))}
        prompt = package.Prompt(run_id="r", text="Why?")
        assert "Why?" in prompt._repr_html_()
        assert "truestate_liveflow._notebook" in sys.modules
        assert "IPython" not in sys.modules
    """
    assert Script(simulator, code).ended() == ""
