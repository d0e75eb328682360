"""Writes the notices of everybody whose code is inside of what is published.

    python scripts/release-checks/notices.py PACKAGE >LICENSE-THIRD-PARTY

Of a crate that may be used under the Apache License, 2.0, that licence is chosen: its text is the
same for all, and stands once. Of every other one, the files are quoted that it brings.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from shipped import ROOT, shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shipped import Crate

APACHE = "Apache-2.0"
# These bring no file of their own. Their licence asks to say where it and the sources are.
BY_ADDRESS = {"MPL-2.0": "https://www.mozilla.org/MPL/2.0/"}

LICENCE_FILE = re.compile(r"(licen[cs]e|copying|unlicense|copyright)", re.IGNORECASE)
NOTICE_FILE = re.compile(r"notice", re.IGNORECASE)
RULE = "=" * 100


class NoNoticeError(Exception):
    """A crate brings no text of its licence, and nothing is known of it."""


def notices(crates: Iterable[Crate]) -> str:
    """Give the whole text."""
    apache: list[Crate] = []
    quoted: dict[str, list[Crate]] = defaultdict(list)
    for crate in crates:
        if not crate.published:
            continue
        if _may_be_apache(crate.license):
            apache.append(crate)
            text = _texts(crate, NOTICE_FILE)
        else:
            text = _texts(crate, LICENCE_FILE) + _texts(crate, NOTICE_FILE) or [_address(crate)]
        if text:
            quoted["\n\n".join(text)].append(crate)
    return "\n".join(_written(apache, quoted)) + "\n"


def _written(apache: list[Crate], quoted: dict[str, list[Crate]]) -> Iterator[str]:
    yield "This contains software of others, under the licences and with the notices below."
    yield from ("", RULE, "Under the Apache License, Version 2.0, whose text is at the end:", "")
    yield from (f"  {_title(crate)}" for crate in apache)
    for text, crates in quoted.items():
        yield from ("", RULE)
        yield from (_title(crate) for crate in crates)
        yield from ("", text)
    yield from ("", RULE, (ROOT / "LICENSE-APACHE").read_text("utf-8").strip("\n"))


def _title(crate: Crate) -> str:
    return f"{crate.name} {crate.version} ({crate.license}), {crate.address}"


def _may_be_apache(licence: str) -> bool:
    """Whether it is the user's choice, all by itself."""
    return " AND " not in licence and APACHE in re.split(r" OR |/", licence.strip("()"))


def _texts(crate: Crate, names: re.Pattern[str]) -> list[str]:
    files = sorted(file for file in crate.folder.iterdir() if names.match(file.name))
    return [file.read_text("utf-8").strip("\n") for file in files if file.is_file()]


def _address(crate: Crate) -> str:
    if crate.license not in BY_ADDRESS:
        message = f"{crate.name} {crate.version} ({crate.license}) brings no text of its licence"
        raise NoNoticeError(message)
    return (
        f"Under the {crate.license}, {BY_ADDRESS[crate.license]}, unchanged. Its sources are at the"
        " address above."
    )


if __name__ == "__main__":
    try:
        sys.stdout.write(notices(shipped(sys.argv[1])))
    except NoNoticeError as error:
        sys.exit(f"error: {error}")
