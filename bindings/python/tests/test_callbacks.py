"""Credentials and checkpoint stores: plain or async, well-behaved or not; on both clients."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from support import Script, answers_of, asking, async_client, endless, eventually
from truestate_liveflow import (
    AnswerUnresolved,
    AsyncLiveSession,
    CredentialsRequest,
    HandlerFailedError,
    LiveFlowError,
    PromptRequested,
    SessionStatus,
    StoredCheckpoint,
    Timeouts,
)
from truestate_liveflow.testing import LEAD_QUALIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from support import Twin
    from truestate_liveflow.testing import Simulator

HURRIED: dict[str, Any] = {
    "timeouts": Timeouts(connect=0.3, request=0.3, total=1),
    "max_staleness": 0.1,
    "answer_grace": 0.5,
}


class Keys:
    """Gives the right header, and remembers why it was asked."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.requests: list[CredentialsRequest] = []

    def headers(self, request: CredentialsRequest) -> dict[str, str]:
        self.requests.append(request)
        return {"Api-key": self.key}


class AsyncKeys(Keys):
    """The same, with `async`."""

    loop: asyncio.AbstractEventLoop

    async def headers(self, request: CredentialsRequest) -> dict[str, str]:  # type: ignore[override]
        self.loop = asyncio.get_running_loop()
        await asyncio.sleep(0.001)
        return super().headers(request)


