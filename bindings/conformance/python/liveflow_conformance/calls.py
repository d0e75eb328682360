"""What scripts do with the SDK: the client's calls, and what can be done with a watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import consumer as consuming
from . import render
from .failure import Raised, Reason, ScenarioFailed, invalid
from .pattern import Names, fits
from .stage import MAIN, Here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import truestate_liveflow as sdk

    from .reading import Action
    from .stage import Stage
    from .surface import Client, Watch


def given(action: Action) -> Any:
    """Give what an action answers with."""
    return action["text"] if "text" in action else action["json"]


def _client(stage: Stage, action: Action) -> Client:
    return stage.named(stage.clients, action.get("client", MAIN))


def _flow(stage: Stage, action: Action) -> str:
    flow: str = action.get("live_flow_id", stage.flow)
    return flow


async def _session(stage: Stage, action: Action) -> str:
    if "session_id" in action:
        given_id: str = action["session_id"]
        return given_id
    return await stage.session(action.get("session", MAIN))


async def _create_session(stage: Stage, action: Action) -> Any:
    inputs = action.get("inputs", {})
    session = await _client(stage, action).create_session(_flow(stage, action), inputs)
    stage.name(stage.sessions, action.get("as", MAIN), session.id)
    return render.session(session)


async def _get_session(stage: Stage, action: Action) -> Any:
    session_id = await _session(stage, action)
    session = await _client(stage, action).get_session(_flow(stage, action), session_id)
    return render.session(session)


async def _get_sessions(stage: Stage, action: Action) -> Any:
    sessions = await _client(stage, action).get_sessions(_flow(stage, action))
    return [render.session(session) for session in sessions]


async def _iter_sessions(stage: Stage, action: Action) -> Any:
    first = action.get("first")
    sessions = await _client(stage, action).iter_sessions(_flow(stage, action), first)
    return [render.session(session) for session in sessions]


async def _add_user_input(stage: Stage, action: Action) -> Any:
    session_id = await _session(stage, action)
    client, flow = _client(stage, action), _flow(stage, action)
    return render.session(await client.add_user_input(flow, session_id, given(action)))


async def _cancel_session(stage: Stage, action: Action) -> Any:
    session_id = await _session(stage, action)
    session = await _client(stage, action).cancel_session(_flow(stage, action), session_id)
    return render.session(session)


async def _start(stage: Stage, action: Action) -> Any:
    inputs = action.get("inputs", {})
    watch = await _client(stage, action).start(_flow(stage, action), inputs)
    stage.name(stage.sessions, action.get("as", MAIN), watch.id)
    return _opened(stage, action, watch)


async def _watch(stage: Stage, action: Action) -> Any:
    session_id = await _session(stage, action)
    watch = await _client(stage, action).watch(_flow(stage, action), session_id)
    return _opened(stage, action, watch)


async def _restore(stage: Stage, action: Action) -> Any:
    if "checkpoint" in action:
        text = stage.named(stage.checkpoints, action["checkpoint"])
    else:
        text = action["checkpoint_text"]
    return _opened(stage, action, await _client(stage, action).restore(text))


async def _restore_all(stage: Stage, action: Action) -> Any:
    watches = await _client(stage, action).restore_all()
    if len(watches) != 1:
        problem = f"the store held {len(watches)} sessions, not one"
        raise ScenarioFailed(Reason.ACTION, problem)
    return _opened(stage, action, watches[0])


def _opened(stage: Stage, action: Action, watch: Watch) -> dict[str, str]:
    """Name a new watch, and have it consumed."""
    name = action.get("as", MAIN)
    stage.name(stage.watches, name, watch)
    stage.clients_of[name] = action.get("client", MAIN)
    consuming.consume(stage, name, name, action)
    return {"id": watch.id, "live_flow_id": watch.live_flow_id}


async def _run(stage: Stage, action: Action) -> Any:
    name = action.get("as", MAIN)
    client = _client(stage, action)
    consumer = consuming.Consumer(None, action.get("on", []), is_called=True)
    stage.name(stage.sessions, name, None)
    stage.name(stage.consumers, name, consumer)
    counts: dict[int, int] = {}

    async def on_prompt(prompt: sdk.Prompt) -> Any:
        reaction = _planned(action, prompt, counts)
        if reaction is None:
            stage.fail(invalid(f"no entry of `on_prompt` fits {render.prompt(prompt)}"))
            return None
        here = Here(None, prompt)
        for inner in reaction.get("do", ()):
            try:
                await stage.perform(inner, here)
            except ScenarioFailed as failure:
                stage.fail(failure)
                return None
        reply = reaction["reply"]
        if reply == "no_answer":
            return None
        if "raise" in reply:
            raise Raised(reply["raise"])
        return given(reply)

    def on_event(event: sdk.SessionEvent) -> None:
        consuming.called(stage, consumer, event)

    try:
        flow, inputs = _flow(stage, action), action.get("inputs", {})
        return render.session(await client.run(flow, inputs, on_prompt, on_event))
    finally:
        consumer.has_ended = True


def _planned(action: Action, prompt: sdk.Prompt, counts: dict[int, int]) -> Any:
    """Give the entry of `on_prompt` that is for this prompt."""
    form = render.prompt(prompt)
    for at, reaction in enumerate(action.get("on_prompt", ())):
        if fits(reaction["when"], form, Names()):
            counts[at] = counts.get(at, 0) + 1
            if consuming.is_for(reaction, counts[at]):
                return reaction
    return None


async def _new_client(stage: Stage, action: Action) -> None:
    stage.new_client(action["as"], action.get("config", {}))


async def _close_client(stage: Stage, action: Action) -> None:
    _client(stage, action).close()
    for watch, client in stage.clients_of.items():
        if client == action.get("client", MAIN):
            _close_consumers_of(stage, watch)


async def _suspend(stage: Stage, action: Action) -> None:
    _client(stage, action).suspend()


async def _resume(stage: Stage, action: Action) -> None:
    _client(stage, action).resume()


async def _network_changed(stage: Stage, action: Action) -> None:
    _client(stage, action).network_changed()


CALLS: Final[dict[str, Callable[[Stage, Action], Awaitable[Any]]]] = {
    "create_session": _create_session,
    "get_session": _get_session,
    "get_sessions": _get_sessions,
    "iter_sessions": _iter_sessions,
    "add_user_input": _add_user_input,
    "cancel_session": _cancel_session,
    "start": _start,
    "watch": _watch,
    "restore": _restore,
    "restore_all": _restore_all,
    "run": _run,
    "new_client": _new_client,
    "close_client": _close_client,
    "suspend": _suspend,
    "resume": _resume,
    "network_changed": _network_changed,
}
"""Calls of a client, and clients themselves."""


def _watched(stage: Stage, action: Action, here: Here) -> tuple[str, Watch]:
    """Give the watch that is meant: by default the one whose event is reacted to."""
    name = action.get("watch", here.watch or MAIN)
    return name, stage.named(stage.watches, name)


async def _answer(stage: Stage, action: Action, here: Here) -> None:
    _, watch = _watched(stage, action, here)
    await watch.answer(_prompt(stage, action, here), given(action))


def _prompt(stage: Stage, action: Action, here: Here) -> sdk.Prompt:
    if "prompt" not in action:
        if here.prompt is None:
            raise invalid("there is no prompt here to be answered")
        return here.prompt
    reference = action["prompt"]
    name, step = reference.get("consumer", MAIN), reference["step"]
    prompts = stage.named(stage.consumers, name).prompts
    told = [prompt for of, prompt in prompts if of == step]
    nth: int = reference.get("nth", 1)
    if len(told) < nth:
        raise invalid(f"{name!r} has not been told of that prompt of {step!r}")
    return told[nth - 1]


async def _wait(stage: Stage, action: Action, here: Here) -> Any:
    timeout = action["timeout_ms"] / 1000 if "timeout_ms" in action else None
    return render.session(await _watched(stage, action, here)[1].wait(timeout))


async def _cancel(stage: Stage, action: Action, here: Here) -> Any:
    return render.session(await _watched(stage, action, here)[1].cancel())


async def _close(stage: Stage, action: Action, here: Here) -> None:
    name, watch = _watched(stage, action, here)
    watch.close()
    _close_consumers_of(stage, name)


def _close_consumers_of(stage: Stage, watch: str) -> None:
    """Callbacks of a watch that was closed are not called any more."""
    for consumer in stage.consumers.values():
        if consumer.watch == watch:
            consumer.close()


async def _poll_now(stage: Stage, action: Action, here: Here) -> None:
    _watched(stage, action, here)[1].poll_now()


async def _snapshot(stage: Stage, action: Action, here: Here) -> Any:
    session = _watched(stage, action, here)[1].snapshot()
    return None if session is None else render.session(session)


async def _next_event(stage: Stage, action: Action, here: Here) -> Any:
    event = await _watched(stage, action, here)[1].next_event()
    return None if event is None else render.event(event)


async def _checkpoint(stage: Stage, action: Action, here: Here) -> None:
    text = _watched(stage, action, here)[1].checkpoint()
    stage.name(stage.checkpoints, action["as"], text)


async def _consume(stage: Stage, action: Action, here: Here) -> None:
    consuming.consume(stage, action["as"], _watched(stage, action, here)[0], action)


async def _stop_consuming(stage: Stage, action: Action, _here: Here) -> None:
    stage.named(stage.consumers, action.get("consumer", MAIN)).stop()


WATCHING: Final[dict[str, Callable[[Stage, Action, Here], Awaitable[Any]]]] = {
    "answer": _answer,
    "wait": _wait,
    "cancel": _cancel,
    "close": _close,
    "poll_now": _poll_now,
    "snapshot": _snapshot,
    "next_event": _next_event,
    "checkpoint": _checkpoint,
    "consume": _consume,
    "stop_consuming": _stop_consuming,
}
"""What can be done with a watch."""
