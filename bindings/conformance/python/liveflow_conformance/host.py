"""What the SDK asks of its host: credentials and a place for checkpoints."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from truestate_liveflow import FileCheckpointStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truestate_liveflow import CheckpointStore, CredentialsRequest, StoredCheckpoint


class Rotating:
    """Gives the first set of headers, and the next one each time the last were refused."""

    def __init__(self, sets: list[dict[str, str]]) -> None:
        self._sets = sets
        self._at = 0

    def headers(self, request: CredentialsRequest) -> dict[str, str]:
        """Give the headers to send."""
        if request.refused and self._at + 1 < len(self._sets):
            self._at += 1
        return self._sets[self._at]


class Store:
    """A checkpoint store in memory, or one that cannot save."""

    def __init__(self, *, fails: bool = False) -> None:
        self._kept: dict[str, StoredCheckpoint] = {}
        self._fails = fails

    def save(self, checkpoint: StoredCheckpoint) -> None:
        """Store it in place of the session's older one."""
        if self._fails:
            message = "the store is full"
            raise OSError(message)
        self._kept[checkpoint.session_id] = checkpoint

    def load(self, session_id: str) -> StoredCheckpoint | None:
        """Give the session's checkpoint, if there is one."""
        return self._kept.get(session_id)

    def list(self) -> Iterable[str]:
        """Give the ids of all sessions that have one."""
        return tuple(self._kept)

    def delete(self, session_id: str) -> None:
        """Forget the session's checkpoint."""
        self._kept.pop(session_id, None)


class Stores:
    """What the clients of one scenario have in common: checkpoints that outlive them."""

    def __init__(self) -> None:
        self._memory = Store()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    def give(self, kind: str) -> CheckpointStore:
        """Give a client the store that its configuration names."""
        if kind == "memory":
            return self._memory
        return FileCheckpointStore(self._folder.name) if kind == "files" else Store(fails=True)

    def clear(self) -> None:
        """Leave nothing on the disk."""
        self._folder.cleanup()
