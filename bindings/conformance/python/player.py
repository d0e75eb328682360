"""Plays the conformance scenarios on the Python package, with `AsyncClient` and with `Client`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liveflow_conformance import reading, selftest
from liveflow_conformance.failure import ScenarioFailed
from liveflow_conformance.forms import HOME
from liveflow_conformance.play import play
from liveflow_conformance.with_asyncio import AsyncioFlavour
from liveflow_conformance.with_threads import BlockingFlavour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liveflow_conformance.surface import Flavour

FLAVOURS: dict[str, Flavour] = {
    flavour.name: flavour for flavour in (AsyncioFlavour(), BlockingFlavour())
}


@dataclass(frozen=True)
class Piece:
    """One thing to be played, and how."""

    path: Path
    kind: str

    @property
    def name(self) -> str:
        """Give its name."""
        return self.path.stem

    async def play(self, flavours: list[Flavour]) -> str | None:
        """Play it with each flavour; gives what is wrong."""
        if self.kind == "recordings":
            return selftest.recording(self.path)
        for flavour in flavours:
            problem = await self._play(flavour)
            if problem is not None:
                return f"{flavour.name}: {problem}"
        return None

    async def _play(self, flavour: Flavour) -> str | None:
        if self.kind == "must fail":
            return await selftest.must_fail(self.path, flavour)
        try:
            await play(reading.load(self.path), flavour)
        except ScenarioFailed as failure:
            return str(failure)
        return None


def pieces(arguments: argparse.Namespace) -> list[Piece]:
    """Give what is to be played; exits if that is nothing."""
    found: list[Piece] = []
    if arguments.selftest:
        folder = arguments.directory or HOME / "selftest"
        found += _files(folder / "scenarios", "must fail")
        found += _files(folder / "recordings", "recordings")
    else:
        found += _files(arguments.directory or HOME / "scenarios", "scenario")
    for name in arguments.only:
        if name not in [piece.name for piece in found]:
            sys.exit(_usage(f"there is no {name!r}"))
    if arguments.only:
        found = [piece for piece in found if piece.name in arguments.only]
    if not found:
        sys.exit(_usage("there is nothing to play"))
    return found


def _files(folder: Path, kind: str) -> Iterator[Piece]:
    if not folder.is_dir():
        sys.exit(_usage(f"{folder} is not a folder"))
    for path in sorted(folder.glob("*.json")):
        yield Piece(path, kind)


def _usage(problem: str) -> int:
    print(f"player: {problem}", file=sys.stderr)  # noqa: T201 - it talks to a person
    return 2


async def play_all(all_pieces: list[Piece], flavours: list[Flavour], jobs: int) -> int:
    """Play everything, print a line for each, and give the number of failures."""
    slots = asyncio.Semaphore(jobs)

    async def one(piece: Piece) -> tuple[str | None, float]:
        async with slots:
            begun = time.monotonic()
            problem = await piece.play(flavours)
            return problem, time.monotonic() - begun

    tasks = [asyncio.ensure_future(one(piece)) for piece in all_pieces]
    failed = 0
    for piece, task in zip(all_pieces, tasks):  # noqa: B905 - they are equally many
        problem, took_s = await task
        failed += problem is not None
        report = "" if problem is None else "\n  " + problem.replace("\n", "\n  ")
        word = "ok   " if problem is None else "FAIL "
        print(f"{word} {piece.name} ({took_s:.1f} s){report}", flush=True)  # noqa: T201
    return failed


def main() -> int:
    """Play what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="player", description=__doc__)
    parser.add_argument(
        "--selftest",
        action="store_true",
        help="play a self-test folder: everything in it is wrong in a way that must be noticed",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="play only this one (repeatable)",
    )
    parser.add_argument(
        "--jobs", type=int, default=4, metavar="N", help="how many are played at the same time"
    )
    parser.add_argument(
        "--flavour", choices=[*FLAVOURS], help="play with this flavour of client only"
    )
    parser.add_argument("--list", action="store_true", help="name what would be played")
    parser.add_argument(
        "directory", nargs="?", type=Path, help="the folder; by default the shipped one"
    )
    arguments = parser.parse_args()
    found = pieces(arguments)
    if arguments.list:
        print("\n".join(piece.name for piece in found))  # noqa: T201
        return 0
    # Listeners that throw are logged, as promised, and part of some scenarios.
    logging.getLogger("truestate_liveflow").setLevel(logging.CRITICAL)
    flavours = [FLAVOURS[arguments.flavour]] if arguments.flavour else [*FLAVOURS.values()]
    failed = asyncio.run(play_all(found, flavours, max(arguments.jobs, 1)))
    print(f"{len(found) - failed} passed, {failed} failed")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
