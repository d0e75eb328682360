"""Every command that the pages tell a reader to type works, or there is a reason why it is not run.

A command that is new in a page, or changed, is unknown here until it is given a place below.
"""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from truestate_liveflow.testing import LEAD_QUALIFICATION, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    path
    for pattern in ("README.md", "docs/*.md", "bindings/*/README.md", "examples/*/README.md")
    for path in sorted(ROOT.glob(pattern))
]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
PATIENCE_S = 120

SERVICE = "cargo run -p liveflow-simulator -- --port 8099 --speed 10"
POINTED = "export TRUESTATE_HOST=http://127.0.0.1:8099 TRUESTATE_API_KEY=simulator-key"
PAGE = f"https://platform.truestate.io/live-flows/{LEAD_QUALIFICATION}"
QUICKSTART = ".cache/venv/bin/python examples/python/quickstart.py"

# Typed at a terminal, where somebody answers the two questions of the flow.
CONVERSATIONS = {
    "liveflow demo",
    "liveflow run FLOW --input company=ACME",
    f"liveflow run {PAGE} -i company=ACME",
    f"TRUESTATE_API_KEY=… {QUICKSTART} FLOW --input company=ACME",
}
ANSWERS = [("in euros?", "100000"), ("like to start?", "next month")]

# Run without anybody at a terminal, and what they say then.
RUNS = {
    "liveflow doctor": "TRUESTATE_API_KEY",
    "liveflow run FLOW --answer ask_budget=100000 --answer 'ask_timeline=next month'": "100000",
    "cargo build -p liveflow-ffi -p liveflow-bindgen": "",
    "target/debug/uniffi-bindgen generate --language ruby --no-format"
    " --config uniffi.toml --out-dir target/ruby target/debug/libliveflow_ffi.so": "",
}

# Two pages' blocks that are one story.
STORY = {SERVICE, POINTED, f"{QUICKSTART} {LEAD_QUALIFICATION}"}

# What a stage of `scripts/test` runs, or what is in it.
STAGES = {
    "scripts/demo": "demo",
    'pip install ./bindings/python --config-settings build-args="--profile dev"': "python: package",
    "bindings/swift/generate": "swift: build, no warnings",
    "cd bindings/swift && swift build": "swift: build, no warnings",
    "pip install ./bindings/python -r examples/web/requirements.txt": "web",
    'python examples/web/app.py FLOW --title "Company research"'
    ' --field "company=Which company?"': "web",
    "pip install ./bindings/python -r examples/worker/requirements.txt": "worker",
    "python examples/worker/run_many.py FLOW companies.txt --at-once 20"
    " --results results.jsonl": "worker",
    "redis-server --port 6390 &": "worker",
    "export REDIS_URL=redis://127.0.0.1:6390/0"
    " LIVE_FLOW=f6a0e47b-23ca-471a-83da-1ed29e2c1dbe": "worker",
    "cd examples/worker": "worker",
    "dramatiq tasks --processes 2 --threads 8 &": "worker",
    "python enqueue.py ACME Initech Globex": "worker",
    "gem install dist/ruby/truestate-liveflow-VERSION-x86_64-linux.gem": "ruby: package",
    "scripts/api": "release: dry run",
}

REASONS = {
    "scripts/test": "it is what runs this",
    "pip install truestate-liveflow": "it is not on PyPI yet",
    "pip install ./bindings/python": "optimised code takes minutes; the quicker build is run",
    "pip install ./bindings/python ./simulator jupyterlab": "the same, and a browser; the notebook"
    " itself is run",
    "jupyter lab examples/notebook/sessions.ipynb": "a browser; the notebook itself is run",
    "cargo install --path cli": "optimised code takes minutes; the quicker build is run",
    "scripts/api --update": "it changes the listings",
    "scripts/bench --quick": "it measures for minutes",
    "scripts/bench": "it measures for an hour",
    "scripts/bench --write": "it measures for an hour, and changes a page",
}


