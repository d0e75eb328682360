"""How long a thread blocks in the core before it looks at Python's signals."""

from __future__ import annotations

import threading

_FOR_SIGNALS_MS = 50
_WITHOUT_MS = 1000


def milliseconds() -> int:
    """Give the length of a slice: only the main thread is ever interrupted by Ctrl-C."""
    is_main = threading.current_thread() is threading.main_thread()
    return _FOR_SIGNALS_MS if is_main else _WITHOUT_MS
