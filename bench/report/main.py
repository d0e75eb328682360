"""Measures the topics, prints their tables, and with --write puts them into docs/benchmarks.md."""

import argparse
import time

import page
from drivers import FULL, QUICK, SMOKE, say
from topics import boundary, machine, schedule, sessions, start

TOPICS = {
    "sessions": sessions.measure,
    "schedule": schedule.measure,
    "boundary": boundary.measure,
    "start": start.measure,
    "machine": machine.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default=",".join(TOPICS))
    arguments = parser.parse_args()
    effort = SMOKE if arguments.smoke else QUICK if arguments.quick else FULL
    measured = {}
    started = time.monotonic()
    for name in arguments.only.split(","):
        say(f"── {name}")
        begun = time.monotonic()
        measured[name] = TOPICS[name](effort).text()
        say(f"── {name}: {time.monotonic() - begun:.0f} s")
        print(measured[name], flush=True)
    say(f"── in all: {time.monotonic() - started:.0f} s")
    if arguments.write:
        page.write(measured, list(TOPICS), effort)


if __name__ == "__main__":
    main()
