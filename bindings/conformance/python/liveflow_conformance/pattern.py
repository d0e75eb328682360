"""Whether a value fits a pattern."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Number = int | float | Decimal


@dataclass
class Names:
    """What patterns can refer to beside the value itself."""

    sessions: dict[str, str] = field(default_factory=dict)
    flow: str = ""


Bound = dict[str, Any]
"""The values noted by `$bind` so far."""


def fits(pattern: Any, value: Any, names: Names, bound: Bound | None = None) -> bool:
    """Whether `value` fits; notes in `bound` what `$bind` notes.

    After a misfit, `bound` may hold too much: use a copy where another try follows.
    """
    bound = {} if bound is None else bound
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(value) == len(pattern)
            and all(fits(inner, item, names, bound) for inner, item in zip(pattern, value))  # noqa: B905
        )
    if isinstance(pattern, dict):
        name = next(iter(pattern), "")
        if name.startswith("$"):
            return _matcher(name, pattern[name], value, names, bound)
        return isinstance(value, dict) and all(
            fits(inner, value.get(name), names, bound) for name, inner in pattern.items()
        )
    return same(pattern, value)


def _matcher(name: str, inner: Any, value: Any, names: Names, bound: Bound) -> bool:
    match name:
        case "$any":
            return value is not None
        case "$exactly":
            return same(inner, value)
        case "$one_of":
            return _first(inner, [value] * len(inner), names, bound)
        case "$all":
            return all(fits(pattern, value, names, bound) for pattern in inner)
        case "$not":
            return not fits(inner, value, names, dict(bound))
        case "$contains":
            return isinstance(value, str) and inner in value
        case "$has":
            return isinstance(value, list) and _first([inner] * len(value), value, names, bound)
        case "$each":
            return isinstance(value, list) and all(
                fits(inner, item, names, bound) for item in value
            )
        case "$length":
            return isinstance(value, (list, dict, str)) and fits(inner, len(value), names, bound)
        case "$at_least":
            return _is_number(value) and value >= inner
        case "$at_most":
            return _is_number(value) and value <= inner
        case "$bind":
            if inner in bound:
                return same(bound[inner], value)
            bound[inner] = value
            return value is not None
        case "$session":
            return inner in names.sessions and value == names.sessions[inner]
        case "$flow":
            return bool(value == names.flow)
    # Patterns are checked before anything is played.
    return False


def _first(patterns: list[Any], values: list[Any], names: Names, bound: Bound) -> bool:
    """Whether any of the pairs fits; what the first that does binds is noted."""
    for pattern, value in zip(patterns, values):  # noqa: B905
        tried = dict(bound)
        if fits(pattern, value, names, tried):
            bound.update(tried)
            return True
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def same(one: Any, two: Any) -> bool:
    """Whether two values are the same JSON: numbers by value, with all their digits."""
    if _is_number(one) and _is_number(two):
        return bool(one == two)
    if type(one) is not type(two):
        return False
    if isinstance(one, list):
        return len(one) == len(two) and all(same(*pair) for pair in zip(one, two))  # noqa: B905
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[name], two[name]) for name in one)
    return bool(one == two)
