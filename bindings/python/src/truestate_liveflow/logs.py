"""The library's own log records.

They go to Python's `logging`, to the logger `truestate_liveflow`, from the level that this logger
has when a client is made (`WARNING`, unless the application says otherwise). What is below that
level costs nothing. `set_log_sink` sends them elsewhere, or changes the level. Records never hold
an API key, a credential header or the body of a request.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from . import _lifecycle
from ._native import liveflow_ffi as ffi

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("truestate_liveflow")

_QUEUE = 1024
_LAST_WORDS_S = 0.2
"""How long the exit waits for records that are still on their way."""

_LEVELS = {
    ffi.LogLevel.ERROR: logging.ERROR,
    ffi.LogLevel.WARN: logging.WARNING,
    ffi.LogLevel.INFO: logging.INFO,
    ffi.LogLevel.DEBUG: logging.DEBUG,
    ffi.LogLevel.TRACE: logging.NOTSET + 5,
}


@dataclass(frozen=True)
class LogRecord:
    """One record of the library."""

    level: int
    """Its level, one of `logging`'s (5 for the finest)."""
    target: str
    """Which part of the library says it."""
    message: str
    """What it says."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Its further members."""

    def __str__(self) -> str:
        members = "".join(f" {name}={value}" for name, value in self.fields.items())
        return f"{self.message}{members}"


LogSink: TypeAlias = Callable[[LogRecord], object]
"""Takes records, one at a time, on a thread of its own."""


def set_log_sink(sink: LogSink | None = None, level: int | str = logging.WARNING) -> None:
    """Send the process's log records of `level` and above to `sink`.

    Without a sink they go to the logger `truestate_liveflow` again.

    Args:
        sink: Called with each record on a thread of its own. What it raises is logged to
            `truestate_liveflow` and ends nothing. When it is too slow, records are dropped, and
            the next one says how many in its field `records_dropped`.
        level: One of `logging`'s, as a number or a name.

    Raises:
        ValueError: There is no such level.

    """
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    if isinstance(number, bool) or not isinstance(number, int):
        message = f"unknown log level: {level!r}"
        raise ValueError(message)  # noqa: TRY004 - the name is wrong, not its type
    _logs.choose(sink, number)


def start() -> None:
    """Send records to Python's logging, unless a sink was chosen."""
    _logs.start()


def _to_logging(record: LogRecord) -> None:
    if logger.isEnabledFor(record.level):
        logger.log(record.level, "%s", record, extra={"liveflow_target": record.target})


class _Sink(ffi.LogSink):
    """What the core sees: it only puts the record in a queue, for a Python thread to serve."""

    def __init__(self, records: queue.Queue[tuple[LogSink, LogRecord]], sink: LogSink) -> None:
        self._records = records
        self._sink = sink
        self._dropped = 0

    def log(self, record: ffi.LogRecord) -> None:
        fields = {member.name: member.value for member in record.fields}
        dropped = self._dropped + int(fields.get("records_dropped", "0"))
        if dropped:
            fields["records_dropped"] = str(dropped)
        public = LogRecord(_LEVELS[record.level], record.target, record.text, fields)
        try:
            self._records.put_nowait((self._sink, public))
        except queue.Full:
            self._dropped = dropped + 1
        else:
            self._dropped = 0


class _Logs:
    """Which sink is in use, and the thread that serves it."""

    def __init__(self) -> None:
        self._chosen: tuple[LogSink, int] | None = None
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._records: queue.Queue[tuple[LogSink, LogRecord]] = queue.Queue(_QUEUE)
        self._thread: threading.Thread | None = None
        self._used: tuple[LogSink, int] | None = None

    def choose(self, sink: LogSink | None, level: int) -> None:
        """Use this from now on, whatever the logger's level."""
        with self._lock:
            self._chosen = (sink or _to_logging, level)
            self._use(self._chosen)

    def start(self) -> None:
        """Use what was chosen, or else Python's logging at the logger's level."""
        with self._lock:
            self._use(self._chosen or (_to_logging, logger.getEffectiveLevel()))

    def forget_the_parents(self) -> None:
        """Begin anew in a forked child, where no thread of the parent's is; at the next client."""
        self._reset()

    def flush(self, patience: float) -> None:
        """Let the thread serve what is there, at most so many seconds."""
        with self._records.all_tasks_done:
            self._records.all_tasks_done.wait_for(
                lambda: not self._records.unfinished_tasks, patience
            )

    def _use(self, wanted: tuple[LogSink, int]) -> None:
        if wanted == self._used:
            return
        self._used = wanted
        sink, level = wanted
        if level > logging.ERROR:  # the core has nothing graver to say
            ffi.set_log_sink(None, ffi.LogLevel.ERROR)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="liveflow-log", daemon=True)
            self._thread.start()
        ffi.set_log_sink(_Sink(self._records, sink), _native_level(level))

    def _serve(self) -> None:
        while True:
            sink, record = self._records.get()
            try:
                sink(record)
            except BaseException:  # whatever it raises ends nothing
                logger.exception("the log sink failed")
            finally:
                self._records.task_done()


def _native_level(level: int) -> ffi.LogLevel:
    """Give the finest of the core's levels that this one includes."""
    included = (native for native, number in _LEVELS.items() if number >= level)
    return min(included, key=lambda native: _LEVELS[native])


_logs = _Logs()
_lifecycle.in_forked_child(_logs.forget_the_parents)
_lifecycle.at_last(lambda: _logs.flush(_LAST_WORDS_S))
