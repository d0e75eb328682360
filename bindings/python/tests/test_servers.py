"""Servers that fork or spawn workers: each worker has a client of its own, and ends well."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

import pytest

from support import asking, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from truestate_liveflow.testing import Simulator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")

REQUESTS, LONG_REQUESTS = 16, 400
GUNICORN = ["gunicorn", "served:wsgi", "--bind", "127.0.0.1:0", "--workers", "2"]
# Workers are replaced all the time, amid the requests of the others.
SHORT_LIVED = ["--max-requests", "5"]
UVICORN = ["uvicorn", "served:asgi", "--port", "0", "--workers", "2"]


class Server:
    """A server in processes of its own."""

    def __init__(self, simulator: Simulator, log: Path, command: list[str]) -> None:
        self._log = log
        environment = {
            **os.environ,
            "TRUESTATE_HOST": simulator.base_url,
            "TRUESTATE_API_KEY": simulator.api_key,
            "SERVED_FLOW": asking(simulator),
            "PYTHONPATH": os.path.dirname(__file__),  # noqa: PTH120
            "PYTHONFAULTHANDLER": "1",
        }
        if "--preload" in command:
            environment["SERVED_PRELOADED"] = "yes"
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], stdout=output, stderr=output, env=environment
            )
        self._open = build_opener(ProxyHandler({})).open

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for_its_start(self) -> None:
        ready = "Booting worker", "startup complete"
        eventually(
            lambda: any(map(self.log.__contains__, ready)) or self._process.poll() is not None, 30
        )
        assert self._process.poll() is None, self.log

    def get(self, path: str = "/") -> str:
        with self._open(f"{self._address()}{path}", timeout=30) as response:
            said: str = response.read().decode()
        return said

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _address(self) -> str | None:
        found = re.search(r"(?:Listening at|running on)\S* (http://[\d.]+:\d+)", self.log)
        return None if found is None else found[1]


@pytest.fixture(
    params=[
        [*GUNICORN, *SHORT_LIVED],
        [*GUNICORN, *SHORT_LIVED, "--preload"],
        [*GUNICORN, "--threads", "4", "--preload"],
        UVICORN,
    ],
    ids=["forked", "forked late", "forked late, with threads", "spawned"],
)
def server(
    simulator: Simulator, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Server]:
    server = Server(simulator, tmp_path / "log", request.param)
    try:
        server.wait_for_its_start()
        yield server
        ended_with = server.stop()
    except BaseException:
        server.kill()
        raise
    assert ended_with == 0, server.log
    # A worker that aborts or hangs is reported by its server.
    assert not re.search(r"Traceback|Fatal|SIG(ABRT|SEGV|KILL)|TIMEOUT", server.log), server.log


def test_each_worker_runs_sessions(server: Server, long: bool) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: server.get(), range(LONG_REQUESTS if long else REQUESTS)))
    assert set(said) == {"ask_1? yes"}


@pytest.mark.parametrize("server", [[*GUNICORN, "--preload"]], indirect=True)
def test_a_client_from_before_the_fork_says_what_to_do(server: Server) -> None:
    assert "create a new client in the child process" in server.get("/preloaded")
    assert server.get() == "ask_1? yes"
