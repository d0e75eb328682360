"""What the page is told of each event: what an end user may know, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truestate_liveflow import (
    AnswerUnresolved,
    ConnectionLost,
    ConnectionRestored,
    Failed,
    Finished,
    NotFoundError,
    PromptClosed,
    PromptRequested,
    SessionEvent,
    StatusChanged,
    StepChanged,
    WatchEnded,
)

if TYPE_CHECKING:
    from truestate_liveflow import Session


def message(event: SessionEvent, session: Session | None) -> dict[str, Any]:
    """Give an event as JSON for the page. `session` is the newest that is known."""
    match event:
        case StatusChanged(_, current):
            return {"type": "status", "status": current.value}
        case StepChanged(step):
            exchanges = session.transcript if session else ()
            asked = next((exchange for exchange in exchanges if exchange.run_id == step.id), None)
            return {
                "type": "step",
                "run": step.id,
                "name": step.name,
                "status": step.status.value,
                "question": asked.question if asked else None,
                "answer": asked.answer if asked else None,
            }
        case PromptRequested(prompt):
            return {
                "type": "prompt",
                "run": prompt.run_id,
                "round": prompt.round,
                "text": prompt.text,
            }
        case PromptClosed(prompt, reason):
            return {
                "type": "prompt_closed",
                "run": prompt.run_id,
                "round": prompt.round,
                "reason": reason.value,
            }
        case AnswerUnresolved(prompt, text):
            return {
                "type": "answer_unresolved",
                "run": prompt.run_id,
                "round": prompt.round,
                "text": text,
            }
        case ConnectionLost():
            return {"type": "connection", "is_up": False}
        case ConnectionRestored():
            return {"type": "connection", "is_up": True}
        case Finished(session):
            return {"type": "finished", "output": session.output}
        case Failed():
            # Why it failed is for debugging, and not for end users.
            return {"type": "failed"}
        case WatchEnded(reason):
            return {"type": "ended", "is_gone": isinstance(reason, NotFoundError)}