class Files:
    """Checkpoints as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, checkpoint: StoredCheckpoint) -> None:
        path = self.folder / f"{checkpoint.session_id}.tmp"
        path.write_text(json.dumps(vars(checkpoint)))
        path.replace(self.folder / f"{checkpoint.session_id}.json")

    def load(self, session_id: str) -> StoredCheckpoint | None:
        path = self.folder / f"{session_id}.json"
        return StoredCheckpoint(**json.loads(path.read_text())) if path.exists() else None

    def list(self) -> Iterable[str]:
        return [path.stem for path in self.folder.glob("*.json")]

    def delete(self, session_id: str) -> None:
        (self.folder / f"{session_id}.json").unlink(missing_ok=True)


class AsyncFiles(Files):
    """The same, with `async`."""

    async def save(self, checkpoint: StoredCheckpoint) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().save(checkpoint)

    async def load(self, session_id: str) -> StoredCheckpoint | None:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().load(session_id)

    async def list(self) -> Iterable[str]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().list()

    async def delete(self, session_id: str) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().delete(session_id)


@pytest.mark.parametrize("kind", [Keys, AsyncKeys])
def test_credentials_take_the_keys_place(twin: Twin, kind: type[Keys]) -> None:
    keys = kind(twin.simulator.api_key)
    client = twin.client(credentials=keys)
    assert twin.do(client.get_sessions(LEAD_QUALIFICATION)) == []
    assert twin.simulator.journal()["requests"][-1]["api_key_right"] is True
    assert keys.requests
    assert not keys.requests[0].refused


def test_refused_credentials_are_asked_for_once_more(twin: Twin) -> None:
    class Refreshed(Keys):
        def headers(self, request: CredentialsRequest) -> dict[str, str]:
            if request.refused:
                self.key = twin.simulator.api_key
            return super().headers(request)

    keys = Refreshed("stale")
    twin.do(twin.client(credentials=keys).get_sessions(LEAD_QUALIFICATION))
    assert [request.refused for request in keys.requests] == [False, True]


def test_async_methods_of_an_async_client_run_on_its_loop(simulator: Simulator) -> None:
    keys = AsyncKeys(simulator.api_key)

    async def use() -> asyncio.AbstractEventLoop:
        async with simulator.async_client(credentials=keys) as client:
            await client.get_sessions(LEAD_QUALIFICATION)
        return asyncio.get_running_loop()

    assert asyncio.run(use()) is keys.loop


def test_async_methods_outlive_the_loop_that_they_ran_on(simulator: Simulator) -> None:
    keys = AsyncKeys(simulator.api_key)
    client = async_client(simulator, credentials=keys, **HURRIED)
    ran, stopped = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def start() -> AsyncLiveSession:
        return await client.start(endless(simulator))

    live = ran.run_until_complete(start())
    assert keys.loop is ran
    # Its loop no longer runs, but the watch goes on, and needs credentials.
    eventually(lambda: keys.loop not in (ran, stopped))
    assert stopped.run_until_complete(live.next_event()) is not None
    assert live.snapshot() is not None
    client.close()
    ran.close()
    stopped.close()


def test_async_methods_stay_on_the_loop_that_runs(simulator: Simulator) -> None:
    keys = AsyncKeys(simulator.api_key)
    client = async_client(simulator, credentials=keys)

    async def use() -> None:
        await client.get_sessions(LEAD_QUALIFICATION)

    async def use_beside_another() -> None:
        await use()
        await asyncio.to_thread(asyncio.run, use())
        assert keys.loop is asyncio.get_running_loop()

    asyncio.run(use_beside_another())
    client.close()


@pytest.mark.parametrize("given", [None, {"Api-key": 5}, {"bad\nname": "x"}, "text", 7])
def test_credentials_of_the_wrong_kind_are_an_error(twin: Twin, given: Any) -> None:
    class Wrong:
        def headers(self, _: CredentialsRequest) -> Any:
            return given

    client = twin.client(credentials=Wrong(), **HURRIED)
    with pytest.raises(LiveFlowError):
        twin.do(client.get_sessions(LEAD_QUALIFICATION))


def test_credentials_that_never_come_do_not_outlast_the_deadline(twin: Twin) -> None:
    release = threading.Event()

    class Stuck:
        def headers(self, _: CredentialsRequest) -> dict[str, str]:
            release.wait(30)
            return {}

    client = twin.client(credentials=Stuck(), **HURRIED)
    begun = time.monotonic()
    with pytest.raises(LiveFlowError):
        twin.do(client.get_sessions(LEAD_QUALIFICATION))
    assert time.monotonic() - begun < 5
    release.set()


def test_credentials_may_call_another_client(twin: Twin) -> None:
    simulator = twin.simulator

    class Nested(Keys):
        def headers(self, request: CredentialsRequest) -> dict[str, str]:
            with simulator.client() as other:
                other.get_sessions(LEAD_QUALIFICATION)
            return super().headers(request)

    client = twin.client(credentials=Nested(simulator.api_key))
    assert twin.do(client.get_sessions(LEAD_QUALIFICATION)) == []


@pytest.mark.parametrize("kind", [Files, AsyncFiles])
def test_a_session_is_restored_from_the_store(
    twin: Twin, tmp_path: Path, kind: type[Files]
) -> None:
    store = kind(tmp_path)
    first = twin.client(checkpoint_store=store)
    flow = asking(twin.simulator)
    live = twin.do(first.start(flow))
    prompt = twin.prompt(live.events())
    twin.eventually(lambda: list(tmp_path.glob("*.json")))
    first.close()
    (restored,) = twin.do(twin.client(checkpoint_store=store).restore_all())
    assert restored.id == live.id
    assert twin.prompt(restored.events()) == prompt
    twin.do(restored.answer(prompt, "after the restart"))
    assert twin.do(restored.wait()).output == "after the restart"
    twin.eventually(lambda: not list(tmp_path.glob("*.json")))


def test_nothing_is_sent_when_the_answer_cannot_be_stored(twin: Twin, tmp_path: Path) -> None:
    class Full(Files):
        is_full = False

        def save(self, checkpoint: StoredCheckpoint) -> None:
            if self.is_full:
                message = "no space left on device"
                raise OSError(message)
            super().save(checkpoint)

    store = Full(tmp_path)
    live = twin.do(twin.client(checkpoint_store=store, **HURRIED).start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    store.is_full = True
    with pytest.raises(HandlerFailedError) as raised:
        twin.do(live.answer(prompt, "precious"))
    assert raised.value.answer == "precious"
    assert answers_of(twin.simulator, live.id) == []


def test_a_checkpoint_as_text_goes_on_in_another_client(twin: Twin) -> None:
    first = twin.client()
    live = twin.do(first.start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    checkpoint = live.checkpoint()
    first.close()
    restored = twin.do(twin.client().restore(checkpoint))
    assert (restored.id, restored.live_flow_id) == (live.id, live.live_flow_id)
    assert twin.prompt(restored.events()) == prompt


def test_a_session_goes_on_in_another_process(simulator: Simulator, tmp_path: Path) -> None:
    """The first process is killed amid an answer; the second finds out what became of it."""
    flow = asking(simulator, 2)
    simulator.add_faults([{"on": "add_user_input", "fault": "hold", "nth": 2}])
    first = Script(
        simulator,
        """
        import sys, pathlib
        from support import fast
        from test_callbacks import Files
        from truestate_liveflow import Client, PromptRequested
        client = Client.from_env(**fast(), checkpoint_store=Files(pathlib.Path(sys.argv[2])))
        live = client.start(sys.argv[1])
        for event in live.events():
            match event:
                case PromptRequested(prompt):
                    print(prompt.text, flush=True)
                    live.answer(prompt, prompt.text.upper())
        """,
        flow,
        str(tmp_path),
    )
    assert first.wait_for_line() == "ask_1?"
    assert first.wait_for_line() == "ask_2?"
    eventually(lambda: "add_user_input" in _calls_without_an_answer(simulator))
    first.process.kill()
    first.process.communicate()
    second = Script(
        simulator,
        """
        import sys, pathlib
        from support import fast
        from test_callbacks import Files
        from truestate_liveflow import AnswerUnresolved, Client, PromptRequested
        client = Client.from_env(**fast(), checkpoint_store=Files(pathlib.Path(sys.argv[1])))
        (live,) = client.restore_all()
        asked = None
        for event in live.events():
            match event:
                case PromptRequested(prompt):
                    asked = prompt
                case AnswerUnresolved(prompt, text):
                    assert prompt == asked
                    live.answer(prompt, text)
        print(live.wait().output)
        """,
        str(tmp_path),
    )
    assert second.ended() == "ASK_2?"
    (session,) = simulator.journal()["sessions"]
    assert answers_of(simulator, session["id"]) == ["ASK_1?", "ASK_2?"]


def _calls_without_an_answer(simulator: Simulator) -> list[str]:
    return [
        request["call"] for request in simulator.journal()["requests"] if request["status"] is None
    ]


def test_an_answer_that_was_under_way_is_handed_back_after_a_restore(twin: Twin) -> None:
    client = twin.client(**HURRIED)
    live = twin.do(client.start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    twin.simulator.add_faults([{"on": "add_user_input", "fault": "reset_before_effect"}])
    checkpoints: list[str] = []

    def is_under_way() -> bool:
        checkpoints.append(live.checkpoint())
        return "precious" in checkpoints[-1]

    def answer() -> None:
        with pytest.raises(LiveFlowError):
            live.answer(prompt, "precious")

    if twin.is_async:

        async def answer_and_look() -> None:
            task = asyncio.ensure_future(live.answer(prompt, "precious"))
            while not is_under_way():
                await asyncio.sleep(0.005)
            task.cancel()

        twin.do(answer_and_look())
    else:
        thread = threading.Thread(target=answer)
        thread.start()
        eventually(is_under_way)
        client.close()
        thread.join()
    client.close()
    restored = twin.do(twin.client(**HURRIED).restore(checkpoints[-1]))
    events = restored.events()
    unresolved = twin.until(events, lambda event: isinstance(event, AnswerUnresolved))
    assert (unresolved.prompt, unresolved.text) == (prompt, "precious")


def test_hosts_of_a_forgotten_client_leave_no_thread(simulator: Simulator) -> None:
    def hosts() -> int:
        return sum("credentials" in thread.name for thread in threading.enumerate())

    before = hosts()
    client = simulator.client(credentials=Keys(simulator.api_key))
    client.get_sessions(LEAD_QUALIFICATION)
    assert hosts() == before + 1
    del client
    eventually(lambda: hosts() == before)


def test_a_damaged_checkpoint_is_refused(twin: Twin) -> None:
    client = twin.client()
    live = twin.do(client.start(endless(twin.simulator)))
    good = live.checkpoint()
    for bad in ("", "{}", good[:-5], good.replace("1", "999999", 1)):
        with pytest.raises(LiveFlowError):
            twin.do(client.restore(bad))
    assert twin.do(client.restore(good)).id == live.id
    assert SessionStatus.RUNNING.is_end is False
    assert PromptRequested.__match_args__ == ("prompt",)
