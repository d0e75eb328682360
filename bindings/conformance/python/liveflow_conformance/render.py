"""What the SDK gives, in the forms that patterns are compared with."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, cast

import truestate_liveflow as sdk

from .failure import Raised
from .forms import has_the_members

_STATUS = {
    sdk.SessionStatus.READY: "ready",
    sdk.SessionStatus.RUNNING: "running",
    sdk.SessionStatus.WAITING_FOR_USER_INPUT: "waiting",
    sdk.SessionStatus.FINISHED: "finished",
    sdk.SessionStatus.FAILED: "failed",
    sdk.SessionStatus.UNRECOGNISED: "unrecognised",
}
STATUS = {word: status for status, word in _STATUS.items()}
"""Statuses by the format's words."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def event(told: sdk.SessionEvent) -> dict[str, Any]:
    """Write an event in its form."""
    match told:
        case sdk.StatusChanged(previous, current):
            form: dict[str, Any] = {
                "event": "status_changed",
                "previous": None if previous is None else _STATUS[previous],
                "current": _STATUS[current],
            }
        case sdk.StepChanged(step):
            form = {"event": "step_changed", "step": _step(step)}
        case sdk.PromptRequested(asked):
            form = {"event": "prompt_requested", "prompt": prompt(asked)}
        case sdk.PromptClosed(asked, why):
            form = {"event": "prompt_closed", "prompt": prompt(asked), "reason": why.value}
        case sdk.AnswerUnresolved(asked, text):
            form = {"event": "answer_unresolved", "prompt": prompt(asked), "text": text}
        case sdk.ConnectionLost(lost, retry_in):
            form = {
                "event": "connection_lost",
                "error": error(lost),
                "retry_in_ms": int(retry_in * 1000),
            }
        case sdk.ConnectionRestored():
            form = {"event": "connection_restored"}
        case sdk.Finished(ended):
            form = {"event": "finished", "session": session(ended)}
        case sdk.Failed(ended, failure):
            form = {"event": "failed", "session": session(ended), "error": error(failure)}
        case sdk.WatchEnded(sdk.WatchEndReason() as why):
            form = {"event": "watch_ended", "reason": why.value, "error": None}
        case sdk.WatchEnded(why):
            form = {"event": "watch_ended", "reason": "error", "error": error(_error(why))}
    return _checked("event", form)


def _error(why: sdk.WatchEndReason | sdk.LiveFlowError) -> sdk.LiveFlowError:
    return cast("sdk.LiveFlowError", why)


def prompt_of(told: sdk.SessionEvent) -> sdk.Prompt | None:
    """Give the prompt that an event is about, if it is about one."""
    match told:
        case sdk.PromptRequested(asked) | sdk.PromptClosed(asked) | sdk.AnswerUnresolved(asked):
            return asked
    return None


def prompt(asked: sdk.Prompt) -> dict[str, Any]:
    """Write a prompt in its form."""
    return _checked(
        "prompt",
        {
            "run_id": asked.run_id,
            "round": asked.round,
            "step_name": asked.step_name,
            "text": asked.text,
            "kind": asked.kind,
            "raw": asked.raw,
        },
    )


def session(shown: sdk.Session) -> dict[str, Any]:
    """Write a session in its form."""
    return _checked(
        "session",
        {
            "id": shown.id,
            "live_flow_id": shown.live_flow_id,
            "status": _STATUS[shown.status],
            "raw_status": shown.raw_status,
            "inputs": shown.inputs,
            "current_step": None if shown.current_step is None else _step(shown.current_step),
            "steps": [_step(step) for step in shown.steps],
            "steps_count": shown.steps_count,
            "error": shown.error,
            "flow_version": shown.flow_version,
            "created_at_ms": _time(shown.created_at),
            "updated_at_ms": _time(shown.updated_at),
            "raw_json": shown.raw_json,
            "output": shown.output,
            "progress": {"done": shown.progress.done, "known": shown.progress.known},
            "transcript": [
                {
                    "run_id": exchange.run_id,
                    "step_name": exchange.step_name,
                    "question": exchange.question,
                    "answer": exchange.answer,
                }
                for exchange in shown.transcript
            ],
        },
    )


def _step(step: sdk.StepRun) -> dict[str, Any]:
    return _checked(
        "step",
        {
            "id": step.id,
            "name": step.name,
            "step_type": step.step_type,
            "status": _STATUS[step.status],
            "raw_status": step.raw_status,
            "prompt": step.prompt,
            "result": step.result,
            "user_input": step.user_input,
            "error": step.error,
            "created_at_ms": _time(step.created_at),
            "updated_at_ms": _time(step.updated_at),
        },
    )


def error(raised: sdk.LiveFlowError | Raised) -> dict[str, Any]:
    """Write an error in its form. The player's own exception counts as `handler_failed`."""
    if isinstance(raised, Raised):
        raised = sdk.HandlerFailedError(str(raised))
    retry_after = getattr(raised, "retry_after", None)
    candidates = getattr(raised, "candidates", None)
    mistakes = getattr(raised, "field_errors", None)
    return _checked(
        "error",
        {
            "kind": _kind(raised),
            "reason": str(raised),
            "http_status": raised.http_status,
            "detail": raised.detail,
            "request_id": raised.request_id,
            "retryable": raised.retryable,
            "answer": raised.answer,
            "setting": getattr(raised, "setting", None),
            "argument": getattr(raised, "argument", None),
            "field_errors": None if mistakes is None else [_mistake(it) for it in mistakes],
            "retry_after_ms": None if retry_after is None else int(retry_after * 1000),
            "candidates": None if candidates is None else [session(it) for it in candidates],
        },
    )


def _kind(raised: sdk.LiveFlowError) -> str:
    """`PromptNoLongerOpenError` is `prompt_no_longer_open`."""
    name = type(raised).__name__.removesuffix("Error")
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()


def _mistake(mistake: sdk.FieldError) -> dict[str, Any]:
    return {"location": mistake.location, "problem": mistake.problem, "kind": mistake.kind}


def _time(time: datetime | None) -> int | None:
    return None if time is None else int((time - _EPOCH).total_seconds() * 1000)


def _checked(form: str, value: dict[str, Any]) -> dict[str, Any]:
    if not has_the_members(form, value):
        message = f"the player writes {value} in the form {form}"
        raise AssertionError(message)
    return value
