from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LISTED = "Client#run(flow)\nClient#start(flow)\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make one whose API is what stands in a file."""
    (tmp_path / "scripts").mkdir()
    for name in ("api", "lib.sh"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    gem = tmp_path / "bindings" / "ruby"
    gem.mkdir(parents=True)
    (gem / "list-api").write_text('#!/bin/sh\ncat "$(dirname "$0")/code"\n', "utf-8")
    (gem / "list-api").chmod(0o755)
    (gem / "code").write_text(LISTED, "utf-8")
    (gem / "api.txt").write_text(LISTED, "utf-8")
    return tmp_path


def api(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "api", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_listed_is_fine(checkout: Path) -> None:
    assert api(checkout, "ruby").returncode == 0


def test_a_change_is_refused_and_shown_with_what_to_do(checkout: Path) -> None:
    code = checkout / "bindings" / "ruby" / "code"
    code.write_text(LISTED.replace("run(flow)", "run(flow, inputs = {})"), "utf-8")
    said = api(checkout, "ruby")
    assert said.returncode == 1
    assert "-Client#run(flow)\n+Client#run(flow, inputs = {})\n" in said.stdout
    assert "scripts/api --update ruby" in said.stderr


def test_a_change_that_is_meant_is_written_down(checkout: Path) -> None:
    (checkout / "bindings" / "ruby" / "code").write_text("Client#run(flow)\n", "utf-8")
    assert api(checkout, "--update", "ruby").returncode == 0
    assert (checkout / "bindings" / "ruby" / "api.txt").read_text("utf-8") == "Client#run(flow)\n"
    assert api(checkout, "ruby").returncode == 0


def test_a_listing_of_nothing_is_a_broken_one(checkout: Path) -> None:
    (checkout / "bindings" / "ruby" / "code").write_text("", "utf-8")
    said = api(checkout, "--update", "ruby")
    assert said.returncode == 1
    assert "lists nothing" in said.stderr
    assert (checkout / "bindings" / "ruby" / "api.txt").read_text("utf-8") == LISTED
