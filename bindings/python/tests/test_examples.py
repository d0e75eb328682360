"""The examples and the README's code do what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support import asking
from truestate_liveflow.testing import CONTENT_MODERATION, LEAD_QUALIFICATION

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE.parent.parent / "examples" / "python"


def run(
    simulator: Simulator, *arguments: str, typed: str = "", key: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "TRUESTATE_HOST": simulator.base_url,
        "TRUESTATE_API_KEY": simulator.api_key if key is None else key,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
        check=False,
    )


def quickstart(
    simulator: Simulator, *arguments: str, typed: str = "", key: str | None = None
) -> subprocess.CompletedProcess[str]:
    return run(simulator, str(EXAMPLES / "quickstart.py"), *arguments, typed=typed, key=key)


def test_the_quickstart_asks_at_the_terminal(simulator: Simulator) -> None:
    done = quickstart(
        simulator, LEAD_QUALIFICATION, "--input", "company=ACME", typed="20000\nnext month\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "? What budget do you have in mind, in euros?" in done.stdout
    assert "  look_up_company: FINISHED" in done.stdout
    assert '"budget": "20000"' in done.stdout
    assert '"company": "ACME"' in done.stdout


def test_the_quickstart_takes_answers_and_json_inputs(simulator: Simulator) -> None:
    done = quickstart(
        simulator,
        LEAD_QUALIFICATION,
        "--input", 'company={"name": "ACME"}',
        "--answer", "1", "--answer", "next month",
        "--base-url", simulator.base_url,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert simulator.journal()["sessions"][0]["inputs_at_create"] == {"company": {"name": "ACME"}}


def test_the_quickstart_says_what_went_wrong(simulator: Simulator) -> None:
    assert "error: " in quickstart(simulator, "no-flow").stderr
    refused = quickstart(simulator, LEAD_QUALIFICATION, key="wrong")
    assert refused.returncode == 1
    assert "(request " in refused.stderr
    assert "Traceback" not in refused.stderr
    failed = quickstart(simulator, CONTENT_MODERATION, "--input", "text=spam")
    assert (failed.returncode, failed.stderr) == (1, "the session failed\n")
    assert "not NAME=VALUE" in quickstart(simulator, LEAD_QUALIFICATION, "--input", "x").stderr
    left = quickstart(simulator, asking(simulator))
    assert left.returncode == 130
    assert "goes on" in left.stderr


def test_the_events_example_follows_several_sessions(simulator: Simulator) -> None:
    done = run(
        simulator,
        str(EXAMPLES / "async_events.py"),
        LEAD_QUALIFICATION,
        "--input", "company=ACME", "--input", "company=Globex",
        "--answer", "20000",
        typed="next month\nnext year\n",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("ACME", "Globex"):
        assert f"{name}: look_up_company FINISHED" in done.stdout
        assert f"'company': '{name}'" in done.stdout
