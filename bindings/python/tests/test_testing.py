"""The simulator's helper: found or not, started or not, and each of its control requests."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from support import asking, endless, eventually, fast, working
from truestate_liveflow import ConnectionLost, Prompt, PromptRequested, SessionStatus
from truestate_liveflow.testing import (
    COMPANY_RESEARCH,
    CONTENT_MODERATION,
    LEAD_QUALIFICATION,
    Simulator,
    SimulatorError,
)

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_it_is_found_by_argument_environment_scripts_and_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = program(tmp_path / "one", "")
    other = program(tmp_path / "other", "")
    monkeypatch.setenv("LIVEFLOW_SIMULATOR", str(other))
    assert Simulator(one)._command[0] == str(one)
    assert Simulator()._command[0] == str(other)
    monkeypatch.delenv("LIVEFLOW_SIMULATOR")
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    on_path = program(tmp_path / "liveflow-simulator", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Simulator()._command[0] == str(on_path)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    beside = program(scripts / "liveflow-simulator", "")
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(scripts))
    assert Simulator()._command[0] == str(beside)


def test_one_that_is_not_there_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(SimulatorError, match="no simulator at"):
        Simulator(tmp_path / "nothing")
    monkeypatch.delenv("LIVEFLOW_SIMULATOR", raising=False)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match=r"truestate-liveflow\[testing\]"):
        Simulator()


def test_one_that_does_not_start_says_so(tmp_path: Path) -> None:
    broken = program(tmp_path / "broken", "import sys; sys.exit(3)")
    with pytest.raises(SimulatorError, match="ended with 3"):
        Simulator(broken).start()


def test_it_starts_and_stops(simulator: Simulator) -> None:
    assert {flow["id"] for flow in simulator.flows} >= {
        LEAD_QUALIFICATION,
        COMPANY_RESEARCH,
        CONTENT_MODERATION,
    }
    other = Simulator(speed=5, seed=7, api_key="another", arguments=["--host", "127.0.0.1"])
    assert repr(other) == "<Simulator stopped>"
    with other:
        assert repr(other) == f"<Simulator {other.base_url}>"
        assert other.api_key == "another"
        assert other.clock()["speed"] == 5
        with other.client() as client:
            assert client.get_sessions(LEAD_QUALIFICATION) == []
    assert repr(other) == "<Simulator stopped>"
    other.stop()


def test_its_flows_may_be_files(tmp_path: Path) -> None:
    (tmp_path / "tiny.json").write_text(
        """{"id": "11111111-2222-3333-4444-555555555555", "name": "Tiny", "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end", "result": "small"}]}"""
    )
    with Simulator(flows=tmp_path, speed=100) as simulator, simulator.client() as client:
        assert "Tiny" in [flow["name"] for flow in simulator.flows]
        assert client.run("11111111-2222-3333-4444-555555555555").output == "small"


def test_the_journal_tells_what_it_saw(simulator: Simulator) -> None:
    with simulator.client(**fast()) as client:
        one = client.run(asking(simulator), {"a": 1}, lambda _: "yes")
        client.create_session(COMPANY_RESEARCH)
    journal = simulator.journal(one.id)
    (session,) = journal["sessions"]
    assert session["inputs_at_create"] == {"a": 1}
    assert {request["session"] for request in journal["requests"]} == {one.id}
    assert len(simulator.journal()["sessions"]) == 2
    simulator.clear_journal()
    assert simulator.journal()["requests"] == []
    simulator.reset()
    assert simulator.journal()["sessions"] == []


def test_faults_are_added_listed_and_cleared(simulator: Simulator) -> None:
    simulator.add_faults([{"on": "get_sessions", "fault": "unauthorized", "times": 5}])
    assert simulator.faults()[0]["rule"]["on"] == "get_sessions"
    simulator.clear_faults()
    assert simulator.faults() == []
    with pytest.raises(SimulatorError, match="400"):
        simulator.add_faults([{"on": "nonsense"}])


def test_another_device_answers_and_steps_are_advanced(simulator: Simulator) -> None:
    with simulator.client(**fast()) as client:
        asked = client.start(asking(simulator))
        _prompt_of(client.watch(asked.live_flow_id, asked.id).events())
        simulator.answer(asked.id, "elsewhere")
        assert asked.wait(10).output == "elsewhere"
        slow = client.start(endless(simulator))
        eventually(lambda: slow.snapshot().status is SessionStatus.RUNNING)  # type: ignore[union-attr]
        simulator.advance(slow.id, fail="no more")
        assert slow.wait(10).error == "no more"
        other = client.start(working(simulator, 1, duration_ms=10**9))
        eventually(lambda: other.snapshot().status is SessionStatus.RUNNING)  # type: ignore[union-attr]
        simulator.clock(advance_ms=10**9)
        assert other.wait(10).status is SessionStatus.FINISHED


def _prompt_of(events: object) -> Prompt:
    for event in events:  # type: ignore[attr-defined]
        if isinstance(event, PromptRequested):
            return event.prompt
    raise AssertionError


@pytest.mark.parametrize("how", ["refuse", "reset"])
def test_an_outage_begins_and_ends(simulator: Simulator, how: str) -> None:
    with simulator.client(**fast()) as client:
        live = client.start(endless(simulator))
        simulator.listening(False, how, for_ms=60_000)
        assert any(isinstance(event, ConnectionLost) for event in live.events())
        simulator.listening(True)
        simulator.drop_connections()
        simulator.drop_connections("close")
        assert client.get_session(live.live_flow_id, live.id).id == live.id


def test_settings_change_its_ways(simulator: Simulator) -> None:
    assert simulator.settings()["etag"] is False
    assert simulator.settings(etag=True)["etag"] is True


def test_the_control_requests_go_past_the_systems_proxy(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert simulator.journal()["requests"] == []
    assert os.environ["http_proxy"]
