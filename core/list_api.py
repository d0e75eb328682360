"""Prints what the pages that rustdoc made of a crate declare, one line for each thing.

    python core/list_api.py FOLDER_OF_THE_PAGES

The pages need no other compiler than the one that is here, and have the traits in them that the
compiler derives, such as `Send`.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

# The compiler's own, and nothing that a caller was promised.
INCIDENTAL = re.compile(r"impl.* !?(Freeze|RefUnwindSafe|UnsafeUnpin|UnwindSafe) for ")
# What every type has: `impl<T> Any for T`.
BLANKET = re.compile(r"impl<.* for T( |$)")
# What is written where a long declaration is folded.
FOLDED = re.compile(r"Show \d+ \w+ ")


class Declaration(NamedTuple):
    """A declaration, and what kind of thing it declares."""

    kind: str
    text: str


class Declarations(HTMLParser):
    """Collects the declarations of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Declaration] = []
        self._kind = ""
        self._end = ""
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note where a declaration begins."""
        classes = (dict(attributes).get("class") or "").split()
        if tag in ("div", "br"):
            self._words.append(" ")
        if tag == "section":
            self._kind = " ".join(classes)
        elif tag == "pre" and "item-decl" in classes:
            self._begin("item", tag)
        elif "code-header" in classes and not self._end:
            self._begin(self._kind, tag)

    def handle_data(self, text: str) -> None:
        """Take what stands in it."""
        if self._end:
            self._words.append(text)

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        if tag == "div":
            self._words.append(" ")
        if tag == self._end:
            text = FOLDED.sub("", " ".join("".join(self._words).split()))
            # As it reads on one line.
            text = re.sub(r"([(\[]) | (?=[)\]])", r"\1", text).replace(",)", ")")
            self.found.append(Declaration(self._declared, text))
            self._end = ""

    def _begin(self, kind: str, end: str) -> None:
        self._declared, self._end, self._words = kind, end, []


def lines(page: Path, name: str) -> list[str]:
    """List what a page declares, under the name that its item has for a user."""
    parser = Declarations()
    parser.feed(page.read_text("utf-8"))
    items = [it.text for it in parser.found if it.kind == "item"]
    impls = [
        it.text
        for it in parser.found
        if it.kind == "impl" and not INCIDENTAL.match(it.text) and not BLANKET.match(it.text)
    ]
    own = [it.text for it in parser.found if it.kind in ("method", "associatedconstant")]
    if items and items[0].startswith("pub trait"):
        own = []  # they stand in the declaration
    if not items:
        return []
    return [
        f"{name}: {items[0]}",
        *(f"{name}: {text}" for text in sorted({it for it in impls if " for " in it})),
        *(f"{name}::{text}" for text in sorted(set(own))),
    ]


def listing(folder: Path) -> list[str]:
    """List all pages of a crate, in the order of the names."""
    found: list[str] = []
    for page in sorted(folder.rglob("*.html")):
        kind, _, rest = page.name.partition(".")
        if not rest.endswith(".html") or kind == "index":
            continue
        path = [folder.name, *page.relative_to(folder).parts[:-1], rest.removesuffix(".html")]
        found += lines(page, "::".join(path))
    return found


if __name__ == "__main__":
    print("\n".join(listing(Path(sys.argv[1]))))
