"""What stands for something in the core, of which a copy would be a second owner."""

from __future__ import annotations

from typing import ClassVar, NoReturn


class Owner:
    """Can be shared between threads and tasks, but neither copied nor pickled.

    A copy would let go of the same object in the core a second time.
    """

    _instead: ClassVar[str] = "share this one"
    """What to do, for the error's text."""

    def __reduce_ex__(self, _: object) -> NoReturn:
        kind = type(self).__name__
        raise TypeError(f"a {kind} cannot be copied or pickled: {self._instead}")
