"""CPU and memory for each watched session, against every usual way to poll."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from drivers import Effort, client, jvm, median, pinned, python, rust, say, service
from tables import Goal, Table, Topic, size, times

OURS = "truestate-liveflow (Python)"
BARE = "reqwest, body thrown away (Rust)"
DECODING = "reqwest, body decoded (Rust)"


@dataclass(frozen=True)
class Case:
    """What the sessions are like."""

    title: str
    options: tuple[str, ...]
    etag: bool = False


CASES = [
    Case("3.6 KB, unchanged", ("--size", "small")),
    Case("3.6 KB, 2 % of polls changed", ("--size", "small", "--changed", "50")),
    Case("100 KB, unchanged", ("--size", "large")),
    Case("100 KB, 2 % of polls changed", ("--size", "large", "--changed", "50")),
    Case("3.6 KB, unchanged, with ETag", ("--size", "small", "--etag"), etag=True),
    Case("100 KB, unchanged, with ETag", ("--size", "large", "--etag"), etag=True),
]


# The peers that know of ETag take the same setting; the bare loops never ask with one.
PEERS: dict[str, Callable[[], list]] = {
    OURS: lambda: [*python("truestate_liveflow")],
    "the core alone (Rust)": lambda: rust("poll"),
    "hyper, one connection each (Rust)": lambda: rust("peer", "hyper"),
    BARE: lambda: rust("peer", "reqwest"),
    DECODING: lambda: rust("peer", "reqwest-decode"),
    "requests, fresh connections (Python)": lambda: [*python("requests")],
    "requests.Session (Python)": lambda: [*python("requests_session")],
    "httpx, asyncio (Python)": lambda: [*python("httpx")],
    "aiohttp (Python)": lambda: [*python("aiohttp")],
    "OkHttp, coroutines (JVM)": lambda: jvm("Poll", "okhttp"),
    "JDK client (JVM)": lambda: jvm("Poll", "jdk"),
}
WITH_ETAG = [name for name in PEERS if "(Python)" in name or "(JVM)" in name]


def measure(effort: Effort) -> Topic:
    tables, goals = [], []
    cases = CASES[:1] + CASES[2:3] if effort.is_quick else CASES
    for case in cases:
        costs, ceiling = costs_of(case, effort)
        tables.append(table(case, costs, ceiling))
        if case is CASES[0]:
            goals += cpu_goals(costs)
    crowd_table, crowd_goal = crowd(effort)
    late_table, late_goal = lateness(effort)
    memory_table, memory_goal = memory(effort)
    return Topic(
        "CPU and memory of a watched session",
        [*tables, crowd_table, memory_table, late_table],
        [*goals, crowd_goal, memory_goal, late_goal],
    )


def costs_of(case: Case, effort: Effort) -> tuple[dict[str, float], str]:
    names = WITH_ETAG if case.etag else list(PEERS)
    found: dict[str, list[float]] = {name: [] for name in names}
    with service(*case.options) as base:
        for turn in range(effort.rounds):
            say(f"  {case.title}, round {turn + 1} of {effort.rounds}")
            for name in names:
                words = [*PEERS[name](), "--base", base, "--seconds", str(effort.seconds)]
                words += ["--etag"] if case.etag else []
                found[name].append(client(words)["us_per_poll"])
        ceiling = wrk(base, effort)
    return {name: median(values) for name, values in found.items()}, ceiling


def wrk(base: str, effort: Effort) -> str:
    """What the service itself can do."""
    if not shutil.which("wrk"):
        return "wrk is not here"
    url = f"{base}/live_flows/x/sessions/00000001-0000-4000-8000-00000000feed/"
    command = pinned(0, ["wrk", "-t1", "-c64", f"-d{max(1, round(effort.seconds))}s", url])
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    return f"{float(rate[1]):,.0f} polls/s" if rate else "wrk said nothing"


def table(case: Case, costs: dict[str, float], ceiling: str) -> Table:
    made = Table(f"Sessions of {case.title}", ["", "CPU a poll, to ours", "CPU a poll"])
    for name, cost in costs.items():
        made.add(name, times(cost, costs[OURS]), f"{cost:.1f} µs")
    made.notes.append(f"The service itself, asked by wrk: {ceiling}.")
    return made


def cpu_goals(costs: dict[str, float]) -> list[Goal]:
    def ratio(name: str) -> float:
        return costs[name] / costs[OURS]

    aio, session = ratio("aiohttp (Python)"), ratio("requests.Session (Python)")
    bare, decoding = 1 / ratio(BARE), 1 / ratio(DECODING)
    return [
        Goal("no more than 1.25 × the CPU of a bare reqwest loop", f"{bare:.2f} ×", bare <= 1.25),
        Goal("half of one that decodes the body", f"{decoding:.2f} ×", decoding <= 0.5),
        Goal("at least 8 × less than aiohttp", f"{aio:.1f} ×", aio >= 8),
        Goal("at least 30 × less than requests.Session", f"{session:.1f} ×", session >= 30),
    ]


def crowd(effort: Effort) -> tuple[Table, Goal]:
    """The same rate of polls, by few sessions and by many.

    Without chance in the interval few sessions would soon be polled all at once, which is cheaper: one
    wake-up for all of them.
    """
    rate = effort.crowd / 5
    made = Table(f"{rate:,.0f} polls a second in all, through Python", ["sessions", "CPU a poll, to few", "CPU a poll"])
    found: dict[int, list[float]] = {effort.crowd // 100: [], effort.crowd: []}
    rounds = min(effort.rounds, 2) if effort.is_quick else effort.rounds
    for turn in range(rounds):
        say(f"  {rate:,.0f} polls a second, round {turn + 1} of {rounds}")
        for sessions, values in found.items():
            with service() as base:
                words = ["--base", base, "--sessions", str(sessions), "--interval", str(sessions / rate)]
                words += ["--jitter", "0.5"]
                # At least one interval of the many.
                words += ["--seconds", str(max(effort.seconds, 5))]
                values.append(client([*python("truestate_liveflow"), *words])["us_per_poll"])
    few, many = (median(values) for values in found.values())
    for sessions, cost in zip(found, (few, many), strict=True):
        made.add(f"{sessions:,}", times(cost, few), f"{cost:.1f} µs")
    return made, Goal("10,000 sessions cost per poll what 100 do, within 10 %", times(many, few), many <= 1.1 * few)


def memory(effort: Effort) -> tuple[Table, Goal]:
    say("  memory")
    with service() as base:
        of = client([*rust("memory"), "--base", base, "--sessions", str(effort.crowd)])
    made = Table("Memory of one session of 3.6 KB", ["", "bytes"])
    made.add("live heap, less one raw body, no consumer", size(of["heap_less_body"]))
    made.add("live heap", size(of["heap"]))
    made.add("resident", size(of["resident"]))
    made.add("live heap of one more consumer (Rust)", size(of["heap_per_consumer"]))
    made.notes.append(f"{of['sessions']:,} sessions less a tenth of them, for each one more.")
    less = of["heap_less_body"]
    return made, Goal("live heap less one raw body at most 2 KB", size(less), less <= 2048)


def lateness(effort: Effort) -> tuple[Table, Goal]:
    """From when a poll is due to when it arrives; measured by the service, so the way there counts too."""
    say("  lateness")
    interval = 5 if effort.crowd > 1000 else 1
    with service("--latency", "5", "--interval", str(interval * 1000)) as base:
        words = ["--base", base, "--sessions", str(effort.crowd), "--interval", str(interval), "--late"]
        command = [*python("truestate_liveflow"), *words, "--seconds", str((2 if effort.is_quick else 4) * interval)]
        late = client(command)["lateness"]
    rate = effort.crowd / interval
    title = f"Lateness: {effort.crowd:,} sessions, {rate:,.0f} polls/s, 64 connections, 5 ms latency"
    made = Table(title, ["", "after it was due"])
    for part in ("p50", "p99", "max"):
        made.add(part, f"{(late[f'{part}_us'] or 0) / 1000:.1f} ms")
    made.notes.append(f"Of {late['polls']:,} polls after two intervals, from due to arrived at the service.")
    p99 = late["p99_us"] or 0
    return made, Goal("p99 under 50 ms", f"{p99 / 1000:.1f} ms", p99 < 50_000)
