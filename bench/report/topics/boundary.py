"""Crossing the boundary: calls, events, sessions, against an empty call of the generated code."""

import sys

from drivers import BENCH, Effort, client, median, rust, service
from tables import Goal, Table, Topic, duration, times

ROWS = [
    ("call", "a call that gives a text"),
    ("pull", "an event, pulled"),
    ("callback", "an event, called back with"),
    ("session", "a session handed over"),
]


def measure(effort: Effort) -> Topic:
    tables, goals = [], []
    for size, title in (("small", "3.6 KB"), ("large", "100 KB")):
        with service("--size", size) as base:
            command = [sys.executable, BENCH / "python" / "boundary.py"]
            of = client([*command, "--base", base, "--seconds", str(effort.seconds / 3)])
        made = Table(
            f"Python, a session of {title}",
            ["", "to an empty call", "generated code alone", "with the hand-written layer", "the layer adds"],
        )
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
            goals.append(
                Goal(f"the layer adds at most 25 % to {words}, {title}", f"{own / native - 1:+.0%}", own <= 1.25 * native)
            )
        made.notes.append(
            f"Events: a new consumer each time, which is told of {of['events']} at once; its share of the "
            "making is in them."
        )
        tables.append(made)
    tables.append(questions(effort))
    return Topic("Crossing the boundary", tables, goals)


def questions(effort: Effort) -> Table:
    """A question's way to a handler and its answer's way back, with the requests it takes."""
    count = str(max(10, int(200 * effort.seconds)))
    found: dict[str, list[float]] = {"the core alone (Rust)": [], "Python": []}
    with service("--questions", count) as base:
        options = ["--base", base, "--questions", count]
        for _ in range(effort.rounds):
            for name, command in (
                ("the core alone (Rust)", rust("quiz")),
                ("Python", [sys.executable, BENCH / "python" / "quiz.py"]),
            ):
                found[name].append(client([*command, *options])["us_per_question"])
    core, _python = (median(values) for values in found.values())
    made = Table(
        "A question answered through `run`, the requests it takes included",
        ["", "to the core", "in all", "more than the core"],
    )
    for name, values in found.items():
        took = median(values)
        made.add(name, times(took, core), duration(took / 1e6), duration((took - core) / 1e6) if took > core else "")
    return made
