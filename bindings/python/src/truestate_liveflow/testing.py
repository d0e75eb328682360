"""A local Live Flow service for the tests of an application.

It needs the command `liveflow-simulator`: `pip install 'truestate-liveflow[testing]'`, or from a
checkout `pip install ./simulator`. Its documentation says what flows and faults look like.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from .async_client import AsyncClient
from .client import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from .config import ClientSettings

_COMMAND = "liveflow-simulator"
_START_S = 20
_STOP_S = 5

LEAD_QUALIFICATION = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
"""The built-in flow that asks two questions, `ask_budget` and `ask_timeline`."""
COMPANY_RESEARCH = "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11"
"""The built-in flow that asks nothing."""
CONTENT_MODERATION = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64"
"""The built-in flow that fails for `spam`, asks about `sell`, and approves the rest."""


class SimulatorError(Exception):
    """The simulator could not be found or started, or it refused a request."""


class Simulator:
    """A local Live Flow service on a free port, for as long as the `with` block lasts.

        with Simulator(speed=100) as simulator, simulator.client() as client:
            session = client.run(LEAD_QUALIFICATION, on_prompt=lambda prompt: "20000")

    Args:
        command: The simulator's binary. By default that of the environment variable
            `LIVEFLOW_SIMULATOR`, else `liveflow-simulator` beside this interpreter or on the path.
        flows: A directory of further flow files.
        speed: How many times as fast as real time sessions go.
        seed: Seeds random durations and faults.
        api_key: The one key that it accepts.
        arguments: Further arguments of the command.

    """

    base_url: str
    """Where it is."""
    control_url: str
    """Where it can be controlled even while it simulates an outage."""
    api_key: str
    """The one key that it accepts."""
    flows: list[dict[str, Any]]
    """Its flows, each with `id` and `name`."""

    def __init__(
        self,
        command: str | os.PathLike[str] | None = None,
        *,
        flows: str | os.PathLike[str] | None = None,
        speed: float = 1,
        seed: int = 0,
        api_key: str = "simulator-key",
        arguments: Iterable[str] = (),
    ) -> None:
        self._command = [_found(command), "--port", "0", "--exit-with-stdin", "--quiet"]
        self._command += ["--speed", str(speed), "--seed", str(seed), "--api-key", api_key]
        if flows is not None:
            self._command += ["--flows", os.fspath(flows)]
        self._command += arguments
        self._process: subprocess.Popen[bytes] | None = None
        # The system's proxy has no business with a service on this machine.
        self._open = build_opener(ProxyHandler({})).open

    def start(self) -> Self:
        """Start it. `with` does this."""
        process = subprocess.Popen(  # noqa: S603 - the caller's own command
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process = process
        # A simulator that says nothing is ended, and so is the reading of its first line.
        watchdog = threading.Timer(_START_S, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            line = process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            self.stop()
            code = process.returncode
            message = f"{self._command[0]} ended with {code} instead of starting; see its messages"
            raise SimulatorError(message)
        said = json.loads(line)
        self.base_url = said["base_url"]
        self.control_url = said["control_url"]
        self.api_key = said["api_key"]
        self.flows = said["flows"]
        return self

    def stop(self) -> None:
        """Stop it. `with` does this."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def client(self, **settings: Unpack[ClientSettings]) -> Client:
        """Make a client of it."""
        settings.setdefault("base_url", self.base_url)
        return Client(self.api_key, **settings)

    def async_client(self, **settings: Unpack[ClientSettings]) -> AsyncClient:
        """Make a client of it for asyncio."""
        settings.setdefault("base_url", self.base_url)
        return AsyncClient(self.api_key, **settings)

    def journal(self, session_id: str | None = None) -> dict[str, Any]:
        """Give what it saw: `requests`, and `sessions` with the `inputs` that took effect."""
        query = "" if session_id is None else f"?session={session_id}"
        return self._object("GET", f"journal{query}")

    def clear_journal(self) -> None:
        """Forget what it saw. Sessions stay."""
        self.control("DELETE", "journal")

    def add_faults(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Have requests fail as these rules say."""
        self.control("POST", "faults", list(rules))

    def faults(self) -> list[dict[str, Any]]:
        """Give the rules, and how often each was seen and fired."""
        rules: list[dict[str, Any]] = self.control("GET", "faults")
        return rules

    def clear_faults(self) -> None:
        """Have no more requests fail."""
        self.control("DELETE", "faults")

    def upload_flow(self, flow: Mapping[str, Any], flow_id: str | None = None) -> str:
        """Add a flow, or replace it for new sessions, and give its id."""
        uuid = str(flow_id or flow["id"])
        self.control("PUT", f"flows/{uuid}", dict(flow))
        return uuid

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change how it behaves where the real service is undocumented; give all settings."""
        return self._object("PUT", "settings", changes)

    def answer(self, session_id: str, answer: Any) -> dict[str, Any]:
        """Answer a session's open prompt as another device would."""
        return self._object("POST", f"sessions/{session_id}/answer", {"answer": answer})

    def advance(self, session_id: str, *, fail: str | None = None) -> dict[str, Any]:
        """Have the session's current step finish now, or fail with this error."""
        body = None if fail is None else {"fail": fail}
        return self._object("POST", f"sessions/{session_id}/advance", body)

    def clock(
        self, *, speed: float | None = None, advance_ms: float | None = None
    ) -> dict[str, Any]:
        """Change the speed of time, or let time jump ahead."""
        changes = {"speed": speed, "advance_ms": advance_ms}
        given = {name: value for name, value in changes.items() if value is not None}
        return self._object("PUT" if given else "GET", "clock", given or None)

    def drop_connections(self, how: str = "reset") -> None:
        """Drop all connections: `reset` or `close`."""
        self.control("POST", "drop_connections", {"how": how})

    def listening(self, accept: bool, how: str = "refuse", for_ms: int | None = None) -> None:
        """Begin or end an outage in which it refuses or resets connections."""
        body: dict[str, Any] = {"accept": accept}
        if not accept:
            body |= {"how": how} | ({} if for_ms is None else {"for_ms": for_ms})
        self.control("PUT", "listening", body)

    def reset(self) -> None:
        """Forget everything but how it was started."""
        self.control("POST", "reset")

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Send a control request, and give its answer.

        Raises:
            SimulatorError: It was refused.

        """
        data = None if body is None else json.dumps(body).encode()
        request = Request(  # noqa: S310 - the address is the simulator's own
            f"{self.control_url}/_simulator/{path}",
            data=data,
            method=method,
            headers={"content-type": "application/json"},
        )
        try:
            with self._open(request, timeout=_START_S) as response:
                text = response.read()
        except HTTPError as error:
            with error:
                message = f"{method} {path}: {error.code} {error.read().decode(errors='replace')}"
            raise SimulatorError(message) from None
        return json.loads(text) if text else None

    def __repr__(self) -> str:
        state = "stopped" if self._process is None else self.base_url
        return f"<Simulator {state}>"

    def _object(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.control(method, path, body)
        return answer


def _found(command: str | os.PathLike[str] | None) -> str:
    named = command or os.environ.get("LIVEFLOW_SIMULATOR")
    if named is not None:
        path = shutil.which(os.fspath(named))
        if path is None:
            message = f"there is no simulator at {os.fspath(named)}"
            raise SimulatorError(message)
        return path
    beside = os.pathsep.join([sysconfig.get_path("scripts"), str(Path(sys.executable).parent)])
    path = shutil.which(_COMMAND, path=beside) or shutil.which(_COMMAND)
    if path is None:
        message = (
            f"the command {_COMMAND} was not found: install it with "
            "`pip install 'truestate-liveflow[testing]'` (in a checkout: "
            "`pip install ./simulator`), or name it in the environment variable LIVEFLOW_SIMULATOR"
        )
        raise SimulatorError(message)
    return path
