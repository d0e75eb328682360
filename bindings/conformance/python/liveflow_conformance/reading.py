"""Reads scenarios strictly: what is not known is a mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from . import forms
from .failure import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Scenario = dict[str, Any]
Action = dict[str, Any]

_SCHEMA: Final = Draft202012Validator(
    json.loads((forms.HOME / "scenario.schema.json").read_text(encoding="utf-8"))
)

_SESSION_CALLS: Final = (
    "create_session",
    "get_session",
    "add_user_input",
    "cancel_session",
    "run",
    "wait",
    "cancel",
    "snapshot",
)
_RESULTS: Final[dict[str, forms.Form]] = {
    **dict.fromkeys(_SESSION_CALLS, "session"),
    "get_sessions": ["session"],
    "iter_sessions": ["session"],
    **dict.fromkeys(("start", "watch", "restore", "restore_all"), "watch"),
    "next_event": "event",
}


def load_json(path: Path) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise invalid(str(error)) from None


def load(path: Path) -> Scenario:
    """Read and check a scenario's file."""
    return check(load_json(path), path.stem)


def check(scenario: Any, name: str | None = None) -> Scenario:
    """Check a scenario; `name` is what it must be called."""
    mistakes = list(_SCHEMA.iter_errors(scenario))
    # Where something inside is wrong, whatever is around it counts as unknown too.
    inner = [mistake for mistake in mistakes if mistake.validator != "unevaluatedProperties"]
    mistake = best_match(inner or mistakes)
    if mistake is not None:
        raise invalid(f"{mistake.json_path}: {mistake.message}")
    if name is not None and scenario["name"] != name:
        raise invalid(f"the scenario is called {scenario['name']!r}, its file is not")
    for action in scenario["script"]:
        _check_action(action)
    expect = scenario["expect"]
    for consumer in expect["consumers"].values():
        check_consumer(consumer)
    forms.check(["record"], expect["sessions"])
    for requests in expect.get("requests", ()):
        forms.check("request", requests["where"])
        forms.check("request", requests.get("then"))
    checked: Scenario = scenario
    return checked


def check_consumer(consumer: dict[str, Any]) -> None:
    """Check what a consumer is expected to be told."""
    for item in consumer.get("exactly", consumer.get("in_order")) or ():
        forms.check("event", item.get("optional", item.get("any_number_of", item)))
    for pattern in consumer.get("never", ()):
        forms.check("event", pattern)


def _check_action(action: Action, callback: str | None = None) -> None:
    """Check an action; `callback` is the kind of callback that it is carried out in, if any."""
    kind = action["action"]
    expect = action.get("expect", {})
    if "result" in expect:
        forms.check(_RESULTS.get(kind, "json"), expect["result"])
    if "error" in expect:
        forms.check("error", expect["error"])
    if kind == "raise":
        if callback is None:
            raise invalid(f"only a callback raises: {action}")
    elif callback is not None and "background" not in action:
        may_wait = kind == "sleep" and callback == "listener"
        if not may_wait:
            raise invalid(f"a callback awaits nothing, use `background`: {action}")
    if kind == "wait_for":
        if "event" in action:
            forms.check("event", action["event"])
        forms.check("request", action.get("requests", {}).get("where"))
    inside = "run" if kind == "run" else "listener" if action.get("consume") == "listener" else None
    if action.get("consume") == "nothing" and action.get("on"):
        raise invalid(f"what is not consumed has no reactions: {action}")
    for reaction in action.get("on", ()):
        forms.check("event", reaction["when"])
        _check_all(reaction["do"], inside)
    for reaction in action.get("on_prompt", ()):
        forms.check("prompt", reaction["when"])
        _check_all(reaction.get("do", ()), None)


def _check_all(actions: Iterable[Action], callback: str | None) -> None:
    for action in actions:
        _check_action(action, callback)
