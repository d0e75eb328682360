"""How sessions and what belongs to them look in a notebook.

No scripts, and nothing from elsewhere. Text keeps the colour of the notebook, and backgrounds are
thin: what is readable in a light theme is so in a dark one. Whatever the service said is escaped.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import _json
from ._html import Markup, element, joined
from ._native import liveflow_ffi as ffi
from .async_live_session import AsyncLiveSession
from .errors import LiveFlowError
from .events import (
    AnswerUnresolved,
    Failed,
    Finished,
    PromptClosed,
    PromptRequested,
    StepChanged,
)
from .live_session import LiveSession
from .session import Prompt, Session, SessionStatus, StepRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_MOST_STEPS = 200
_MOST_SESSIONS = 100
_MOST_CHARACTERS = 5_000
_LONG = 300
"""Characters of a value from which on it is folded."""

_TONES = {
    SessionStatus.READY: "128,128,128",
    SessionStatus.RUNNING: "56,139,253",
    SessionStatus.WAITING_FOR_USER_INPUT: "210,150,0",
    SessionStatus.FINISHED: "46,160,67",
    SessionStatus.FAILED: "229,83,75",
    SessionStatus.UNRECOGNISED: "128,128,128",
}

_CELL = "text-align:left;vertical-align:top;padding:0.3em 0.8em 0.3em 0;white-space:normal"
_TABLE = "border-collapse:collapse;table-layout:auto;width:100%;margin:0.4em 0"
_QUIET = "opacity:0.75"
_VERBATIM = "white-space:pre-wrap;overflow-wrap:anywhere"
_CODE = f"{_VERBATIM};margin:0;padding:0;background:none;color:inherit"


def html(shown: object) -> str:
    """Give the HTML of anything that is `Displayed`."""
    # A price in dollars is no formula: notebooks that typeset mathematics know these classes.
    return element(
        "div",
        _content(shown),
        style="line-height:1.45;max-width:72em",
        **{"class": "tex2jax_ignore mathjax_ignore"},
    )


def _content(shown: object) -> Markup:
    match shown:
        case Session():
            return _session(shown)
        case LiveSession() | AsyncLiveSession():
            return _live(shown)
        case list():
            return _sessions(shown)
        case StepRun():
            return _steps([shown])
        case Prompt():
            return _prompt(shown)
        case _:
            return _event(shown)


def _event(event: object) -> Markup:
    match event:
        case StepChanged(step):
            return _steps([step])
        case PromptRequested(prompt):
            return _prompt(prompt)
        case PromptClosed(prompt, reason):
            return _prompt(prompt, "closed: " + reason.value.replace("_", " "))
        case AnswerUnresolved(prompt, text):
            return _prompt(prompt, "not known to have arrived: " + text)
        case Finished(session) | Failed(session):
            return _session(session)
        case _:
            return joined(repr(event))


def _live(live: LiveSession | AsyncLiveSession) -> Markup:
    try:
        seen = live.snapshot()
    except LiveFlowError as error:
        return joined(repr(live), ": ", str(error))
    return joined(f"{live!r}, not read yet") if seen is None else _session(seen)


def _session(session: Session) -> Markup:
    title = element(
        "div",
        element("strong", "Session"),
        " ",
        element("code", session.id),
        " ",
        _badge(session.status, session.raw_status),
        f" {session.progress} steps",
        _after(" · ", _took(session)),
    )
    origin = element(
        "div",
        "flow ",
        element("code", session.live_flow_id),
        _after(" · created ", _moment(session.created_at)),
        style=_QUIET,
    )
    parts = [title, origin]
    if session.inputs_json is not None:
        parts.append(_folded("Inputs", _value(session.inputs_json, fold=False)))
    if session.status is SessionStatus.FAILED:
        parts.append(_failure(session.error_json, "It failed or was cancelled."))
    parts.append(_steps(_all_steps(session), session))
    if session.status is SessionStatus.FINISHED and session.output is not None:
        parts += [element("strong", "Result"), _readable(session.output)]
    return joined(*parts)


def _all_steps(session: Session) -> list[StepRun]:
    """Give its steps, and the one that it is at if that is not among them."""
    steps, current = list(session.steps), session.current_step
    if current is not None and all(step.id != current.id for step in steps):
        steps.append(current)
    return steps


def _steps(steps: Sequence[StepRun], session: Session | None = None) -> Markup:
    if not steps:
        return joined()
    scale = None if session is None else _Scale(steps, session)
    left_out = len(steps) - _MOST_STEPS
    note = element("div", f"{left_out} earlier steps are not shown.", style=_QUIET)
    names = ["Step", "Status", "Took", *(["When"] if scale else []), "What came of it"]
    rows = [_step(step, scale) for step in steps[-_MOST_STEPS:]]
    return joined(note if left_out > 0 else joined(), _table(names, rows))


def _step(step: StepRun, scale: _Scale | None) -> list[str]:
    name = joined(
        element("strong", step.name or step.id),
        element("div", step.step_type or "", style=_QUIET) if step.step_type else joined(),
    )
    took = _took(step) if step.status.is_end else ""
    when = [] if scale is None else [scale.bar(step)]
    return [name, _badge(step.status, step.raw_status), took, *when, _outcome(step)]


def _outcome(step: StepRun) -> Markup:
    parts = []
    is_open = step.status is SessionStatus.WAITING_FOR_USER_INPUT
    if step.prompt_json is not None and (is_open or step.user_input_json is not None):
        question = _block(ffi.prompt_text(step.prompt_json))
        parts.append(_boxed(step.status, question) if is_open else question)
    if step.user_input_json is not None:
        parts.append(element("div", "Answer", style=_QUIET))
        parts.append(_block(ffi.plain_text(step.user_input_json)))
    elif step.result_json is not None:
        parts.append(_value(step.result_json))
    if step.error_json is not None:
        parts.append(_failure(step.error_json, ""))
    return joined(*parts)


class _Scale:
    """From a session's first moment to its last one."""

    def __init__(self, steps: Sequence[StepRun], session: Session) -> None:
        begun = [step.created_at for step in steps if step.created_at]
        changed = [step.updated_at for step in steps if step.updated_at]
        if session.updated_at is not None:
            changed.append(session.updated_at)
        self._start = min(begun, default=None)
        self._end = max(begun + changed, default=None)

    def bar(self, step: StepRun) -> Markup:
        """Show when a step was at work. One that still is reaches to the end."""
        start, end, begun = self._start, self._end, step.created_at
        if start is None or end is None or begun is None or end <= start:
            return joined()
        until = (step.updated_at or begun) if step.status.is_end else end
        whole = (end - start).total_seconds()
        left = 100 * (begun - start).total_seconds() / whole
        width = max(0.0, 100 * (until - begun).total_seconds() / whole)
        style = f"margin-left:{min(left, 99):.1f}%;width:{min(width, 100 - left):.1f}%"
        look = f"min-width:3px;height:0.7em;margin-top:0.4em;background:rgb({_TONES[step.status]})"
        inner = element("div", style=f"{style};{look}")
        return element("div", inner, style="min-width:8em", **{"aria-hidden": "true"})


