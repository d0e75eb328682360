"""Real processes, a real queue, and a simulator that counts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from truestate_liveflow.testing import LEAD_QUALIFICATION, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parents[1]
# Longer than anything takes, even on a busy machine.
PATIENCE_S = 120


def until(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(speed=2) as simulator:
        yield simulator


def environment(simulator: Simulator, **more: str) -> dict[str, str]:
    service = {"TRUESTATE_HOST": simulator.base_url, "TRUESTATE_API_KEY": simulator.api_key}
    return os.environ | service | more


def judge(simulator: Simulator, companies: list[str]) -> None:
    """See that each company has one session, and each question one answer."""
    sessions: list[dict[str, Any]] = simulator.journal()["sessions"]
    assert sorted(session["inputs_at_create"]["company"] for session in sessions) == companies
    for session in sessions:
        assert session["status"] == "finished"
        assert [given["step"] for given in session["inputs"]] == ["ask_budget", "ask_timeline"]
        assert all(given["count"] == 1 for given in session["inputs"])


def test_a_run_of_many_that_is_killed_goes_on(simulator: Simulator, tmp_path: Path) -> None:
    companies = [f"company {number:02}" for number in range(12)]
    (tmp_path / "companies.txt").write_text("\n".join(companies))
    command = [sys.executable, str(HERE / "run_many.py"), LEAD_QUALIFICATION, "companies.txt"]
    command += ["--at-once", "4"]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=tmp_path, env=environment(simulator))

    results = tmp_path / "results.jsonl"
    first = start()
    until(lambda: results.exists() and results.read_text().count("\n") >= 2, "two results")
    first.kill()
    first.wait()
    assert start().wait(PATIENCE_S) == 0
    written = [json.loads(line) for line in results.read_text().splitlines()]
    assert sorted(line["company"] for line in written) == companies
    assert {line["status"] for line in written} == {"FINISHED"}
    # Killed between an answer's effect and the news of it, it is looked for and found: never twice.
    judge(simulator, companies)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = shutil.which("redis-server")
    assert server, "install Debian's redis-server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([server, *options], stdout=subprocess.DEVNULL)
    connection = Redis(port=port)

    def is_up() -> bool:
        try:
            return bool(connection.ping())
        except RedisError:
            return False

    until(is_up, "Redis is up")
    yield connection
    connection.close()
    process.terminate()
    process.wait()


def test_sessions_are_handed_from_process_to_process(simulator: Simulator, redis: Redis) -> None:
    companies = [f"company {number:02}" for number in range(12)]
    port = redis.connection_pool.connection_kwargs["port"]
    surroundings = environment(
        simulator,
        REDIS_URL=f"redis://127.0.0.1:{port}/0",
        LIVE_FLOW=LEAD_QUALIFICATION,
        DEAD_AFTER_MS="3000",
    )

    def worker() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dramatiq", "tasks", "--processes", "1", "--threads", "4"]
        return subprocess.Popen(command, cwd=HERE, env=surroundings, start_new_session=True)

    def done() -> int:
        return int(redis.hlen("live-flow:results"))

    workers = [worker(), worker()]
    enqueue = [sys.executable, "enqueue.py", *companies]
    waiting = subprocess.Popen(enqueue, cwd=HERE, env=surroundings)
    try:
        until(lambda: done() >= 2, "sessions are under way")
        # One is told to stop, as in a deployment; a new one takes its place.
        workers[0].send_signal(signal.SIGTERM)
        workers[0].wait(PATIENCE_S)
        workers.append(worker())
        until(lambda: done() >= 4, "some are done")
        # Another is killed with all its threads, and says nothing.
        os.killpg(workers[1].pid, signal.SIGKILL)
        workers.append(worker())
        assert waiting.wait(PATIENCE_S) == 0
    finally:
        for process in (*workers, waiting):
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_S)
    assert done() == len(companies)
    judge(simulator, companies)
