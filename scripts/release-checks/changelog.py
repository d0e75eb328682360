"""Finds what the changelog says of a version.

    python scripts/release-checks/changelog.py VERSION

Prints it: that is what a release is announced with. Before the release its section is the one that
is called "Unreleased".
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

UNRELEASED = "Unreleased"


class ChangelogError(Exception):
    """The changelog does not fit the release; the text says why."""


def section(text: str, version: str) -> str:
    """Give what is said of the version.

    Raises:
        ChangelogError: There is nothing, or it is not the newest.

    """
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    sections = [part.partition("\n") for part in parts]
    titles = [title.split(" - ")[0].strip() for title, _, _ in sections]
    if not titles or titles[0] not in (version, UNRELEASED):
        first = titles[0] if titles else "nothing"
        message = f"the first section is {first}, not {version} or {UNRELEASED}"
        raise ChangelogError(message)
    if version in titles[1:]:
        message = f"{version} is released already, and its section is not the first"
        raise ChangelogError(message)
    said = sections[0][2].strip()
    if not re.search(r"^- \S", said, re.MULTILINE):
        message = f"the section {titles[0]} says nothing"
        raise ChangelogError(message)
    return said


if __name__ == "__main__":
    changelog = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
    try:
        print(section(changelog.read_text("utf-8"), sys.argv[1]))
    except ChangelogError as error:
        sys.exit(f"CHANGELOG.md: {error}")
