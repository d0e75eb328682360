"""Log records: they reach Python's logging or a sink, never hold a secret, never block."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from support import Script, asking, blocking_client, eventually
from truestate_liveflow import LogRecord, logs, set_log_sink
from truestate_liveflow.testing import LEAD_QUALIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from truestate_liveflow.testing import Simulator


@pytest.fixture(autouse=True)
def _default_sink_again() -> Iterator[None]:
    yield
    set_log_sink(None, logging.WARNING)


def test_a_sink_gets_records_without_the_key_or_any_body(simulator: Simulator) -> None:
    records: list[LogRecord] = []
    set_log_sink(records.append, level="NOTSET")
    with blocking_client(simulator, credentials=None) as client:
        client.run(
            asking(simulator), {"company": "private-input"}, on_prompt=lambda _: "private-answer"
        )
    eventually(lambda: records)
    text = repr(records)
    assert simulator.api_key not in text
    assert "private-input" not in text
    assert "private-answer" not in text
    assert all(record.target.startswith("liveflow") for record in records)
    assert all(str(record).startswith(record.message) for record in records)


def test_records_reach_pythons_logging(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(5, "truestate_liveflow"):
        set_log_sink(None, level=5)
        with blocking_client(simulator) as client:
            client.get_sessions(LEAD_QUALIFICATION)
        eventually(lambda: caplog.records)
    assert {record.name for record in caplog.records} == {"truestate_liveflow"}
    assert all(hasattr(record, "liveflow_target") for record in caplog.records)


def test_the_level_is_that_of_the_logger_when_a_client_is_made(simulator: Simulator) -> None:
    script = Script(
        simulator,
        """
        import logging, sys
        logging.basicConfig(level=5, stream=sys.stdout, format="%(name)s %(message)s")
        from truestate_liveflow import Client
        with Client.from_env() as client:
            client.get_sessions(sys.argv[1])
        """,
        LEAD_QUALIFICATION,
    )
    assert "truestate_liveflow " in script.ended()


def test_by_default_nothing_is_said_when_nothing_is_wrong(simulator: Simulator) -> None:
    script = Script(
        simulator,
        """
        import sys
        from truestate_liveflow import Client
        with Client.from_env() as client:
            client.run(sys.argv[1])
        """,
        "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11",
    )
    assert script.ended() == ""


def test_a_sink_that_raises_or_hangs_harms_nobody(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    called = threading.Event()

    def sink(_: LogRecord) -> None:
        called.set()
        release.wait(30)
        message = "the sink's own mistake"
        raise RuntimeError(message)

    set_log_sink(sink, level=5)
    with blocking_client(simulator) as client:
        assert client.run(asking(simulator), on_prompt=lambda _: "yes").output == "yes"
    assert called.wait(5)
    release.set()
    eventually(lambda: "the sink's own mistake" in caplog.text)


@pytest.mark.parametrize("mistake", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_sink_goes_on_after_whatever_it_raised(
    simulator: Simulator, mistake: type[BaseException]
) -> None:
    records: list[LogRecord] = []

    def sink(record: LogRecord) -> None:
        records.append(record)
        if len(records) == 1:
            raise mistake

    set_log_sink(sink, level=5)
    with blocking_client(simulator) as client:
        eventually(lambda: client.get_sessions(LEAD_QUALIFICATION) == [] and len(records) > 1)


def test_records_that_do_not_fit_are_counted(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs._logs._records, "maxsize", 20)
    release = threading.Event()
    records: list[LogRecord] = []

    def sink(record: LogRecord) -> None:
        records.append(record)
        release.wait(30)

    set_log_sink(sink, level=5)
    with blocking_client(simulator, max_concurrent_requests=1) as client:
        eventually(lambda: client.get_sessions(LEAD_QUALIFICATION) == [] and records)
        for _ in range(100):
            client.get_sessions(LEAD_QUALIFICATION)
        release.set()
        eventually(lambda: client.get_sessions(LEAD_QUALIFICATION) == [] and _dropped(records))
    assert _dropped(records) > 0


def _dropped(records: list[LogRecord]) -> int:
    return sum(int(record.fields.get("records_dropped", "0")) for record in records)


@pytest.mark.parametrize("level", ["LOUD", None, True])
def test_an_unknown_level_is_refused(level: object) -> None:
    with pytest.raises(ValueError, match="unknown log level"):
        set_log_sink(print, level=level)  # type: ignore[arg-type]


def test_a_level_above_all_records_turns_them_off(simulator: Simulator) -> None:
    records: list[LogRecord] = []
    set_log_sink(records.append, level="CRITICAL")
    with blocking_client(simulator) as client:
        client.get_sessions(LEAD_QUALIFICATION)
    assert records == []
