"""Ctrl-C ends every blocking call at once, and the client goes on working after it."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from support import Script, asking

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator

HELD = ["create_session", "get_session", "get_sessions", "add_user_input", "cancel_session"]

CALLS = {
    "create_session": "client.create_session(flow)",
    "get_session": "client.get_session(flow, other.id)",
    "get_sessions": "client.get_sessions(flow)",
    "iter_sessions": "next(client.iter_sessions(flow))",
    "add_user_input": "client.add_user_input(flow, other.id, 'x')",
    "cancel_session": "client.cancel_session(flow, other.id)",
    "start": "client.start(flow)",
    "restore_all": "client.restore_all()",
    "answer": "live.answer(prompt, 'x')",
    "wait": "live.wait()",
    "wait with a timeout": "live.wait(60)",
    "cancel": "live.cancel()",
    "next_event": "[live.next_event() for _ in range(100)]",
    "events": "list(live.events())",
    "run": "client.run(flow)",
    "run, in a callback": "client.run(flow, on_prompt=lambda _: time.sleep(60))",
}
NOT_HELD = {"next_event", "events", "run", "run, in a callback", "restore_all"}


@pytest.mark.parametrize("call", CALLS)
def test_it_ends_the_call(simulator: Simulator, call: str) -> None:
    script = Script(
        simulator,
        f"""
        import sys, time
        from support import fast
        from truestate_liveflow import Client, PromptRequested
        from truestate_liveflow.testing import COMPANY_RESEARCH

        class Stuck:
            def list(self): time.sleep(60)
            def save(self, checkpoint): pass
            def load(self, session_id): pass
            def delete(self, session_id): pass

        flow = sys.argv[1]
        client = Client.from_env(**fast(), checkpoint_store=Stuck())
        other = client.create_session(COMPANY_RESEARCH)
        live = client.start(flow)
        prompt = next(event.prompt for event in live.events() if isinstance(event, PromptRequested))
        print("ready", flush=True)
        input()
        try:
            {CALLS[call]}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        input()
        assert client.get_session(COMPANY_RESEARCH, other.id).id == other.id
        print("fine")
        """,
        asking(simulator),
    )
    assert script.wait_for_line() == "ready"
    if call not in NOT_HELD:
        simulator.add_faults([{"on": name, "fault": "hold"} for name in HELD])
    script.say()
    time.sleep(0.15)
    begun = time.monotonic()
    script.process.send_signal(signal.SIGINT)
    assert script.wait_for_line() == "interrupted"
    assert time.monotonic() - begun < 1
    simulator.clear_faults()
    script.say()
    assert script.ended(10) == "fine"
