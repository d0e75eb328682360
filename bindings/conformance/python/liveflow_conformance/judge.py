"""Whether what came is what was expected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import rules
from .failure import Reason, ScenarioFailed
from .pattern import Names, fits, same
from .sequence import Search, items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .stage import Stage

_BRIEF = (
    "previous",
    "current",
    "step.name",
    "step.status",
    "step.user_input",
    "step.result",
    "prompt.step_name",
    "prompt.round",
    "prompt.text",
    "reason",
    "text",
    "error.kind",
    "error.http_status",
    "error.detail",
    "session.status",
    "session.output",
)


async def judge(stage: Stage) -> None:
    """Compare everything, in the order of the format's reasons."""
    journal = await stage.service.journal()
    names = await stage.names()
    broken = [f"{rule}: {by}" for rule, by in _broken(stage)]
    if broken:
        raise ScenarioFailed(Reason.RULE, "\n".join(broken))
    expect = stage.scenario["expect"]
    _consumers(stage, expect["consumers"], names)
    if not fits(expect["sessions"], journal["sessions"], names):
        report = f"expected {_json(expect['sessions'])}\n  but the service has "
        raise ScenarioFailed(Reason.SESSIONS, report + _json(journal["sessions"]))
    for expected in expect.get("requests", ()):
        problem = _requests(stage, expected, journal["requests"], names)
        if problem is not None:
            report = f"{_json(expected)}\n  but {problem}"
            raise ScenarioFailed(Reason.REQUESTS, "\n".join([report, *_each(journal["requests"])]))


def _broken(stage: Stage) -> Iterator[rules.Broken]:
    for name, consumer in stage.consumers.items():
        recording = rules.Recording(
            consumer.events, consumer.has_ended and not consumer.is_called, consumer.closed_after
        )
        for rule, by in rules.broken(recording):
            yield f"{rule} ({name})", by
        for event in consumer.events:
            yield from rules.secret(event, stage.secrets)
    for shown in stage.shown:
        yield from rules.reason(shown)
        yield from rules.secret(shown, stage.secrets)


def _consumers(stage: Stage, expected: dict[str, Any], names: Names) -> None:
    for name in expected.keys() - stage.consumers.keys():
        raise ScenarioFailed(Reason.CONSUMERS, f"{name}: there was no such consumer")
    for name, consumer in stage.consumers.items():
        if name not in expected:
            report = f"{name}: nothing is expected of this consumer"
            raise ScenarioFailed(Reason.CONSUMERS, report)
        problem = compare(expected[name], consumer.events, names)
        if problem is not None:
            raise ScenarioFailed(Reason.CONSUMERS, f"{name}: {problem}")


def compare(expected: dict[str, Any], events: list[dict[str, Any]], names: Names) -> str | None:
    """Compare what one consumer was told; gives the report of a difference."""
    for pattern in expected.get("never", ()):
        for event in events:
            if fits(pattern, event, names):
                return f"never {_json(pattern)}\n  but it was told {_json(event)}"
    left = [event for event in events if event["event"] not in expected.get("ignore", ())]
    search = Search(items(expected), left, names)
    if search.succeeds():
        return None
    lines = ["expected"]
    written = expected["exactly"] if "exactly" in expected else expected["in_order"]
    lines += [f"    {_json(item)}" for item in written]
    lines.append("  but it was told")
    for at, told in enumerate([*map(brief, left), "(nothing more)"]):
        mark = "->" if at == search.best else "  "
        if at < len(left) or at == search.best:
            lines.append(f" {mark} {told}")
    return "\n".join(lines)


def brief(event: dict[str, Any]) -> str:
    """Give an event in a line: what tells it from others of its kind."""
    parts = [event["event"]]
    for place in _BRIEF:
        value = _member(event, place)
        if value is not None:
            parts.append(f"{place}={_json(value)}")
    return " ".join(parts)


def _requests(
    stage: Stage, expected: dict[str, Any], requests: list[dict[str, Any]], names: Names
) -> str | None:
    """Give what is wrong, if anything is."""
    after = stage.named(stage.marks, expected["after"]) if "after" in expected else 0
    before = stage.named(stage.marks, expected["before"]) if "before" in expected else None
    found = [
        request
        for request in requests
        if request["number"] > after
        and (before is None or request["number"] <= before)
        and fits(expected["where"], request, names)
    ]
    count = len(found)
    least = expected.get("exactly", expected.get("at_least", 0))
    most = expected.get("exactly", expected.get("at_most", count))
    if not least <= count <= most or count > expected.get("at_most", count):
        return f"there were {count} requests"
    for place in expected.get("same", ()):
        members = [_member(request, place) for request in found]
        if any(value is None or not same(value, members[0]) for value in members):
            return f"{place} is not the same: {_json(members)}"
    return _pause(expected, found, requests, names) if "then" in expected else None


def _pause(
    expected: dict[str, Any],
    found: list[dict[str, Any]],
    requests: list[dict[str, Any]],
    names: Names,
) -> str | None:
    nth = expected.get("nth", 1)
    if len(found) < nth:
        return f"there is no such request number {nth}"
    first = found[nth - 1]
    following = (
        request
        for request in requests
        if request["number"] > first["number"] and fits(expected["then"], request, names)
    )
    then = next(following, None)
    if then is None:
        return "no such request follows"
    pause = then["time_ms"] - first["time_ms"]
    least = expected.get("pause_at_least_ms", pause)
    most = expected.get("pause_at_most_ms", pause)
    return None if least <= pause <= most else f"the pause was {pause} ms"


def _member(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _each(requests: Iterable[dict[str, Any]]) -> Iterator[str]:
    for request in requests:
        members = ("number", "time_ms", "call", "method", "path", "status", "faults")
        yield "    " + " ".join(f"{name}={_json(request[name])}" for name in members)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
