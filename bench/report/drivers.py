"""Starts what measures and what is measured, each on a core of its own."""

import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).parent.parent
ROOT = BENCH.parent
BINARY = os.environ.get("LIVEFLOW_BENCH", "")

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Effort:
    """How long and how often it is measured."""

    seconds: float
    rounds: int
    is_quick: bool
    #: The largest number of sessions that are watched at once.
    crowd: int = 10_000


QUICK = Effort(seconds=0.6, rounds=3, is_quick=True)
FULL = Effort(seconds=3, rounds=5, is_quick=False)
SMOKE = Effort(seconds=0.2, rounds=1, is_quick=True, crowd=200)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def pinned(core: int, command: Command) -> list[str]:
    """The command on one core, where the machine has several and a way to say so."""
    words = [str(word) for word in command]
    can = shutil.which("taskset") and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", str(core), *words] if can else words


def client(command: Command, **environment: str) -> dict:
    """Runs a driver on the clients' core and gives what its last line says."""
    run = subprocess.run(
        pinned(0, command),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=120,
    )
    lines = run.stdout.strip().splitlines()
    if run.returncode or not lines:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{run.stdout}\n{run.stderr}")
    return json.loads(lines[-1])


@contextmanager
def service(*options: str) -> Iterator[str]:
    """A service of canned sessions on its own core; gives its address."""
    command = pinned(1, [BINARY, "serve", *options])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        try:
            yield f"http://127.0.0.1:{run.stdout.readline().strip()}"
        finally:
            run.stdin.close()


def python(name: str) -> Command:
    return [sys.executable, BENCH / "python" / f"with_{name}.py"]


def jvm(program: str, *words: str) -> Command:
    java = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    program = f"io.truestate.liveflow.bench.{program}Kt"
    return [java, "-Xmx256m", "-cp", os.environ["LIVEFLOW_BENCH_JVM"], program, *words]


def swift(*words: str) -> Command:
    """The program of the Swift package, where its toolchain's own system is if it has one."""
    enter = 'source scripts/lib.sh; source scripts/lib-swift.sh; need_swift; run_swift "$root" "$@"'
    return ["bash", "-c", f"cd {shlex.quote(str(ROOT))}; {enter}", "bash", os.environ["LIVEFLOW_BENCH_SWIFT"], *words]


def rust(*words: str) -> Command:
    return [BINARY, *words]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
