"""Prints the public declarations in a folder of Swift symbol graphs, one line for each.

    python bindings/swift/list_api.py FOLDER MODULE...

`swift package dump-symbol-graph` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the compiler adds to every conformance, and is not written by anybody.
IMPLIED = {"Copyable", "Escapable", "SendableMetatype"}


def declarations(graph: dict[str, Any]) -> Iterator[str]:
    """List what a module declares, and what its types conform to."""
    names: dict[str, str] = {}
    for symbol in graph["symbols"]:
        name = ".".join([graph["module"]["name"], *symbol["pathComponents"]])
        names[symbol["identifier"]["precise"]] = name
        text = "".join(part["spelling"] for part in symbol["declarationFragments"])
        yield f"{name}: {' '.join(text.split())}"
    for relation in graph["relationships"]:
        if relation["kind"] == "conformsTo" and relation["source"] in names:
            fallback = relation.get("targetFallback", relation["target"])
            target = names.get(relation["target"], fallback).rpartition(".")[2]
            if target not in IMPLIED:
                yield f"{names[relation['source']]}: conforms to {target}"


if __name__ == "__main__":
    folder, *modules = sys.argv[1:]
    # A module's extensions of others' types have a file of their own: `LiveFlow@Swift`.
    files = [file for it in modules for file in Path(folder).glob(f"{it}[.@]*symbols.json")]
    found = {line for file in files for line in declarations(json.loads(file.read_text("utf-8")))}
    print("\n".join(sorted(found)))