def _sessions(sessions: Sequence[Session]) -> Markup:
    if not sessions:
        return joined("No sessions.")
    names = ["Session", "Status", "Steps", "Created", "Took", "Inputs", "At"]
    rows = [
        [
            element("code", session.id),
            _badge(session.status, session.raw_status),
            str(session.progress),
            _moment(session.created_at),
            _took(session) if session.status.is_end else "",
            joined() if session.inputs_json is None else _value(session.inputs_json),
            _whereabouts(session),
        ]
        for session in sessions[:_MOST_SESSIONS]
    ]
    left_out = len(sessions) - _MOST_SESSIONS
    note = element("div", f"{left_out} more are not shown.", style=_QUIET)
    return joined(_table(names, rows), note if left_out > 0 else joined())


def _whereabouts(session: Session) -> Markup:
    if session.status is SessionStatus.FAILED and session.error_json is not None:
        return _value(session.error_json)
    step = session.current_step
    if step is None or session.status.is_end:
        return joined()
    name = element("strong", step.name or step.id)
    if step.status is not SessionStatus.WAITING_FOR_USER_INPUT or step.prompt_json is None:
        return name
    return joined(name, _block(ffi.prompt_text(step.prompt_json)))


def _prompt(prompt: Prompt, note: str = "") -> Markup:
    particulars = [prompt.step_name, prompt.kind, f"round {prompt.round}" if prompt.round else None]
    about = " · ".join(filter(None, particulars))
    return _boxed(
        SessionStatus.WAITING_FOR_USER_INPUT,
        element("div", element("strong", "Question"), _after(" · ", about)),
        _block(prompt.text),
        element("div", note, style=_QUIET) if note else joined(),
    )


