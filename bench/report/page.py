"""docs/benchmarks.md: what was measured, on what, topic by topic."""

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from drivers import ROOT, Effort

PAGE = ROOT / "docs" / "benchmarks.md"


def write(measured: dict[str, str], topics: list[str], effort: Effort) -> None:
    """Replaces the parts of the page that were measured; what people wrote around them stays."""
    text = PAGE.read_text()
    for topic in topics:
        if topic in measured:
            text = replace(text, topic, f"{measured[topic]}\n{stamp(effort)}\n")
    PAGE.write_text(replace(text, "machine-description", description()))


def replace(text: str, name: str, part: str) -> str:
    begin, end = f"<!-- {name}: written by scripts/bench -->", f"<!-- end of {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    made, count = re.subn(pattern, lambda _: f"{begin}\n{part}{end}", text, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"{PAGE} has no place for {name}")
    return made


def stamp(effort: Effort) -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    kind = "quick" if effort.is_quick else "full"
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return f"*A {kind} run, {now}; load averages at its end: {load}.*"


def description() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in read("/proc/cpuinfo").splitlines() if "model name" in line),
        platform.processor() or platform.machine(),
    )
    memory = re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo"))
    system = re.search(r'PRETTY_NAME="(.*)"', read("/etc/os-release"))
    facts = {
        "Processor": f"{cpu}, {os.cpu_count()} cores",
        "Memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "System": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
        "Rust": said("rustc", "--version"),
        "Python": platform.python_version(),
        "Java": said("java", "-version").splitlines()[0],
    }
    return "".join(f"- {name}: {fact}\n" for name, fact in facts.items())


def read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def said(*command: str) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"
    return (run.stdout or run.stderr).strip()
