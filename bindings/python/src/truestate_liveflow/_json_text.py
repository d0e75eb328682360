"""JSON as it crosses the boundary: text that nobody has looked at yet."""

from __future__ import annotations


class JsonText(str):
    """Text that is known to be JSON. The generated code makes it, as `uniffi.toml` tells it to."""

    __slots__ = ()
