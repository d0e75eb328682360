"""JSON in and out, without loss."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest

from truestate_liveflow import InvalidRequestError, _json


def roundtrip(value: Any) -> Any:
    return _json.decode(_json.encode(value, "inputs"))


@pytest.mark.parametrize(
    "value",
    [
        {"text": 'quotes " and \\ and \n and \u2028 and 😀', "": None},
        [True, False, None, 0, -1, 1.5, 1e300, -0.0, 5e-324],
        2**64,
        10**400,
        Decimal("0.1000000000000000055511151231257827"),
        Decimal("1e5000"),
        {"a": [{"b": []}, {}]},
        "",
    ],
)
def test_what_is_sent_comes_back_the_same(value: Any) -> None:
    assert roundtrip(value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1", 0.1),
        ("0.10", 0.1),
        ("1E2", 100.0),
        ("0.30000000000000004", 0.30000000000000004),
        ("0.3000000000000000444", Decimal("0.3000000000000000444")),
        ("1e400", Decimal("1e400")),
        ("12345678901234567890123", 12345678901234567890123),
    ],
)
def test_numbers_keep_their_digits(text: str, expected: Any) -> None:
    number = _json.decode(text)
    assert number == expected
    assert type(number) is type(expected)


def test_an_integer_beyond_the_interpreters_limit_is_a_decimal() -> None:
    text = "7" * 10_000
    assert _json.decode(text) == Decimal(text)


def test_subclasses_of_plain_types_are_written_as_what_they_are() -> None:
    class Size(IntEnum):
        LARGE = 3

    class Name(str):
        __slots__ = ()

    assert _json.encode({"size": Size.LARGE, "name": Name("n"), "t": (1, 2)}, "inputs") == (
        '{"size":3,"name":"n","t":[1,2]}'
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, math.nan]}, "inputs.a[1] is nan"),
        ({"a": math.inf}, "inputs.a is inf"),
        ({"a": Decimal("NaN")}, "inputs.a is NaN"),
        ({"a": Decimal("sNaN")}, "inputs.a is sNaN"),
        ({"a": {"b": {1, 2}}}, "inputs.a.b is a set"),
        ({"a": b"bytes"}, "inputs.a is a bytes"),
        ({1: 2}, "inputs has the key 1"),
        ({"a": "\ud800"}, "inputs.a holds half of a surrogate pair"),
        ({"\ud800": 1}, "a key of inputs holds half of a surrogate pair"),
    ],
)
def test_a_mistake_is_placed(value: Any, place: str) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        _json.encode(value, "inputs")
    assert place in str(raised.value)
    assert raised.value.argument == "inputs"


def test_what_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append({"again": loop})
    with pytest.raises(InvalidRequestError, match=r"inputs\[0\]\.again contains itself"):
        _json.encode(loop, "inputs")


def test_the_same_value_twice_is_no_loop() -> None:
    part = {"x": 1}
    assert roundtrip([part, part]) == [part, part]


def test_nesting_is_limited() -> None:
    deep: Any = 0
    for _ in range(100):
        deep = [deep]
    assert roundtrip(deep) == deep
    with pytest.raises(InvalidRequestError, match="more than 100 levels"):
        _json.encode([deep], "inputs")
