"""Proof that the checks bite: scenarios that must fail, and recordings that break a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import reading, rules
from .failure import ScenarioFailed
from .judge import compare
from .pattern import Names
from .play import play

if TYPE_CHECKING:
    from pathlib import Path

    from .surface import Flavour


async def must_fail(path: Path, flavour: Flavour) -> str | None:
    """Play a scenario that must fail for its reason; gives what is wrong."""
    expected = _members(path, "because", "contains", "scenario")
    part = expected.get("contains", "")
    try:
        await play(reading.check(expected["scenario"]), flavour)
    except ScenarioFailed as failure:
        if failure.reason.value == expected["because"] and part in failure.report:
            return None
        return f"it must fail with {expected['because']!r}, {part!r}, but failed with {failure}"
    return "it passed, and must not"


def recording(path: Path) -> str | None:
    """Hold a recording against the rules, or against a consumer's expectation."""
    it = _members(
        path, "events", "end", "closed_after", "secrets", "breaks", "consumer", "fits", "sessions"
    )
    if "consumer" in it:
        reading.check_consumer(it["consumer"])
        problem = compare(it["consumer"], it["events"], Names(it.get("sessions", {})))
        if it["fits"] == (problem is None):
            return None
        return f"it must fit, but: {problem}" if it["fits"] else "it must not fit, but does"
    told = rules.Recording(it["events"], it.get("end", False), it.get("closed_after"))
    found = [rule for rule, _ in rules.broken(told)]
    for event in it["events"]:
        found += [rule for rule, _ in rules.secret(event, it.get("secrets", ()))]
    expected = [] if it["breaks"] is None else [it["breaks"]]
    if sorted(set(found)) == expected:
        return None
    return f"it must break {expected}, but breaks {found}"


def _members(path: Path, *known: str) -> dict[str, Any]:
    read: dict[str, Any] = reading.load_json(path)
    unknown = read.keys() - set(known)
    if unknown:
        message = f"{path.name}: unknown members {unknown}"
        raise ValueError(message)
    return read
