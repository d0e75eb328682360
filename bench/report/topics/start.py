"""Start and size: what is shipped, what an import takes, and when the first request is out."""

import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from drivers import BENCH, Effort, median, pinned, service
from tables import Goal, Table, Topic, duration, size, times

LIMIT = 3_000_000

# What the library consists of, by the crates that its code comes from. The first that fits counts.
PARTS = {
    "the SDK itself": "liveflow|jiff|httpdate|serde|serde_json|itoa|zmij|ryu",
    "what crosses the boundary": "liveflow_ffi|uniffi.*|UNIFFI.*|ffi_.*|bytes_buffer",
    "HTTP/1": "hyper|hyper_util|http|http_body|http_body_util|httparse|reqwest|tower.*|sync_wrapper|want",
    "TLS": "rustls|webpki|rustls_pki_types|tokio_rustls|hyper_rustls|rustls_platform_verifier|subtle|zeroize",
    "TLS: its cryptography (ring)": "ring|ring_core.*|ecp_.*|_?vpaes.*|aes_.*|gcm_.*|k25519.*|untrusted",
    "TLS: finding roots, and those that come with it": "webpki_roots|rustls_native_certs|openssl_probe",
    "gzip": "flate2|miniz_oxide|crc32fast|adler2|simd_adler32",
    "addresses": "url|idna.*|utf.*|form_urlencoded|percent_encoding|ipnet",
    "runtime": "tokio|mio|socket2|futures.*|slab|bytes|parking_lot.*|tracing.*|once_cell|log|rustix",
    "Rust's library, with panics and backtraces": "std|core|alloc|gimli|addr2line|rustc_demangle|hashbrown|object",
}


def measure(effort: Effort) -> Topic:
    sizes, size_goal = shipped()
    imports, import_goals = importing(effort)
    tables = [table for table in (sizes, parts(), imports) if table]
    return Topic("Start and size", [*tables, first_request(effort)], [size_goal, *import_goals])


def shipped() -> tuple[Table, Goal]:
    library = Path(os.environ["LIVEFLOW_LIBRARY"])
    measured = library.stat().st_size
    made = Table("What is shipped", ["", "size", "compressed"])
    made.add("library, stripped, shipping profile", size(measured), size(len(gzip.compress(library.read_bytes()))))
    if wheel := os.environ.get("LIVEFLOW_WHEEL"):
        made.add("wheel", "", size(wheel_size(Path(wheel), library)))
    if jar := os.environ.get("LIVEFLOW_JAR"):
        made.add("jar, with the library of this platform only", "", size(Path(jar).stat().st_size))
    made.notes.append("The wheel and the jar are compressed archives; the notices of what is inside are not in them here.")
    return made, Goal("library at most 3.0 MB", size(measured), measured <= LIMIT)


def wheel_size(wheel: Path, library: Path) -> int:
    """What the wheel takes with the stripped library in place of the one that was built."""
    made = io.BytesIO()
    with zipfile.ZipFile(wheel) as built, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as stripped:
        for name in built.namelist():
            stripped.writestr(name, library.read_bytes() if name.endswith(library.name) else built.read(name))
    return len(made.getvalue())


def parts() -> Table | None:
    """What the library's functions and named constants are of; None where `nm` cannot tell."""
    symbols = os.environ.get("LIVEFLOW_SYMBOLS")
    if not symbols or not shutil.which("nm"):
        return None
    words = ["nm", "--print-size", "--demangle", "--defined-only", symbols]
    listed = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    counts = dict.fromkeys([*PARTS, "others"], 0)
    places = set()
    for line in listed.splitlines():
        match line.split(" ", 3):
            case [place, length, kind, name] if kind in "tTrRdDwWvV" and place not in places:
                places.add(place)
                counts[part_of(name)] += int(length, 16)
    if not any(counts.values()):
        return None
    whole = Path(os.environ["LIVEFLOW_LIBRARY"]).stat().st_size
    counts["constants without a name, unwinding, relocation"] = whole - sum(counts.values())
    made = Table("What the library consists of, by the symbols of its functions", ["", "share", "size"])
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        made.add(name, f"{count / whole:.0%}", f"{count / 1e3:.0f} KB")
    made.notes.append("A generic function counts where it was written, unless it is of Rust's library.")
    return made


def part_of(name: str) -> str:
    """The part that a function belongs to: of the crates in its name, the first, but Rust's own last."""
    crates = re.findall(r"\b([A-Za-z_]\w*)::", name) or re.findall(r"\w+", name)[:1]
    for crate in crates:
        for part, of in PARTS.items():
            if re.fullmatch(of, crate) and not (crate in ("core", "std", "alloc") and crate is not crates[-1]):
                return part
    return "Rust's library, with panics and backtraces" if crates and crates[0] in ("core", "std", "alloc") else "others"


def run(code: str) -> float:
    command = pinned(0, [sys.executable, "-c", code])
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


IMPORTS = [
    "import truestate_liveflow",
    "from truestate_liveflow import Client",
    "import httpx",
    "import openai",
]


def importing(effort: Effort) -> tuple[Table, list[Goal]]:
    found: dict[str, list[float]] = {statement: [] for statement in IMPORTS}
    for _ in range(2 * effort.rounds):
        for statement, values in found.items():
            values.append(run(f"import time; a = time.process_time(); {statement}; print(time.process_time() - a)"))
    took = {statement: median(values) for statement, values in found.items()}
    ours, with_client, *others = IMPORTS
    made = Table("CPU time of an import in Python", ["", "to ours, with a client", "import"])
    for statement, seconds in took.items():
        made.add(f"`{statement}`", times(seconds, took[with_client]), duration(seconds))
    made.notes.append("The package loads what it needs when it is first asked for it; a client needs nearly all.")
    goals = [
        Goal(f"a third of `{other}` or less", f"1 / {took[other] / took[ours]:.1f}", took[ours] * 3 <= took[other])
        for other in others
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
