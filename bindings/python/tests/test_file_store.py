"""The ready-made checkpoint store."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from support import answers_of, asking, eventually
from truestate_liveflow import (
    ConfigurationError,
    FileCheckpointStore,
    HandlerFailedError,
    StoredCheckpoint,
)

if TYPE_CHECKING:
    from pathlib import Path

    from support import Twin

ID = "11111111-2222-3333-4444-555555555555"


def test_what_is_saved_is_there_for_the_next_program(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    before = FileCheckpointStore(folder)
    assert (before.list(), before.load(ID)) == ([], None)
    before.save(StoredCheckpoint(ID, 1, "old"))
    before.save(StoredCheckpoint(ID, 2, "new"))
    after = FileCheckpointStore(str(folder))
    assert after.list() == [ID]
    assert after.load(ID) == StoredCheckpoint(ID, 2, "new")
    (file,) = folder.iterdir()
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    after.delete(ID)
    after.delete(ID)
    assert list(folder.iterdir()) == []
    assert repr(after) == f"FileCheckpointStore({str(folder)!r})"
    assert after.folder == str(folder)


def test_what_is_damaged_hides_nothing_else(tmp_path: Path) -> None:
    store = FileCheckpointStore(tmp_path)
    store.save(StoredCheckpoint(ID, 1, "fine"))
    (tmp_path / f"session-{ID[::-1]}.checkpoint").write_text("{")
    (tmp_path / "notes.txt").write_text("mine")
    assert store.list() == [ID]
    with pytest.raises(HandlerFailedError, match="damaged"):
        store.load(ID[::-1])


def test_a_folder_that_cannot_be_used_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "\udcff"):
        with pytest.raises(ConfigurationError) as refused:
            FileCheckpointStore(folder)
        assert refused.value.setting == "checkpoint_store"


def test_a_session_goes_on_from_its_file_after_a_restart(twin: Twin, tmp_path: Path) -> None:
    flow = asking(twin.simulator)
    before = twin.client(checkpoint_store=FileCheckpointStore(tmp_path))
    live = twin.do(before.start(flow))
    prompt = twin.prompt(live.events())
    eventually(lambda: FileCheckpointStore(tmp_path).list() == [live.id])
    before.close()
    after = twin.client(checkpoint_store=FileCheckpointStore(tmp_path))
    (restored,) = twin.do(after.restore_all())
    assert restored.id == live.id
    assert twin.prompt(restored.events()) == prompt
    twin.do(restored.answer(prompt, "yes"))
    twin.do(restored.wait())
    assert answers_of(twin.simulator, live.id) == ["yes"]
    eventually(lambda: FileCheckpointStore(tmp_path).list() == [])
