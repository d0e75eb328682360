"""Checkpoints in Redis, where every worker finds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from truestate_liveflow import StoredCheckpoint

if TYPE_CHECKING:
    import builtins

    from redis import Redis


class RedisCheckpoints:
    """A `CheckpointStore`. How durable it is, is a setting of Redis (`appendfsync`).

    It wants a connection that decodes its responses.
    """

    def __init__(self, redis: Redis, key: str = "live-flow:checkpoints") -> None:
        self._redis = redis
        self._key = key

    def save(self, checkpoint: StoredCheckpoint) -> None:
        """Store it in place of the session's older one."""
        kept = json.dumps([checkpoint.number, checkpoint.data])
        self._redis.hset(self._key, checkpoint.session_id, kept)

    def load(self, session_id: str) -> StoredCheckpoint | None:
        """Give the session's checkpoint, if there is one."""
        kept = self._redis.hget(self._key, session_id)
        if kept is None:
            return None
        number, data = json.loads(kept)
        return StoredCheckpoint(session_id, number, data)

    def list(self) -> builtins.list[str]:
        """Give the ids of all sessions that have one."""
        return [str(key) for key in self._redis.hkeys(self._key)]

    def delete(self, session_id: str) -> None:
        """Forget the session's checkpoint."""
        self._redis.hdel(self._key, session_id)