def _failure(error_json: str | None, otherwise: str) -> Markup:
    what = joined(otherwise) if error_json is None else _value(error_json)
    return _boxed(SessionStatus.FAILED, element("strong", "Failure "), what)


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    line = "border-top:1px solid rgba(128,128,128,0.35);background:none"
    head = element("tr", *(element("th", name, style=_CELL) for name in names))
    body = (
        element("tr", *(element("td", cell, style=_CELL) for cell in row), style=line)
        for row in rows
    )
    return element("table", element("thead", head), element("tbody", *body), style=_TABLE)


def _badge(status: SessionStatus, raw_status: str) -> Markup:
    word = raw_status if status is SessionStatus.UNRECOGNISED else status.value
    tone = _TONES[status]
    look = f"border:1px solid rgb({tone});background:rgba({tone},0.15);border-radius:0.3em"
    return element(
        "span", word.replace("_", " "), style=f"{look};padding:0 0.4em;white-space:nowrap"
    )


def _boxed(status: SessionStatus, *content: str) -> Markup:
    tone = _TONES[status]
    look = f"border-left:3px solid rgb({tone});background:rgba({tone},0.12)"
    return element("div", *content, style=f"{look};padding:0.3em 0.6em;margin:0.3em 0")


def _value(json_text: str, *, fold: bool = True) -> Markup:
    value = _json.decode(json_text)
    text = value if isinstance(value, str) else _indented(value)
    if not fold or len(text) <= _LONG:
        return _readable(value)
    return _folded(f"{' '.join(text[:_LONG].split())[:80]}…", _readable(value))


def _folded(title: str, content: Markup) -> Markup:
    return element("details", element("summary", title, style="cursor:pointer"), content)


def _readable(value: Any) -> Markup:
    """Show text as text, and other JSON with a line for each member."""
    if isinstance(value, str):
        return _block(value)
    return _block(_indented(value), "pre", _CODE)


def _block(text: str, name: str = "div", style: str = _VERBATIM) -> Markup:
    """Show text with its lines. It may run in another direction than what is around it."""
    left_out = len(text) - _MOST_CHARACTERS
    shown = element(name, text[:_MOST_CHARACTERS], style=style, dir="auto")
    note = element("div", f"… and {left_out} more characters", style=_QUIET)
    return joined(shown, note) if left_out > 0 else shown


def _indented(value: Any, margin: str = "") -> str:
    inner = margin + "  "
    match value:
        case dict() if value:
            members = (
                f"{inner}{_quoted(name)}: {_indented(member, inner)}"
                for name, member in value.items()
            )
            return "{\n" + ",\n".join(members) + f"\n{margin}}}"
        case list() if value:
            items = (inner + _indented(item, inner) for item in value)
            return "[\n" + ",\n".join(items) + f"\n{margin}]"
        case Decimal():
            return str(value)
        case _:
            return _quoted(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _after(separator: str, text: str) -> Markup:
    return joined(separator, text) if text else joined()


def _moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S %Z}"


def _took(run: Session | StepRun) -> Markup:
    if run.created_at is None or run.updated_at is None:
        return joined()
    seconds = max(0.0, (run.updated_at - run.created_at).total_seconds())
    return element("span", _duration(seconds), style="white-space:nowrap")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
