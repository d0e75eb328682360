"""The notebook runs from its first cell to its last, and shows what it says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

from truestate_liveflow.testing import LEAD_QUALIFICATION, Simulator

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[1] / "sessions.ipynb"
STEPS = ["start", "look_up_company", "ask_budget", "assess_budget", "ask_timeline", "end"]
PATIENCE_S = 120


def stored() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TRUESTATE_")]:
        monkeypatch.delenv(name)


def executed(folder: Path) -> dict[str, NotebookNode]:
    """Run it, and give its cells by their ids. A cell that fails raises."""
    notebook = stored()
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=PATIENCE_S, resources=resources).execute()
    return {cell.id: cell for cell in notebook.cells}


def html(cell: NotebookNode) -> str:
    """Give what the cell shows at last."""
    shown: list[Any] = [out.data for out in cell.outputs if "data" in out]
    return str(shown[-1]["text/html"])


def test_it_is_stored_without_outputs() -> None:
    for cell in stored().cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id


def test_it_runs_without_an_account(tmp_path: Path) -> None:
    cells = executed(tmp_path)
    kinds = {out.output_type for cell in cells.values() for out in cell.get("outputs", [])}
    assert kinds <= {"execute_result", "display_data"}, "nothing is printed, nothing warned of"

    for cell in ("run", "live", "many"):
        timeline = html(cells[cell])
        assert timeline.count("<tr") == 9, cell
        for step in STEPS:
            assert f"<strong>{step}</strong>" in timeline, (cell, step)
        assert "What budget do you have in mind, in euros?" in timeline
        assert "20000" in timeline
        assert "next month" in timeline
    assert "'budget': '20000'" in cells["output"].outputs[0].data["text/plain"]

    assert "What budget do you have in mind, in euros?" in html(cells["ask"])
    assert "100000" in html(cells["answer"])
    assert "FAILED" in html(cells["cancel"])

    listed = html(cells["list"])
    assert listed.count("<tr") == 6
    for company in ("ACME", "Globex", "Initech", "Hooli", "Umbrella"):
        assert company in listed
    (session,) = re.findall(r"<strong>Session</strong> <code>([^<]+)", html(cells["run"]))
    assert session in listed


def test_it_uses_the_service_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Simulator(speed=50) as simulator:
        monkeypatch.setenv("TRUESTATE_HOST", simulator.base_url)
        monkeypatch.setenv("TRUESTATE_API_KEY", simulator.api_key)
        monkeypatch.setenv("LIVE_FLOW", LEAD_QUALIFICATION)
        cells = executed(tmp_path)
        sessions = simulator.journal()["sessions"]
    assert simulator.base_url in cells["set-up"].outputs[0].data["text/plain"]
    assert sorted(session["status"] for session in sessions) == ["failed", *["finished"] * 4]
