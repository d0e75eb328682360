"""The rules that every scenario is held to, whatever it expects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Event = dict[str, Any]
Broken = tuple[str, str]
"""A rule's name, and what broke it."""

_TERMINAL = ("finished", "failed", "watch_ended")


@dataclass(frozen=True)
class Recording:
    """What one consumer was told, and how it ended."""

    events: list[Event]
    is_over: bool = False
    """It was told that nothing follows."""
    closed_after: int | None = None
    """How many events it had been told when it was closed, if it is a callback."""


def broken(recording: Recording) -> Iterator[Broken]:
    """Give all rules that this recording breaks."""
    yield from _one_end(recording)
    yield from _prompts(recording.events)
    yield from _status_chain(recording.events)
    yield from _connection_pairs(recording.events)
    yield from _end_fits(recording.events)
    yield from _late_callback(recording)
    for event in recording.events:
        yield from reason(event)


def _one_end(recording: Recording) -> Iterator[Broken]:
    ends = [at for at, event in enumerate(recording.events) if event["event"] in _TERMINAL]
    if ends:
        for event in recording.events[ends[0] + 1 :]:
            yield "one_end", f"after the end came {event}"
    elif recording.is_over:
        yield "one_end", "no end was told"


def _prompts(events: Iterable[Event]) -> Iterator[Broken]:
    requested: list[tuple[str, int]] = []
    closed: list[tuple[str, int]] = []
    for event in events:
        if event["event"] in _TERMINAL:
            for prompt in requested:
                if prompt not in closed:
                    yield "prompt_left_open", str(prompt)
            # What comes after the end breaks another rule.
            return
        if event["event"] not in ("prompt_requested", "prompt_closed"):
            continue
        prompt = (event["prompt"]["run_id"], event["prompt"]["round"])
        if event["event"] == "prompt_requested":
            if prompt in requested:
                yield "prompt_once", str(event)
            requested.append(prompt)
        else:
            if prompt in closed or prompt not in requested:
                yield "prompt_closed_once", str(event)
            closed.append(prompt)


def _status_chain(events: Iterable[Event]) -> Iterator[Broken]:
    last = None
    for event in events:
        if event["event"] == "status_changed":
            if event["previous"] != last or event["current"] == last:
                yield "status_chain", str(event)
            last = event["current"]


def _connection_pairs(events: Iterable[Event]) -> Iterator[Broken]:
    is_lost = False
    for event in events:
        if event["event"] in ("connection_lost", "connection_restored"):
            now_lost = event["event"] == "connection_lost"
            if now_lost == is_lost:
                yield "connection_pairs", str(event)
            is_lost = now_lost


def _end_fits(events: Iterable[Event]) -> Iterator[Broken]:
    for event in events:
        kind = event["event"]
        if kind not in ("finished", "failed"):
            continue
        has_its_status = event["session"]["status"] == kind
        has_its_error = kind == "finished" or event["error"]["kind"] == "session_failed"
        if not (has_its_status and has_its_error):
            yield "end_fits", str(event)


def _late_callback(recording: Recording) -> Iterator[Broken]:
    if recording.closed_after is not None:
        for event in recording.events[recording.closed_after :]:
            yield "late_callback", str(event)


def reason(shown: dict[str, Any]) -> Iterator[Broken]:
    """Find an error without words in what was shown."""
    error = shown.get("error")
    if isinstance(error, dict) and "kind" in error and not (error.get("reason") or "").strip():
        yield "reason", str(error)


def secret(shown: dict[str, Any], secrets: Iterable[str]) -> Iterator[Broken]:
    """Find secrets anywhere in what was shown."""
    text = json.dumps(shown, ensure_ascii=False, default=str)
    for each in secrets:
        if each in text:
            yield "secret", text
