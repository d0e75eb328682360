"""Which crates are inside of what is published, and not only in its building or its tests."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, order=True)
class Crate:
    """A crate of somebody else's, or of this workspace."""

    name: str
    version: str
    license: str
    folder: Path
    """Where its sources are on this machine."""
    published: bool
    """Whether it came from the registry."""
    checksum: str | None
    """Of its archive there, as in Cargo.lock."""
    needs: tuple[tuple[str, str], ...]
    """The crates that it uses, of those that are shipped: names and versions."""

    @property
    def address(self) -> str:
        """Where its sources are for everybody."""
        return f"https://crates.io/crates/{self.name}/{self.version}"


@cache
def shipped(package: str) -> list[Crate]:
    """Give the crates of one of the workspace's packages, itself included, on any platform.

    cargo decides: it knows which features are on and which crates are macros, which run in the
    compiler only.
    """
    told = _cargo(
        *("tree", "--locked", "--package", package, "--edges", "normal,no-proc-macro"),
        *("--target", "all", "--prefix", "none", "--format", "{p}", "--no-dedupe"),
    )
    # A line is `name v1.2.3`, and a path in brackets if it is of the workspace.
    ours = {(line.split()[0], line.split()[1].removeprefix("v")) for line in told.splitlines()}
    crates = {(it["name"], it["version"]): it for it in _metadata()["packages"]}
    nodes = {node["id"]: node for node in _metadata()["resolve"]["nodes"]}
    keys = {it["id"]: key for key, it in crates.items()}
    checksums = _checksums()

    def crate(key: tuple[str, str]) -> Crate:
        about = crates[key]
        needs = {
            keys[use["pkg"]]
            for use in nodes[about["id"]]["deps"]
            if any(kind["kind"] is None for kind in use["dep_kinds"])
        }
        return Crate(
            name=about["name"],
            version=about["version"],
            license=about["license"] or "",
            folder=Path(about["manifest_path"]).parent,
            published=about["source"] is not None,
            checksum=checksums.get(key),
            needs=tuple(sorted(needs & ours)),
        )

    return sorted(crate(key) for key in ours)


@cache
def _metadata() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        _cargo("metadata", "--locked", "--format-version", "1", "--all-features")
    )
    return told


def _checksums() -> dict[tuple[str, str], str]:
    # Cargo.lock is TOML, which Python 3.10 cannot read; its blocks are simple.
    blocks = (ROOT / "Cargo.lock").read_text("utf-8").split("[[package]]")[1:]
    packages = [
        dict(line.split(" = ", 1) for line in block.splitlines() if " = " in line)
        for block in blocks
    ]
    return {
        (it["name"].strip('"'), it["version"].strip('"')): it["checksum"].strip('"')
        for it in packages
        if "checksum" in it
    }


def _cargo(*arguments: str) -> str:
    return subprocess.run(
        ["cargo", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
