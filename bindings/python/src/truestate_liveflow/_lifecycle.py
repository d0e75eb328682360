"""The end of the process, and its doubling.

A thread of the core that calls into an interpreter which is being torn down aborts the process. So
the core is stopped when the interpreter begins to exit, before anything is torn down.

By then only daemon threads are left beside the main one. Those that are in a call stay in it, as
they would in `time.sleep`: an error that nobody can handle any more would only be noise.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from ._native import liveflow_ffi as ffi
from .errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_MS = 2000
"""How long the exit waits for the core's threads: none of them does anything that takes long."""

_last: list[Callable[[], None]] = []
_exiting = False


def check() -> None:
    """Go no further when the interpreter exits."""
    if not _exiting:
        return
    if threading.current_thread() is not threading.main_thread():
        threading.Event().wait()
    raise ClosedError("the interpreter is exiting")


def at_last(action: Callable[[], None]) -> None:
    """Have it done when the interpreter exits and the core has been stopped."""
    _last.append(action)


def in_forked_child(action: Callable[[], None]) -> None:
    """Have it done first thing in a forked child, whose only thread is the one that forked."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=action)


@atexit.register
def _exit() -> None:
    global _exiting  # noqa: PLW0603 - the interpreter exits once
    _exiting = True
    ffi.shutdown_runtime(_PATIENCE_MS)
    for action in _last:
        action()