class Shown(NamedTuple):
    """A command of a page."""

    text: str
    page: str


def shown() -> Iterator[Shown]:
    block = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for page in PAGES:
        for lines in block.findall(page.read_text("utf-8")):
            for line in lines.replace("\\\n", " ").splitlines():
                command = re.sub(r"\s+", " ", re.sub(r"\s+# .*", "", line)).strip()
                command = re.sub(r"-\d+\.\d+\.\d+\b", "-VERSION", command)
                if command:
                    yield Shown(command, str(page.relative_to(ROOT)))


KNOWN = [CONVERSATIONS, set(RUNS), STORY, set(STAGES), set(REASONS)]


def test_every_command_has_its_place() -> None:
    unknown = [command for command in shown() if not any(command.text in one for one in KNOWN)]
    assert not unknown


def test_every_command_here_is_in_a_page() -> None:
    typed = {command.text for command in shown()}
    assert set().union(*KNOWN) <= typed
    assert sum(map(len, KNOWN)) == len(set().union(*KNOWN)), "a command has two places"


def test_the_stages_exist() -> None:
    script = (ROOT / "scripts" / "test").read_text("utf-8")
    assert set(STAGES.values()) <= set(re.findall(r'stage "([^"]+)"', script))


@pytest.fixture(scope="module")
def command() -> None:
    """Build the command, which the pages take for installed."""
    build = ["cargo", "build", "--quiet", "-p", "liveflow-cli"]
    subprocess.run(build, cwd=ROOT, check=True)


@pytest.fixture
def local() -> Iterator[Simulator]:
    """Start a service whose clock is right: `liveflow doctor` looks at it."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def surroundings(local: Simulator, tmp_path: Path) -> dict[str, str]:
    """Give what a reader has set up: the service's address and key, the programs on the path."""
    path = os.pathsep.join([str(TARGET), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "TERM": "xterm",
        "LIVEFLOW_STATE_DIR": str(tmp_path),
        "TRUESTATE_HOST": local.base_url,
        "TRUESTATE_API_KEY": local.api_key,
    }


def typed(command: str, key: str) -> str:
    """Fill in what the pages leave to the reader."""
    return command.replace("FLOW", LEAD_QUALIFICATION).replace("…", key)


def converse(command: str, environment: dict[str, str], answers: Sequence[tuple[str, str]]) -> str:
    """Run it at a terminal, and type each answer when its question is on the screen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        screen, left = "", list(answers)
        while True:
            try:
                screen += os.read(ours, 4096).decode(errors="replace")
            except OSError:  # the other side has gone
                break
            if left and left[0][0] in screen:
                os.write(ours, left.pop(0)[1].encode() + b"\n")
        os.close(ours)
        assert process.wait(PATIENCE_S) == 0, screen
    assert not left, screen
    return screen


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("shown", sorted(CONVERSATIONS))
def test_what_is_typed_at_a_terminal(
    shown: str, surroundings: dict[str, str], local: Simulator
) -> None:
    screen = converse(typed(shown, local.api_key), surroundings, ANSWERS)
    assert "100000" in screen.split("like to start?")[-1]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("shown", list(RUNS))
def test_what_is_run(shown: str, surroundings: dict[str, str], local: Simulator) -> None:
    if ".so" in shown and sys.platform != "linux":
        pytest.skip("the library has another name here")
    done = subprocess.run(
        ["bash", "-c", typed(shown, local.api_key)],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert RUNS[shown] in said


def test_a_service_to_point_a_program_at(surroundings: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    start = SERVICE.replace("8099", port)
    with subprocess.Popen(
        ["bash", "-c", f"exec {start}"],
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            said = json.loads(running.stdout.readline())
            assert f":{port}" in said["base_url"]
            story = f"{POINTED.replace('8099', port)} && {QUICKSTART} {LEAD_QUALIFICATION}"
            screen = converse(story, surroundings, ANSWERS)
        finally:
            running.terminate()
    assert '"budget": "100000"' in screen
