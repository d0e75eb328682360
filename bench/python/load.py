"""What every driver is told, and how its CPU time is counted."""

import argparse
import itertools
import json
import os
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

FLOW = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
HEADERS = {"Api-key": "key", "accept": "application/json"}


@dataclass(frozen=True)
class Load:
    """How much is asked, where, and for how long."""

    base: str
    sessions: int
    connections: int
    seconds: float
    interval: float
    jitter: float
    etag: bool
    late: bool
    questions: int

    def urls(self, connection: int = 0) -> Iterator[str]:
        """The addresses that one connection asks, again and again."""
        mine = range(connection, max(self.sessions, connection + 1), self.connections)
        return itertools.cycle([f"{self.base}/live_flows/{FLOW}/sessions/{session_id(n)}/" for n in mine])


def session_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-00000000feed"


def load() -> Load:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", required=True)
    parser.add_argument("--sessions", type=int, default=64)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--interval", type=float, default=0.001)
    parser.add_argument("--jitter", type=float, default=0, help="of the interval, so much is left to chance")
    parser.add_argument("--etag", action="store_true")
    parser.add_argument("--late", action="store_true", help="ask the service how late polls came")
    parser.add_argument("--questions", type=int, default=0, help="of a session that does nothing but ask")
    return Load(**vars(parser.parse_args()))


class Tags:
    """What a client that knows about ETag keeps: the last one of each address."""

    def __init__(self, load: Load) -> None:
        self._wanted = load.etag
        self._known: dict[str, str] = {}

    def headers(self, url: str) -> dict[str, str]:
        known = self._known.get(url)
        return {**HEADERS, "If-None-Match": known} if known else HEADERS

    def keep(self, url: str, tag: str | None) -> None:
        if self._wanted and tag:
            self._known[url] = tag


def ask(load: Load, what: str) -> dict:
    """What the service has seen."""
    with urllib.request.urlopen(f"{load.base}/{what}") as response:
        return json.load(response)


def measure(load: Load, polls: Callable[[], int]) -> NoReturn:
    """Warms up for half the time, measures, prints what a poll costs, and ends the process."""
    status = 1
    try:
        while not polls():
            time.sleep(0.01)
        time.sleep(load.seconds / 2)
        first, cpu, begun = polls(), time.process_time(), time.monotonic()
        time.sleep(load.seconds)
        while (last := polls()) == first:
            time.sleep(0.01)
        cpu, took = time.process_time() - cpu, time.monotonic() - begun
        count = last - first
        figures = {"us_per_poll": cpu * 1e6 / count, "polls_per_second": count / took}
        if load.late:
            figures["lateness"] = ask(load, "lateness")
        print(json.dumps(figures), flush=True)
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)  # the loops go on for ever


def measure_loop(load: Load, loop: Callable[[Callable[[], None]], None]) -> None:
    """Measures a blocking loop, which is given what to call after each poll."""
    polls = itertools.count(1)
    made = [0]

    def count() -> None:
        made[0] = next(polls)

    threading.Thread(target=measure, args=(load, lambda: made[0]), daemon=True).start()
    loop(count)
