#!/usr/bin/env python3
"""Writes steps.csv from mixture.json: the sessions that polling schedules are compared on.

The same seed gives the same file. Durations are in seconds; a `human` step is a question that a
person answers after so long.
"""

import json
import math
import random
from pathlib import Path

HERE = Path(__file__).parent


def draw(dice: random.Random, shape: dict) -> float:
    if "lognormal" in shape:
        of = shape["lognormal"]
        return dice.lognormvariate(math.log(of["median"]), of["sigma"])
    if "pareto" in shape:
        of = shape["pareto"]
        low, high = (of[end] ** -of["alpha"] for end in ("from", "to"))
        return (low - dice.random() * (low - high)) ** (-1 / of["alpha"])
    of = shape["log_uniform"]
    return math.exp(dice.uniform(math.log(of["from"]), math.log(of["to"])))


def session(dice: random.Random, mixture: dict) -> list[tuple[str, float]]:
    bands = mixture["bands"]
    weights = [band["weight"] for band in bands]
    steps = dice.choices(bands, weights, k=dice.randint(*mixture["steps"]))
    for _ in range(dice.randint(*mixture["questions"])):
        # A question may come anywhere but at the end: its answer is for what follows.
        steps.insert(dice.randrange(len(steps)), mixture["human"])
    return [(band["name"], draw(dice, band)) for band in steps]


def main() -> None:
    mixture = json.loads((HERE / "mixture.json").read_text())
    dice = random.Random(mixture["seed"])
    with (HERE / "steps.csv").open("w") as out:
        out.write("session,band,seconds\n")
        for number in range(mixture["sessions"]):
            for band, seconds in session(dice, mixture):
                out.write(f"{number},{band},{seconds:.3f}\n")


if __name__ == "__main__":
    main()
