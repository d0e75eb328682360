"""The event loop that a coroutine of this library runs on."""

from __future__ import annotations

import asyncio


def running() -> asyncio.AbstractEventLoop:
    """Give asyncio's running loop, or say what to do where there is none, as under trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        message = (
            "AsyncClient needs a running event loop of asyncio (or uvloop), and there is none "
            "here: use Client, in a thread where something else must not be blocked"
        )
        raise RuntimeError(message) from None
