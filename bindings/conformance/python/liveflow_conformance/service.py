"""The local service that a scenario is played against."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from truestate_liveflow.testing import (
    COMPANY_RESEARCH,
    CONTENT_MODERATION,
    LEAD_QUALIFICATION,
    Simulator,
    SimulatorError,
)

from .failure import invalid
from .threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOK_EVERY: Final = 0.005
"""How often the player looks whether something has come about, in seconds."""

STANDSTILL: Final = 0.000001
"""A speed at which the service's clock as good as stands still."""

_FLOW_ID: Final = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"
_SHIPPED: Final = {
    "lead-qualification": LEAD_QUALIFICATION,
    "company-research": COMPANY_RESEARCH,
    "content-moderation": CONTENT_MODERATION,
}


class Service:
    """A running simulator, whose control requests are awaited."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.base_url = simulator.base_url
        self.api_key = simulator.api_key

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """Send a control request, and give its answer."""
        try:
            return await in_thread(lambda: self._simulator.control(method, path, body))
        except SimulatorError as error:
            raise invalid(f"the service refused {error}") from None

    async def put_flow(self, flow: str | dict[str, Any]) -> str:
        """Make sure of the flow, and give its id."""
        if isinstance(flow, str):
            return _SHIPPED[flow]
        flow_id: str = flow.get("id", _FLOW_ID)
        await self.control("PUT", f"flows/{flow_id}", flow)
        return flow_id

    async def prepare(self, flow_id: str, session: dict[str, Any]) -> str:
        """Make a session out of band and bring it where it should be."""
        session_id = await in_thread(lambda: self._create(flow_id, session.get("inputs", {})))
        until = session.get("until", "ready")
        answers = list(session.get("answers", ()))
        while (status := await self.status(session_id)) != until:
            if until == "failed" and status != "finished":
                await self.advance(session_id, "failed by the scenario")
            elif status in ("ready", "running") and until != "ready":
                await self.advance(session_id)
            elif status == "waiting" and answers:
                await self.answer(session_id, answers.pop(0))
            else:
                raise invalid(f"a session is {status}, not {until}")
        return session_id

    def _create(self, flow_id: str, inputs: dict[str, Any]) -> str:
        request = Request(  # noqa: S310 - the address is the simulator's own
            f"{self.base_url}/live_flows/{flow_id}/sessions/",
            data=json.dumps({"inputs": inputs}).encode(),
            headers={"content-type": "application/json", "api-key": self.api_key},
        )
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=10) as response:
                session_id: str = json.load(response)["id"]
        except OSError as error:
            raise invalid(f"a session was not created: {error}") from None
        return session_id

    async def status(self, session_id: str) -> str:
        """Give a session's status, whatever the status words."""
        journal = await self.control("GET", f"journal?session={session_id}")
        if not journal["sessions"]:
            raise invalid(f"the service has no session {session_id}")
        status: str = journal["sessions"][0]["status"]
        return status

    async def journal(self) -> dict[str, Any]:
        """Give what happened so far."""
        journal: dict[str, Any] = await self.control("GET", "journal")
        return journal

    async def advance(self, session_id: str, fail: str | None = None) -> None:
        """Have the current step finish, or fail, now."""
        body = None if fail is None else {"fail": fail}
        await self.control("POST", f"sessions/{session_id}/advance", body)

    async def answer(self, session_id: str, answer: Any) -> None:
        """Have another device answer."""
        await self.control("POST", f"sessions/{session_id}/answer", {"answer": answer})


@asynccontextmanager
async def running() -> AsyncIterator[Service]:
    """Start a service, and stop it afterwards."""
    try:
        simulator = await in_thread(lambda: Simulator().start())
    except SimulatorError as error:
        raise invalid(f"the local service: {error}") from None
    try:
        yield Service(simulator)
    finally:
        await in_thread(simulator.stop)
