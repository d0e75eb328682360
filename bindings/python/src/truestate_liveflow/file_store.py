"""A ready-made place for checkpoints: a folder with one file for each session."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _lifecycle, _translate
from ._native import liveflow as core
from ._native import liveflow_ffi as ffi
from .callbacks import StoredCheckpoint
from .errors import ConfigurationError

if TYPE_CHECKING:
    import builtins


class FileCheckpointStore:
    """Keeps checkpoints in a folder, one file for each session, atomically and durably.

    ```python
    client = Client(key, checkpoint_store=FileCheckpointStore("checkpoints"))
    ```

    Only the user that the program runs as may read the files (on Unix), because a checkpoint holds
    what somebody typed. Other files in the folder are left alone, and a damaged checkpoint hides
    none of the others. Programs may share a folder as long as each session has one owner at a time.
    Its methods wait for the disk; what goes wrong there is a `HandlerFailedError`.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """Use this folder, which is made if it is not there.

        A `ConfigurationError` says that it cannot be used.
        """
        _lifecycle.check()
        self._folder = os.fspath(folder)
        try:
            self._folder.encode()
        except UnicodeEncodeError:
            message = f"checkpoints cannot be kept in a folder whose name is no text: {folder!r}"
            error = ConfigurationError(message)
            error.setting = "checkpoint_store"
            raise error from None
        self._core = _translate.call(ffi.FileCheckpointStore, self._folder)

    @property
    def folder(self) -> str:
        """Where the files are."""
        return self._folder

    def save(self, checkpoint: StoredCheckpoint) -> None:
        """Store it in place of the session's older one. It is durable when this returns."""
        native = core.StoredCheckpoint(
            session_id=checkpoint.session_id, number=checkpoint.number, data=checkpoint.data
        )
        _translate.call(self._core.save, native)

    def load(self, session_id: str) -> StoredCheckpoint | None:
        """Give the session's checkpoint, if there is one."""
        kept = _translate.call(self._core.load, session_id)
        return None if kept is None else StoredCheckpoint(kept.session_id, kept.number, kept.data)

    def list(self) -> builtins.list[str]:
        """Give the ids of all sessions that have one."""
        return _translate.call(self._core.list)

    def delete(self, session_id: str) -> None:
        """Forget the session's checkpoint; no error if there is none."""
        _translate.call(self._core.delete, session_id)

    def __repr__(self) -> str:
        """Give the folder."""
        return f"FileCheckpointStore({self._folder!r})"
