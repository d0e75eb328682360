"""What must be in the wheels that are published, and what must not."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from zipfile import ZipFile

# Where a user needs them, whatever else there is.
EXPECTED = [
    r"\.dist-info/licenses/LICENSE-APACHE$",
    r"\.dist-info/licenses/LICENSE-MIT$",
    r"\.dist-info/licenses/LICENSE-THIRD-PARTY$",
    r"\.dist-info/sboms/liveflow-\w+\.cdx\.json$",
]
LIBRARY = r"^truestate_liveflow/_native/(lib)?liveflow_ffi\.(so|dylib|dll)$"
COMMAND = r"\.data/scripts/liveflow-simulator(\.exe)?$"


def check(wheel: Path, expected: list[str]) -> None:
    """Stop at a wheel that lacks one of these, has symbols, or is not for every Python 3."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        missing = [pattern for pattern in expected if not any(re.search(pattern, n) for n in names)]
        about = next(name for name in names if name.endswith(".dist-info/WHEEL"))
        tags = re.findall(r"^Tag: (\S+)$", archive.read(about).decode(), re.MULTILINE)
        native = next(name for name in names if re.search(f"{LIBRARY}|{COMMAND}", name))
        symbols = b".symtab" in archive.read(native)
    if missing:
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}")
    if not tags or not all(re.fullmatch(r"py3-none-(?!any)\S+", tag) for tag in tags):
        sys.exit(f"{wheel.name} is for {tags}")
    if symbols:
        sys.exit(f"{wheel.name}: {native} has its symbols")


if __name__ == "__main__":
    check(Path(sys.argv[1]), [*EXPECTED, LIBRARY, r"^truestate_liveflow/py\.typed$"])
    check(Path(sys.argv[2]), [*EXPECTED, COMMAND])
