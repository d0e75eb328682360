"""One consumer: it records what it is told, and reacts."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import render
from .failure import Raised
from .pattern import Names, fits
from .stage import Here

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    import truestate_liveflow as sdk

    from .reading import Action
    from .stage import Stage
    from .surface import Subscription, Watch

_TERMINAL = ("finished", "failed", "watch_ended")


@dataclass
class Consumer:
    """What a consumer was told, and what it does at it."""

    watch: str | None
    """The watch that it consumes; none for a `run`."""
    reactions: list[dict[str, Any]]
    is_called: bool = False
    """It does not ask for its events; it is called with them."""
    events: list[dict[str, Any]] = field(default_factory=list)
    prompts: list[tuple[str | None, sdk.Prompt]] = field(default_factory=list)
    """The prompts that were requested, each with its step's name."""
    has_ended: bool = False
    closed_after: int | None = None
    subscription: Subscription | None = None
    _counts: dict[int, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, event: sdk.SessionEvent) -> dict[str, Any]:
        """Keep an event."""
        form = render.event(event)
        prompt = render.prompt_of(event)
        with self._lock:
            self.events.append(form)
            if form["event"] == "prompt_requested" and prompt is not None:
                self.prompts.append((prompt.step_name, prompt))
            # A listener is not told that nothing follows.
            self.has_ended |= self.is_called and form["event"] in _TERMINAL
        return form

    def close(self) -> None:
        """Note that it, or its watch, was closed: a callback is not called any more."""
        if self.is_called and self.watch is not None:
            with self._lock:
                if self.closed_after is None:
                    self.closed_after = len(self.events)
                self.has_ended = True

    def stop(self) -> None:
        """Cancel its subscription."""
        if self.subscription is not None:
            self.subscription.cancel()
        self.close()

    def actions(self, form: dict[str, Any], names: Names) -> Iterator[Action]:
        """Give the actions of all reactions that are for this event, in order."""
        chosen: list[Action] = []
        for at, reaction in enumerate(self.reactions):
            if fits(reaction["when"], form, names):
                self._counts[at] = self._counts.get(at, 0) + 1
                if is_for(reaction, self._counts[at]):
                    chosen += reaction["do"]
        return iter(chosen)


def is_for(reaction: dict[str, Any], count: int) -> bool:
    """Whether a reaction is for the match of this number."""
    nth = reaction.get("nth")
    return nth is None or count in (nth if isinstance(nth, list) else [nth])


def called(stage: Stage, consumer: Consumer, event: sdk.SessionEvent) -> float:
    """Record an event inside a callback and do what can be done there; gives how long to sleep.

    It can be on any thread.
    """
    form = consumer.record(event)
    here = Here(consumer.watch, render.prompt_of(event))
    pause = 0.0
    # Names of sessions are no part of what callbacks react to.
    for action in consumer.actions(form, Names()):
        if action["action"] == "raise":
            raise Raised(action["message"])
        if action["action"] == "sleep" and "background" not in action:
            pause += action["ms"] / 1000
        else:
            stage.loop.call_soon_threadsafe(stage.start, action, here)
    return pause


async def pull(stage: Stage, consumer: Consumer, watch: Watch, how: str) -> None:
    """Consume a watch by asking for its events."""
    stream = watch.events() if how == "events" else None
    while True:
        if stream is None:
            event = await watch.next_event()
        else:
            event = await anext_or_none(stream)
        if event is None:
            break
        form = consumer.record(event)
        here = Here(consumer.watch, render.prompt_of(event))
        for action in consumer.actions(form, await stage.names()):
            await stage.perform(action, here)
    consumer.has_ended = True


async def anext_or_none(stream: Any) -> sdk.SessionEvent | None:
    """Give the next event of a stream, or nothing at its end."""
    try:
        event: sdk.SessionEvent = await stream.__anext__()
    except StopAsyncIteration:
        return None
    return event


def consume(stage: Stage, name: str, watch_name: str, action: Action) -> None:
    """Open a consumer of a watch, under its name."""
    how = action.get("consume", "events")
    if how == "nothing":
        return
    watch = stage.named(stage.watches, watch_name)
    consumer = Consumer(watch_name, action.get("on", []), is_called=how == "listener")
    stage.name(stage.consumers, name, consumer)
    if not consumer.is_called:
        stage.beside(pull(stage, consumer, watch, how))
        return

    def listen(event: sdk.SessionEvent) -> Awaitable[None] | None:
        pause = called(stage, consumer, event)
        if not stage.flavour.sleeps_in_callbacks:
            return asyncio.sleep(pause)
        time.sleep(pause)
        return None

    consumer.subscription = watch.subscribe(listen)
