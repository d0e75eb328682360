"""JSON without loss: large integers and decimals keep their digits, and mistakes are placed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from ._words import NO_TEXT, is_text, kind
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

_quoted = json.encoder.encode_basestring


def decode(text: str) -> Any:
    """Decode JSON; a number that a `float` or `int` cannot hold exactly is a `Decimal`."""
    return json.loads(text, parse_float=_real, parse_int=_integer)


def encode(value: object, argument: str) -> str:
    """Encode it, or raise `InvalidRequestError` that says where in `argument` the mistake is."""
    return "".join(_Writer(argument).write(value, argument))


def _real(text: str) -> float | Decimal:
    number = float(text)
    short = repr(number)
    if short == text:
        return number
    exact = Decimal(text)
    return number if math.isfinite(number) and Decimal(short) == exact else exact


def _integer(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:  # more digits than the interpreter converts (sys.set_int_max_str_digits)
        return Decimal(text)


class _Writer:
    """Writes one value, remembering what it is in, because a list can hold itself."""

    def __init__(self, argument: str) -> None:
        self._argument = argument
        self._open: set[int] = set()

    def write(self, value: object, place: str) -> Iterator[str]:
        if value is None:
            yield "null"
        elif value is True:
            yield "true"
        elif value is False:
            yield "false"
        elif isinstance(value, str):
            yield self._text(value, place)
        elif isinstance(value, int):
            yield self._integer(value, place)
        elif isinstance(value, (float, Decimal)):
            yield self._real(value, place)
        elif isinstance(value, Mapping):
            yield from self._object(value, place)
        elif isinstance(value, (list, tuple)):
            yield from self._array(value, place)
        else:
            self._refuse(f"{place} is {kind(value)}, which is not JSON")

    def _text(self, value: str, place: str) -> str:
        if not is_text(value):
            self._refuse(f"{place} {NO_TEXT}")
        return _quoted(value)

    def _integer(self, value: int, place: str) -> str:
        try:
            return int.__repr__(value)
        except ValueError as error:
            self._refuse(f"{place} is too large: {error}")

    def _real(self, value: float | Decimal, place: str) -> str:
        is_finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
        if not is_finite:
            self._refuse(f"{place} is {value}, which JSON cannot say")
        return str(value) if isinstance(value, Decimal) else float.__repr__(value)

    def _object(self, value: Mapping[object, object], place: str) -> Iterator[str]:
        self._enter(value, place)
        start = "{"
        for key, member in value.items():
            if not isinstance(key, str):
                self._refuse(f"{place} has the key {key!r}, and JSON's keys are text")
            yield f"{start}{self._text(key, f'a key of {place}')}:"
            yield from self.write(member, f"{place}.{key}")
            start = ","
        yield "}" if start == "," else "{}"
        self._open.discard(id(value))

    def _array(self, value: list[object] | tuple[object, ...], place: str) -> Iterator[str]:
        self._enter(value, place)
        start = "["
        for index, item in enumerate(value):
            yield start
            yield from self.write(item, f"{place}[{index}]")
            start = ","
        yield "]" if start == "," else "[]"
        self._open.discard(id(value))

    def _enter(self, value: object, place: str) -> None:
        if id(value) in self._open:
            self._refuse(f"{place} contains itself")
        if len(self._open) >= _DEEPEST:
            self._refuse(f"{self._argument} is nested more than {_DEEPEST} levels deep")
        self._open.add(id(value))

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidRequestError(reason, argument=self._argument)


_DEEPEST = 100
"""What the core takes; here it also keeps the interpreter's stack from overflowing."""
