"""A simulator, the page's server, and a browser, all real."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from truestate_liveflow.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = Path(__file__).parents[1] / "app.py"
SECRET = "a secret that outlives the server"
FLOW = "77777777-0000-4000-8000-000000000001"
# Longer than anything takes, even on a busy machine.
PATIENCE_MS = 30_000


def flow(budget_question: str) -> dict[str, object]:
    """Make the flow that asks this first."""
    return {
        "id": FLOW,
        "name": "Research",
        "ready_ms": 0,
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "look_around"}]},
            {
                "name": "look_around",
                "type": "tool",
                "duration_ms": 300,
                "transitions": [{"to": "ask_budget"}],
            },
            {
                "name": "ask_budget",
                "type": "input",
                "prompt": {"type": "text", "text": budget_question},
                "transitions": [{"to": "ask_when"}],
            },
            {
                "name": "ask_when",
                "type": "input",
                "prompt": "When would ${inputs.company} decide?",
                "transitions": [{"to": "write_summary"}],
            },
            {
                "name": "write_summary",
                "type": "llm",
                "duration_ms": 600,
                "prompt": "Sum up",
                "result": {
                    "company": "${inputs.company}",
                    "summary": "A budget of ${ask_budget.result}, decided ${ask_when.result}.",
                },
                "transitions": [{"to": "end"}],
            },
            {"name": "end", "type": "end"},
        ],
    }


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Start a service with one flow of two questions."""
    with Simulator(speed=1) as simulator:
        simulator.upload_flow(flow("What budget does ${inputs.company} have?"))
        yield simulator


class Server:
    """The page's own server. Its users do not notice when it is restarted."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._port = 0
        self.start()

    def start(self) -> None:
        """Start it, the second time at the same address."""
        command = [sys.executable, str(APP), FLOW, "--title", "Company research"]
        command += ["--field", "company=Which company?", "--port", str(self._port)]
        environment = os.environ | {
            "TRUESTATE_HOST": self._simulator.base_url,
            "TRUESTATE_API_KEY": self._simulator.api_key,
            "PAGE_SECRET": SECRET,
        }
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"running on (http://\S+:(\d+))", line):
                self.url, self._port = found[1], int(found[2])
                return
        message = "the page's server did not start"
        raise RuntimeError(message)

    def stop(self) -> None:
        """End it as a deployment would."""
        self._process.terminate()
        _, _ = self._process.communicate(timeout=30)


@pytest.fixture
def server(simulator: Simulator) -> Iterator[Server]:
    """Serve the page."""
    server = Server(simulator)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "install Debian's chromium"
    expect.set_options(timeout=PATIENCE_MS)
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-quic", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a browser window of its own, whose pages must not complain."""
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()
    assert not complaints


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Page:
    """Open the page."""
    page = context.new_page()
    page.goto(server.url)
    return page
