"""Writes what is inside of what is published, as a CycloneDX document.

    python scripts/release-checks/sbom.py PACKAGE >sbom.cdx.json

The same sources give the same document: it holds no time, no random number and no path.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipped import Crate


def sbom(package: str, crates: Sequence[Crate]) -> dict[str, Any]:
    """Give the document of this package."""
    itself = next(crate for crate in crates if crate.name == package)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(itself)},
        "components": [_component(crate) for crate in crates if crate is not itself],
        "dependencies": [
            {
                "ref": _purl(crate.name, crate.version),
                "dependsOn": [_purl(name, version) for name, version in crate.needs],
            }
            for crate in crates
        ],
    }


def _component(crate: Crate) -> dict[str, Any]:
    purl = _purl(crate.name, crate.version)
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": crate.name,
        "version": crate.version,
        # An older way to write a choice.
        "licenses": [{"expression": crate.license.replace("/", " OR ")}],
        "purl": purl,
    }
    if crate.checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": crate.checksum}]
    return component


def _purl(name: str, version: str) -> str:
    return f"pkg:cargo/{name}@{version}"


if __name__ == "__main__":
    json.dump(sbom(sys.argv[1], shipped(sys.argv[1])), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
