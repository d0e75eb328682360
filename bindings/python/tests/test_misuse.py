"""What is used otherwise than it is meant to be says so, at once and in words for a person."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from support import asking, async_client, blocking_client, endless
from truestate_liveflow import (
    AsyncClient,
    AsyncLiveSession,
    Client,
    ConfigurationError,
    InvalidRequestError,
    Prompt,
    PromptRequested,
)
from truestate_liveflow.testing import LEAD_QUALIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Twin
    from truestate_liveflow.testing import Simulator

COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    # What `dataclasses.asdict` and many a framework do to what they are given.
    "deepcopy of what holds it": lambda handle: copy.deepcopy({"a": [handle]}),
}


class Provider:
    """A provider, of which somebody hands in the class."""

    def headers(self, _: object) -> dict[str, str]:
        return {}


@pytest.mark.parametrize("way", COPIES)
def test_handles_cannot_be_copied_and_say_what_to_do_instead(twin: Twin, way: str) -> None:
    client = twin.client()
    live = twin.do(client.start(asking(twin.simulator)))
    events = live.events()
    handles = [client, live, events]
    if not twin.is_async:
        handles.append(live.subscribe(lambda _: None))
    for handle in handles:
        with pytest.raises(TypeError, match=f"a {type(handle).__name__} cannot be copied"):
            COPIES[way](handle)
    with pytest.raises(TypeError, match=r"make one in each process"):
        COPIES[way](client)
    with pytest.raises(TypeError, match=r"hand its checkpoint\(\) to restore\(\)"):
        COPIES[way](live)
    twin.do(live.answer(twin.prompt(events), "still here"))
    assert twin.do(live.wait(10)).output == "still here"


def test_without_a_loop_of_asyncio_nothing_is_begun(simulator: Simulator) -> None:
    client = async_client(simulator)

    async def asked() -> tuple[AsyncLiveSession, Prompt]:
        live = await client.start(asking(simulator))
        while not isinstance(event := await live.next_event(), PromptRequested):
            pass
        return live, event.prompt

    live, prompt = asyncio.run(asked())
    simulator.clear_journal()
    # As another library's loop would run them.
    for coroutine in (
        client.get_sessions(LEAD_QUALIFICATION),
        client.run(LEAD_QUALIFICATION),
        live.answer(prompt, "yes"),
        live.wait(),
        live.next_event(),
    ):
        with pytest.raises(RuntimeError, match=r"needs a running event loop of asyncio"):
            coroutine.send(None)
    with pytest.raises(RuntimeError, match=r"needs a running event loop of asyncio"):
        live.subscribe(print)
    client.close()
    journal = simulator.journal()
    assert {request["call"] for request in journal["requests"]} <= {"get_session"}
    assert journal["sessions"][0]["inputs"] == []


@pytest.mark.parametrize("which", ["on_prompt", "on_event"])
def test_callbacks_are_checked_before_a_session_is_created(twin: Twin, which: str) -> None:
    client = twin.client()
    wrong: list[Any] = ["not callable", 5]
    if not twin.is_async:

        async def too_async(_: object) -> None: ...

        wrong.append(too_async)
    for callback in wrong:
        with pytest.raises(TypeError, match=which):
            twin.do(client.run(LEAD_QUALIFICATION, **{which: callback}))
    assert twin.simulator.journal()["sessions"] == []


def test_listeners_are_checked_when_they_subscribe(simulator: Simulator) -> None:
    async def too_async(_: object) -> None: ...

    with blocking_client(simulator) as client:
        live = client.start(endless(simulator))
        with pytest.raises(TypeError, match=r"must be callable, not a str"):
            live.subscribe("print")
        with pytest.raises(TypeError, match=r"is async; AsyncClient"):
            live.subscribe(too_async)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("setting", "wrong", "words"),
    [
        ("credentials", lambda _: {"Api-key": "k"}, "'headers'"),
        ("credentials", {"Api-key": "k"}, "'headers'"),
        ("credentials", Provider, "the class Provider"),
        ("checkpoint_store", {}, "'save'"),
    ],
)
def test_providers_and_stores_are_checked_when_a_client_is_made(
    kind: type[Client | AsyncClient], setting: str, wrong: Any, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        kind("key", **{setting: wrong})
    assert raised.value.setting == setting


def test_a_prompt_is_what_is_answered(twin: Twin) -> None:
    client = twin.client()
    live = twin.do(client.start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    for wrong in (None, "ask_1?", prompt.run_id, {"run_id": prompt.run_id}):
        with pytest.raises(InvalidRequestError, match=r"prompt must be a Prompt") as raised:
            twin.do(live.answer(wrong, "yes"))
        assert raised.value.argument == "prompt"


def test_an_answer_that_cannot_be_sent_is_handed_back(twin: Twin) -> None:
    client = twin.client()
    live = twin.do(client.start(asking(twin.simulator)))
    prompt = twin.prompt(live.events())
    with pytest.raises(InvalidRequestError) as raised:
        twin.do(live.answer(prompt, "half \ud83d"))
    assert raised.value.answer == "half \ud83d"
