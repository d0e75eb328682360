"""Finds where the version is written, besides in Cargo.toml, and whether it is the same there.

    python scripts/release-checks/versions.py [CHECKOUT]

Python's packages, the Swift package and the command take theirs from Cargo.toml; what cannot is
looked at here.
"""

from __future__ import annotations

import os
import re
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Written(NamedTuple):
    """A version, and where it stands."""

    version: str
    file: Path
    line: int


class Rule(NamedTuple):
    """Where to look, and what stands before or around a version of ours."""

    files: str
    pattern: str


RULES = [
    Rule("Cargo.toml", r'^liveflow\S* = \{ path = .*version = "([^"]+)"'),
    Rule("Cargo.lock", r'name = "liveflow(?:-[a-z]+)?"\nversion = "([^"]+)"'),
    # Modules, their parent, and whoever depends on them.
    Rule(
        "*/pom.xml",
        r"<groupId>io\.truestate</groupId>\s*<artifactId>[^<]+</artifactId>\s*<version>([0-9][^<]*)<",
    ),
    Rule("bindings/ruby/lib/*/version.rb", r'VERSION = "([^"]+)"'),
    Rule("*.md", r"io\.truestate:liveflow[a-z-]*:([0-9][^\"`)\s]*)"),
    Rule(
        "*.md",
        r"<groupId>io\.truestate</groupId>\s*<artifactId>[^<]+</artifactId>\s*<version>([0-9][^<]*)<",
    ),
    Rule("*.md", r"truestate-liveflow(?:\[\w+\])?==([0-9][^'\"`\s]*)"),
    Rule("docs/swift.md", r'liveflow\S*", (?:from|exact): "([^"]+)"'),
]
NOT_OURS = {".git", ".cache", ".build", "target", "dist", "node_modules", ".venv"}


def version_of(checkout: Path) -> str:
    """Give the one in Cargo.toml."""
    found = re.search(
        r'^\[workspace\.package\]\nversion = "([^"]+)"',
        (checkout / "Cargo.toml").read_text("utf-8"),
        re.MULTILINE,
    )
    if found is None:
        sys.exit("error: Cargo.toml has no version")
    return found[1]


def written(checkout: Path) -> Iterator[Written]:
    """Give every other place."""
    for file in sorted(_files(checkout)):
        rules = [rule for rule in RULES if fnmatch(str(file), rule.files)]
        text = (checkout / file).read_text("utf-8") if rules else ""
        for rule in rules:
            for found in re.finditer(rule.pattern, text, re.MULTILINE):
                yield Written(found[1], file, text.count("\n", 0, found.start(1)) + 1)


def _files(checkout: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(checkout):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (Path(folder, name).relative_to(checkout) for name in names)


def problems(checkout: Path) -> list[str]:
    """Say what does not agree."""
    version = version_of(checkout)
    places = list(written(checkout))
    wrong = [
        f"{place.file}:{place.line} says {place.version}, Cargo.toml {version}"
        for place in places
        if place.version != version
    ]
    # It is known to be in these: a rule that finds nothing there looks for the wrong thing.
    files = {str(place.file) for place in places}
    wrong += [
        f"{name} has no version of ours"
        for name in ("Cargo.lock", "bindings/kotlin/pom.xml", "docs/kotlin.md")
        if name not in files
    ]
    for name in ("bindings/python", "simulator"):
        project = (checkout / name / "pyproject.toml").read_text("utf-8")
        if re.search(r"^version\s*=", project, re.MULTILINE) or not re.search(
            r'^dynamic = \["version"\]', project, re.MULTILINE
        ):
            wrong.append(f"{name}/pyproject.toml does not take its version from Cargo.toml")
    return wrong


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = problems(root)
    for problem in found:
        print(problem, file=sys.stderr)
    sys.exit(bool(found))
