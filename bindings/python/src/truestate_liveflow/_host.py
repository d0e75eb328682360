"""Calls the application's credentials provider and checkpoint store.

The core calls from a thread of its own. User code must not run there: an interpreter that exits
meanwhile would abort the process. So the call is put in a queue and served by a Python thread, or
by the client's event loop.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from ._native import liveflow as core
from ._native import liveflow_ffi as ffi
from .callbacks import CheckpointStore, CredentialsProvider, CredentialsRequest, StoredCheckpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

logger = logging.getLogger("truestate_liveflow")


class Host:
    """A thread for one provider or store, started at its first call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """The loop that `async` methods run on; where it does not run, the thread runs them."""

    def submit(
        self,
        method: Callable[[], object],
        give: Callable[[Any], object],
        fail: Callable[[str], object],
    ) -> None:
        """Have `method` called, and what it gives handed to `give`. Returns at once."""
        self._jobs.put(lambda: self._serve(method, give, fail))
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"liveflow-{self._name}", daemon=True
                )
                self._thread.start()

    def serve_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run `async` methods there, unless the loop that they run on still does."""
        if self.loop is None or not self.loop.is_running():
            self.loop = loop

    def stop(self) -> None:
        """Let the thread end when it has nothing more to do."""
        self._jobs.put(None)

    def _run(self) -> None:
        for job in iter(self._jobs.get, None):
            job()

    def _serve(
        self,
        method: Callable[[], object],
        give: Callable[[Any], object],
        fail: Callable[[str], object],
    ) -> None:
        def failed(error: BaseException) -> None:
            logger.error("the %s failed", self._name, exc_info=error)
            fail(f"the {self._name} raised {type(error).__name__}")

        async def awaited(result: Any) -> None:
            try:
                give(await result)
            except BaseException as error:
                failed(error)
                if not isinstance(error, Exception):
                    raise

        try:
            result = method()
            if not inspect.isawaitable(result):
                give(result)
                return
            self._start(awaited(result))
        except BaseException as error:  # noqa: BLE001 - whatever it is, somebody waits for a reply
            failed(error)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        loop = self.loop
        if loop is not None and loop.is_running():
            try:
                asyncio.run_coroutine_threadsafe(coroutine, loop)
            except RuntimeError:  # the loop was closed just now
                coroutine.close()
                raise
        else:
            asyncio.run(coroutine)


class HostCredentials(ffi.CredentialsProvider):
    """What the core sees of a credentials provider."""

    def __init__(self, provider: CredentialsProvider) -> None:
        self.host = Host("credentials provider")
        self._provider = provider

    def headers(self, request: core.CredentialsRequest, reply: ffi.CredentialsReply) -> None:
        """Ask the provider."""
        why = CredentialsRequest(refused=request.refused)
        self.host.submit(
            lambda: self._provider.headers(why),
            lambda headers: reply.give(dict(headers)),
            reply.fail,
        )


class HostStore(ffi.CheckpointStore):
    """What the core sees of a checkpoint store."""

    def __init__(self, store: CheckpointStore) -> None:
        self.host = Host("checkpoint store")
        self._store = store

    def save(self, checkpoint: core.StoredCheckpoint, reply: ffi.DoneReply) -> None:
        """Have the store save."""
        public = StoredCheckpoint(checkpoint.session_id, checkpoint.number, checkpoint.data)
        self.host.submit(lambda: self._store.save(public), lambda _: reply.done(), reply.fail)

    def load(self, session_id: str, reply: ffi.LoadReply) -> None:
        """Have the store load."""
        self.host.submit(
            lambda: self._store.load(session_id),
            lambda checkpoint: reply.give(_native(checkpoint)),
            reply.fail,
        )

    def list(self, reply: ffi.ListReply) -> None:
        """Have the store list."""
        self.host.submit(
            lambda: self._store.list(),  # noqa: PLW0108 - looked up where a mistake is caught
            lambda session_ids: reply.give(list(session_ids)),
            reply.fail,
        )

    def delete(self, session_id: str, reply: ffi.DoneReply) -> None:
        """Have the store delete."""
        self.host.submit(lambda: self._store.delete(session_id), lambda _: reply.done(), reply.fail)


def _native(checkpoint: StoredCheckpoint | None) -> core.StoredCheckpoint | None:
    if checkpoint is None:
        return None
    return core.StoredCheckpoint(
        session_id=checkpoint.session_id, number=checkpoint.number, data=checkpoint.data
    )
