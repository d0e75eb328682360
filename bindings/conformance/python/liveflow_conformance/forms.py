"""What members there are to compare (`forms.json`), and patterns held against it.

Done before anything is played, so that a misspelt member is a mistake and not a pattern that never
fits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from .failure import invalid

HOME: Final = Path(__file__).resolve().parents[2]
"""The folder of the conformance scenarios."""

_FILE: Final[dict[str, Any]] = json.loads((HOME / "forms.json").read_text(encoding="utf-8"))
EVENTS: Final[dict[str, dict[str, Any]]] = _FILE["events"]
FORMS: Final[dict[str, dict[str, Any]]] = _FILE["forms"]
WORDS: Final[dict[str, list[str]]] = _FILE["words"]

Form = str | list[Any]
"""`"json"`, `"text"`, `"number"`, `"boolean"`, `"event"`, words, an object's form, or a list."""


def check(form: Form, pattern: Any) -> None:
    """Raise if the pattern cannot be compared with a value of this form."""
    match pattern:
        case None:
            fits = True
        case bool():
            fits = form in ("json", "boolean")
        case int() | float():
            fits = form in ("json", "number")
        case str():
            known = WORDS.get(form) if isinstance(form, str) else None
            fits = form in ("json", "text") if known is None else pattern in known
        case list():
            item = "json" if form == "json" else form[0] if isinstance(form, list) else None
            fits = item is not None
            if item is not None:
                for inner in pattern:
                    check(item, inner)
        case _:
            _check_object(form, pattern)
            return
    if not fits:
        raise invalid(f"pattern {pattern!r}: this never fits {form}")


def _check_object(form: Form, pattern: dict[str, Any]) -> None:
    matchers = [name for name in pattern if name.startswith("$")]
    if matchers:
        if len(pattern) != 1:
            raise invalid(f"pattern {pattern!r}: a matcher object has exactly one member")
        _check_matcher(form, matchers[0], pattern[matchers[0]])
        return
    if form == "json":
        for inner in pattern.values():
            check("json", inner)
        return
    members = dict(pattern)
    if form == "event":
        kind = members.pop("event", None)
        if kind is None and not members:
            return
        if kind not in EVENTS:
            raise invalid(f"pattern {pattern!r}: there is no event {kind!r}")
        known = EVENTS[kind]
    elif isinstance(form, str) and form in FORMS:
        known = FORMS[form]
    else:
        raise invalid(f"pattern {pattern!r}: this never fits {form}")
    for name, inner in members.items():
        if name not in known:
            raise invalid(f"pattern {pattern!r}: there is no member {name!r} here")
        check(known[name], inner)


def _check_matcher(form: Form, name: str, inner: Any) -> None:
    is_list = form == "json" or isinstance(form, list)
    is_words = isinstance(form, str) and form in WORDS
    match name:
        case "$one_of" | "$all":
            for pattern in inner:
                check(form, pattern)
            fits = True
        case "$not":
            if _holds_bind(inner):
                raise invalid(f"pattern {inner!r}: `$bind` does not stand inside `$not`")
            check(form, inner)
            fits = True
        case "$has" | "$each":
            fits = is_list
            if is_list:
                check(form[0] if isinstance(form, list) else "json", inner)
        case "$length":
            fits = is_list or form == "text"
            check("number", inner)
        case "$contains" | "$session":
            fits = form in ("json", "text") or is_words
        case "$at_least" | "$at_most":
            fits = form in ("json", "number")
        case "$any" | "$exactly" | "$bind" | "$flow":
            fits = True
        case _:
            fits = False
    if not fits:
        raise invalid(f"pattern: {form} has no matcher {name} with {inner!r}")


def _holds_bind(pattern: Any) -> bool:
    if isinstance(pattern, list):
        return any(_holds_bind(item) for item in pattern)
    if isinstance(pattern, dict):
        return any(name == "$bind" or _holds_bind(inner) for name, inner in pattern.items())
    return False


def has_the_members(form: str, value: dict[str, Any]) -> bool:
    """Whether a rendered value has exactly the members of its form: a check of the player."""
    if form == "event":
        return value.keys() == EVENTS[value["event"]].keys() | {"event"}
    return value.keys() == FORMS[form].keys()
