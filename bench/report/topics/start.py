"""Start and size: what is shipped, what an import takes, and when the first request is out."""

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

from drivers import BENCH, Effort, median, pinned, service
from tables import Goal, Table, Topic, duration, size, times

LIMIT = 3_000_000


def measure(effort: Effort) -> Topic:
    sizes, size_goal = shipped()
    imports, import_goals = importing(effort)
    return Topic("Start and size", [sizes, imports, first_request(effort)], [size_goal, *import_goals])


def shipped() -> tuple[Table, Goal]:
    library = Path(os.environ["LIVEFLOW_LIBRARY"])
    made = Table("What is shipped", ["", "size", "compressed"])
    made.add("library, stripped, shipping profile", size(library.stat().st_size), size(len(gzip.compress(library.read_bytes()))))
    for name, path in variants():
        difference = path.stat().st_size - library.stat().st_size
        made.add(f"library with {name}", f"{difference / 1e3:+,.0f} KB", "")
    measured = library.stat().st_size
    return made, Goal("library at most 3.0 MB", size(measured), measured <= LIMIT)


def variants() -> list[tuple[str, Path]]:
    folder = os.environ.get("LIVEFLOW_VARIANTS", "")
    return [(path.stem.replace("-", " "), path) for path in sorted(Path(folder).glob("*.so"))] if folder else []


def run(code: str) -> float:
    command = pinned(0, [sys.executable, "-c", code])
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


IMPORT = "import time; a = time.process_time(); import {module}; print(time.process_time() - a)"


def importing(effort: Effort) -> tuple[Table, list[Goal]]:
    modules = ["truestate_liveflow", "httpx", "openai"]
    found: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(2 * effort.rounds):
        for module, values in found.items():
            values.append(run(IMPORT.format(module=module)))
    took = {module: median(values) for module, values in found.items()}
    ours = took["truestate_liveflow"]
    made = Table("CPU time of an import in Python", ["", "to ours", "import"])
    for module, seconds in took.items():
        made.add(f"`import {module}`", times(seconds, ours), duration(seconds))
    goals = [
        Goal(f"a third of `import {other}` or less", f"1 / {took[other] / ours:.2f}", ours * 3 <= took[other])
        for other in modules[1:]
    ]
    return made, goals


def first_request(effort: Effort) -> Table:
    """From the start of the interpreter to the first answer."""
    found: dict[str, list[float]] = {}
    with service() as base:
        for _ in range(2 * effort.rounds):
            for module in ("truestate_liveflow", "httpx", "requests"):
                begun = time.monotonic()
                run_first(module, base)
                found.setdefault(module, []).append(time.monotonic() - begun)
    ours = median(found["truestate_liveflow"])
    made = Table("From the start of Python to the first answer", ["", "to ours", "in all"])
    for module, values in found.items():
        made.add(module, times(median(values), ours), duration(median(values)))
    return made


def run_first(module: str, base: str) -> None:
    command = [sys.executable, BENCH / "python" / "first_request.py", module, base]
    subprocess.run(pinned(0, command), check=True, capture_output=True)
