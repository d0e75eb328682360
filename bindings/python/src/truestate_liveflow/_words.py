"""What is said of values that cannot be taken."""

from __future__ import annotations

import re

NO_TEXT = "holds half of a surrogate pair, which is not text"

_HALVES = re.compile("[\ud800-\udfff]")


def is_text(value: str) -> bool:
    """Tell whether it can be sent: not every `str` can.

    Never learnt by trying: the exception of an encoder holds the value, and that may be a key.
    """
    return _HALVES.search(value) is None


def kind(value: object) -> str:
    """Say what it is, with its article."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
