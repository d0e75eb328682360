"""A key is shown to nobody but the service it is for: not in a byte more than its one header, not
in a log record, not in an error, not in a traceback."""

from __future__ import annotations

import logging
import re
import socket
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from support import asking, eventually
from truestate_liveflow import LiveFlowError, set_log_sink
from truestate_liveflow.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "marked-7f3a91c4-key"
UNKNOWN = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def marked() -> Iterator[Simulator]:
    with Simulator(speed=100, api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that Python's logging hears, down to the least of it."""
    with caplog.at_level(1), caplog.at_level(1, "truestate_liveflow"):
        set_log_sink(None, level=1)
        yield caplog
    set_log_sink(None, logging.WARNING)


class Relay:
    """Hands everything on to the simulator and back, and keeps what was sent."""

    def __init__(self, simulator: Simulator) -> None:
        self.sent = bytearray()
        host, port = simulator.base_url.removeprefix("http://").split(":")
        self._service = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                service = socket.create_connection(self._service)
                for ends in [(client, service, self.sent), (service, client, None)]:
                    threading.Thread(target=self._copy, args=ends, daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
        with suppress(OSError):
            while piece := source.recv(4096):
                if kept is not None:
                    kept.extend(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


def provoke(client: Any) -> list[LiveFlowError]:
    """Make every call fail, and give the errors."""
    calls: list[Callable[[], object]] = [
        lambda: client.create_session(UNKNOWN, {}),
        lambda: client.get_session(UNKNOWN, UNKNOWN),
        lambda: client.get_sessions(UNKNOWN),
        lambda: client.add_user_input(UNKNOWN, UNKNOWN, "blue"),
        lambda: client.cancel_session(UNKNOWN, UNKNOWN),
        lambda: client.run(UNKNOWN),
    ]
    errors = []
    for call in calls:
        with pytest.raises(LiveFlowError) as raised:
            call()
        errors.append(raised.value)
    return errors


def shown(error: BaseException) -> str:
    """All that a person could see of an error."""
    parts = [str(error), repr(error), repr(vars(error))]
    return "\n".join([*parts, *traceback.format_exception(error)])


def test_of_all_that_is_sent_one_header_of_each_request_holds_the_key(
    marked: Simulator, log: pytest.LogCaptureFixture
) -> None:
    relay = Relay(marked)
    with marked.client(base_url=relay.base_url) as client:
        assert client.run(asking(marked), on_prompt=lambda _: "yes").output == "yes"
        for error in provoke(client):
            assert KEY not in shown(error)
        assert KEY not in repr(client)
    sent = relay.sent.decode()
    requests = len(re.findall(r" HTTP/1\.1\r\n", sent))
    assert requests >= 8
    assert len(re.findall(rf"\r\napi-key: {KEY}\r\n", sent, re.IGNORECASE)) == requests
    assert sent.count(KEY) == requests
    eventually(lambda: log.records)
    assert KEY not in log.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_no_error_and_no_log_record_repeats_a_key_that_the_service_repeats(
    marked: Simulator, log: pytest.LogCaptureFixture, status: int
) -> None:
    body = {"detail": [{"loc": ["header", KEY], "msg": f"the key {KEY} is wrong"}]}
    headers = {"x-request-id": KEY}
    fault = {"status": {"status": status, "body": body, "headers": headers}}
    marked.add_faults([{"on": "any", "fault": fault}])
    with marked.client() as client:
        for error in provoke(client):
            assert KEY not in shown(error)
    eventually(lambda: log.records)
    assert KEY not in log.text


def test_no_traceback_of_the_callers_own_mistake_shows_the_key(
    marked: Simulator, log: pytest.LogCaptureFixture
) -> None:
    def mistaken(_: object) -> str:
        message = "the caller's own mistake"
        raise RuntimeError(message)

    with marked.client() as client:
        with pytest.raises(RuntimeError) as raised:
            client.run(asking(marked), on_prompt=mistaken)
        assert KEY not in shown(raised.value)
        live = client.start(asking(marked))
        subscription = live.subscribe(mistaken)
        eventually(lambda: "the caller's own mistake" in log.text)
        subscription.cancel()
        assert KEY not in repr(live)
    assert KEY not in log.text
