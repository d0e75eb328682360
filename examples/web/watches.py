"""The sessions that somebody looks at, each watched once, however many pages show it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from truestate_liveflow import AsyncClient, AsyncLiveSession


@dataclass
class _Watched:
    live: AsyncLiveSession
    viewers: int = 0


class Watches:
    """Begins to watch a session with its first viewer, and stops with its last."""

    def __init__(self, client: AsyncClient, flow: str) -> None:
        self._client = client
        self._flow = flow
        self._watched: dict[str, _Watched] = {}

    @asynccontextmanager
    async def viewing(self, session_id: str) -> AsyncIterator[AsyncLiveSession]:
        """Have the session watched for as long as the block lasts."""
        if session_id not in self._watched:
            live = await self._client.watch(self._flow, session_id)
            # Somebody else may have come while this waited; then theirs counts.
            watched = self._watched.setdefault(session_id, _Watched(live))
            if watched.live is not live:
                live.close()
        watched = self._watched[session_id]
        watched.viewers += 1
        try:
            yield watched.live
        finally:
            watched.viewers -= 1
            if watched.viewers == 0:
                self._watched.pop(session_id, None)
                watched.live.close()
