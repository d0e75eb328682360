"""Carrying out actions, and whether they came out as they must."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import truestate_liveflow as sdk

from . import calls, render
from .failure import Raised, Reason, ScenarioFailed, invalid
from .pattern import Names, fits
from .service import LOOK_EVERY
from .stage import MAIN

if TYPE_CHECKING:
    from .reading import Action
    from .stage import Here, Stage

_SETTLE_S: Final = 0.05
"""How long `mark` lets requests that are on their way arrive."""


async def perform(stage: Stage, action: Action, here: Here) -> None:
    """Carry out an action and compare what came of it."""
    begun = time.monotonic()
    came: dict[str, Any]
    try:
        came = {"result": await _carry_out(stage, action, here)}
    except (sdk.LiveFlowError, Raised) as error:
        came = {"error": render.error(error)}
    took = time.monotonic() - begun
    stage.shown.append(came)
    _judge(action, came, took, await stage.names())


def _judge(action: Action, came: dict[str, Any], took_s: float, names: Names) -> None:
    expect = action.get("expect", {})
    if "error" in came:
        if "error" not in expect or not fits(expect["error"], came["error"], names):
            raise _failed(action, f"raised {came['error']}")
    elif "error" in expect:
        raise _failed(action, f"raised no error; its result is {came['result']}")
    elif "result" in expect and not fits(expect["result"], came["result"], names):
        raise _failed(action, f"came out as {came['result']}")
    took_ms = took_s * 1000
    least, most = expect.get("took_at_least_ms", 0), expect.get("took_at_most_ms", took_ms)
    if not least <= took_ms <= most:
        raise _failed(action, f"took {took_ms:.0f} ms")


def _failed(action: Action, problem: str) -> ScenarioFailed:
    return ScenarioFailed(Reason.ACTION, f"{action}\n  {problem}")


async def _carry_out(stage: Stage, action: Action, here: Here) -> Any:
    kind = action["action"]
    if kind in calls.CALLS:
        return await calls.CALLS[kind](stage, action)
    if kind in calls.WATCHING:
        return await calls.WATCHING[kind](stage, action, here)
    session = action.get("session", MAIN)
    match kind:
        case "answer_elsewhere":
            await stage.service.answer(await stage.session(session), calls.given(action))
        case "advance":
            await stage.service.advance(await stage.session(session), action.get("fail"))
        case "add_faults":
            await stage.add_faults(action["faults"])
        case "clear_faults":
            await stage.service.control("DELETE", "faults")
        case "settings":
            await stage.service.control("PUT", "settings", action["settings"])
        case "clock":
            await stage.service.control("PUT", "clock", _only(action, "speed", "advance_ms"))
        case "drop_connections":
            await stage.service.control("POST", "drop_connections", _only(action, "how") or None)
        case "outage":
            outage = {"accept": False, **_only(action, "how", "for_ms")}
            await stage.service.control("PUT", "listening", outage)
        case "end_outage":
            await stage.service.control("PUT", "listening", {"accept": True})
        case "sleep":
            await asyncio.sleep(action["ms"] / 1000)
        case "wait_for":
            while not await _has_come_about(stage, action):
                await asyncio.sleep(LOOK_EVERY)
        case "await_end":
            while not _has_ended(stage, action.get("consumer", MAIN)):
                await asyncio.sleep(LOOK_EVERY)
        case "join":
            await stage.join(action["background"])
        case "mark":
            await asyncio.sleep(_SETTLE_S)
            requests = (await stage.service.journal())["requests"]
            stage.name(stage.marks, action["name"], requests[-1]["number"] if requests else 0)
        case _:
            raise invalid(f"only a callback raises: {action}")
    return None


def _only(action: Action, *members: str) -> dict[str, Any]:
    return {name: action[name] for name in members if name in action}


def _has_ended(stage: Stage, consumer: str) -> bool:
    return consumer in stage.consumers and stage.consumers[consumer].has_ended


async def _has_come_about(stage: Stage, action: Action) -> bool:
    if "session_is" in action:
        session = await stage.session(action.get("session", MAIN))
        return bool(await stage.service.status(session) == action["session_is"])
    names = await stage.names()
    if "event" in action:
        consumer = stage.consumers.get(action.get("consumer", MAIN))
        told = [] if consumer is None else list(consumer.events)
        found = [event for event in told if fits(action["event"], event, names)]
        return bool(len(found) >= action.get("nth", 1))
    wanted = action["requests"]
    after = stage.named(stage.marks, wanted["after"]) if "after" in wanted else 0
    requests = (await stage.service.journal())["requests"]
    found = [
        request
        for request in requests
        if request["number"] > after and fits(wanted["where"], request, names)
    ]
    return bool(len(found) >= wanted["at_least"])
