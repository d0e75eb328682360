"""Crossing the boundary: calls, events, sessions, against an empty call of the generated code."""

import os
import sys

from drivers import BENCH, Command, Effort, client, jvm, median, rust, say, service, swift
from tables import Goal, Table, Topic, duration, times

ROWS = [
    ("call", "a call that gives a text"),
    ("pull", "an event, pulled"),
    ("callback", "an event, called back with"),
    ("session", "a session handed over"),
]


def languages() -> dict[str, dict[str, Command]]:
    """The programs of the languages whose package is here: what crosses, and what answers questions."""
    found: dict[str, dict[str, Command]] = {
        "Python": {name: [sys.executable, BENCH / "python" / f"{name}.py"] for name in ("boundary", "quiz")}
    }
    if "LIVEFLOW_BENCH_JVM" in os.environ:
        found["Kotlin"] = dict.fromkeys(("boundary", "quiz"), jvm("Boundary"))
    if "LIVEFLOW_BENCH_SWIFT" in os.environ:
        found["Swift"] = dict.fromkeys(("boundary", "quiz"), swift())
    return found


def measure(effort: Effort) -> Topic:
    tables, goals = [], []
    for language, programs in languages().items():
        added = {}
        for size, title in (("small", "3.6 KB"), ("large", "100 KB")):
            of = crossings(f"{language}, {title}", programs["boundary"], size, effort)
            tables.append(table(f"{language}, a session of {title}", of))
            for name, words in ROWS:
                added[f"{words}, {title}"] = of[name] / of[f"{name}_native"] - 1
        goals.append(goal(language, added))
    tables.append(questions(effort))
    return Topic("Crossing the boundary", tables, goals)


def crossings(title: str, program: Command, size: str, effort: Effort) -> dict[str, float]:
    """What each way to cross costs. A full run starts the program anew each round: how far a JVM has
    come with compiling, and where things lie in memory, differs from start to start."""
    rounds = 1 if effort.is_quick else effort.rounds
    found = []
    with service("--size", size) as base:
        for turn in range(rounds):
            say(f"  {title}, round {turn + 1} of {rounds}")
            words = [*program, "--base", base, "--seconds", str(effort.seconds / 3)]
            found.append(client(words))
    return {name: median([of[name] for of in found]) for name in found[0]}


def goal(language: str, added: dict[str, float]) -> Goal:
    most = max(added, key=lambda what: added[what])
    above = [what for what, share in added.items() if share > 0.25]
    measured = "; ".join(f"{added[what]:+.0%} to {what}" for what in above or [most])
    return Goal(f"{language}: the hand-written layer adds at most 25 %", measured, not above)


def table(title: str, of: dict) -> Table:
    columns = ["", "to an empty call", "generated code alone", "with the hand-written layer", "the layer adds"]
    made = Table(f"{title}: CPU time", columns)
    made.add("an empty call", times(1, 1), duration(of["empty"] / 1e9), "", "")
    for name, words in ROWS:
        native, own = of[f"{name}_native"], of[name]
        made.add(
            words,
            times(own, of["empty"]),
            duration(native / 1e9),
            duration(own / 1e9),
            f"{own / native - 1:+.0%}",
        )
    made.notes.append(
        f"Events: a new consumer each time, which is told of {of['events']:.0f} at once; its share of the making is in them."
    )
    return made


def questions(effort: Effort) -> Table:
    """A question's way to a handler and its answer's way back, with the requests it takes."""
    count = str(max(10, int(200 * effort.seconds)))
    core = "the core alone (Rust)"
    drivers = {core: rust("quiz"), **{name: programs["quiz"] for name, programs in languages().items()}}
    found: dict[str, list[float]] = {name: [] for name in drivers}
    with service("--questions", count) as base:
        for turn in range(effort.rounds):
            say(f"  questions, round {turn + 1} of {effort.rounds}")
            for name, driver in drivers.items():
                found[name].append(client([*driver, "--base", base, "--questions", count])["us_per_question"])
    made = Table(
        "A question answered through `run`, the requests it takes included",
        ["", "to the core", "in all", "more than the core"],
    )
    least = median(found[core])
    for name, values in found.items():
        took = median(values)
        made.add(name, times(took, least), duration(took / 1e6), duration((took - least) / 1e6) if took > least else "")
    return made
