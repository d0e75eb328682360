"""Machine and decoding: criterion's benches, one part of the core at a time."""

import json
import os
import subprocess
from pathlib import Path

from drivers import ROOT, SMOKE, Effort, client, pinned, rust, say
from tables import Goal, Table, Topic, duration, size

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
STEPS_A_TURN = 100


def measure(effort: Effort) -> Topic:
    title = "Machine and decoding"
    if effort is SMOKE:
        criterion("--test")
        return Topic(title, [], [])
    speed = ["--warm-up-time", "0.5", "--measurement-time", "1"] if effort.is_quick else []
    criterion("--noplot", *speed)

    steps = Table("Steps of the machine: one input with its outputs drained", ["", "steps a second", "a step"])
    rates = {}
    for name in ("2 % changed", "2 % changed and decoded"):
        one = seconds("machine", f"steps, {name}") / STEPS_A_TURN
        rates[name] = 1 / one
        steps.add(f"98 % unchanged, {name}", f"{1 / one / 1e6:.2f} million", duration(one))
    decoding = Table("Decoding", ["", "bytes a second", "in all"])
    for name in ("3.6 KB", "100 KB", "a list of 10,000"):
        one = seconds("decode", name)
        count = throughput("decode", name)
        decoding.add(name, size(count / one), duration(one))
    peak = client(rust("list"))
    decoding.notes.append(
        f"The list of {peak['sessions']:,} is {size(peak['bytes'])}; reading it takes at most "
        f"{size(peak['peak'])} of memory on top of it as it arrives."
    )
    small = Table("Schedule and differences", ["", "a call"])
    small.add("the next interval", duration(seconds("schedule")))
    small.add("all events of two snapshots, five steps", duration(seconds("diff")))
    goals = [
        Goal("over a million steps a second and core", f"{rates['2 % changed'] / 1e6:.2f} million",
             rates["2 % changed"] > 1e6),
        Goal("a list's memory is bounded by one session (3.6 KB and what it decodes to)",
             size(peak["peak"]), peak["peak"] < 4 * 3_600),
    ]
    return Topic(title, [steps, decoding, small], goals)


def criterion(*options: str) -> None:
    for bench in os.environ["LIVEFLOW_CRITERION"].split(os.pathsep):
        say(f"  {Path(bench).name.split('-')[0]}")
        subprocess.run(
            pinned(0, [bench, "--bench", *options]),
            check=True,
            capture_output=True,
            cwd=ROOT / "bench",
            env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)},
        )


def estimates(*names: str) -> Path:
    # criterion makes folders of names by its own rules.
    folder = TARGET / "criterion"
    for name in names:
        folder /= "".join("_" if letter in '?"/\\*<>:|^' else letter for letter in name)
    return folder / "new"


def seconds(*names: str) -> float:
    found = json.loads((estimates(*names) / "estimates.json").read_text())
    return (found.get("slope") or found["mean"])["point_estimate"] / 1e9


def throughput(*names: str) -> int:
    return json.loads((estimates(*names) / "benchmark.json").read_text())["throughput"]["Bytes"]
