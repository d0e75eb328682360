"""What the service says: sessions, their steps and prompts, as plain data.

JSON members are decoded when they are first looked at. They are Python's own: `dict`, `list`,
`str`, `int`, `float`, `bool`, `None`, and `Decimal` for numbers that a `float` would change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import _json
from ._displayed import Displayed
from ._native import liveflow_ffi as ffi
from .errors import SessionFailedError

if TYPE_CHECKING:
    from datetime import datetime


class SessionStatus(Enum):
    """How far a session is, or one step of it."""

    READY = "READY"
    """Created, not begun."""
    RUNNING = "RUNNING"
    """At work."""
    WAITING_FOR_USER_INPUT = "WAITING_FOR_USER_INPUT"
    """Asking the end user something."""
    FINISHED = "FINISHED"
    """Ended well. Never changes again."""
    FAILED = "FAILED"
    """Ended badly, or was cancelled. Never changes again."""
    UNRECOGNISED = "UNRECOGNISED"
    """A word that this version does not know: see `raw_status`. Never an end."""

    @property
    def is_end(self) -> bool:
        """Whether nothing will ever change again."""
        return self in (SessionStatus.FINISHED, SessionStatus.FAILED)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Progress:
    """Steps done, of steps known."""

    done: int
    """Steps that have ended."""
    known: int
    """How many steps are known: the flow's count, or the steps so far if those are more."""

    def __str__(self) -> str:
        return f"{self.done}/{self.known}"


@dataclass(frozen=True)
class Exchange:
    """One question to the end user and its answer, if it has one yet."""

    run_id: str
    """The execution of the step that asked."""
    step_name: str | None
    """The step's name in the flow."""
    question: str
    """What was asked, as text."""
    answer: str | None
    """What the end user answered, as text."""


@dataclass(frozen=True, kw_only=True)
class Prompt(Displayed):
    """One question to the end user. Hand it back with the answer.

    A flow that validates answers can ask again in the same run of a step; that is another prompt,
    with a higher `round`.
    """

    run_id: str
    """The execution of the step that asks."""
    round: int = 0
    """0 for the first question of the run, one more each time it asks again."""
    step_name: str | None = None
    """The step's name in the flow."""
    text: str = ""
    """What to show to the end user."""
    kind: str | None = None
    """The prompt's `type`, where it has one."""
    raw_text: str | None = field(default=None, repr=False)
    """The prompt as the service wrote it, as JSON text. See `raw`."""

    @cached_property
    def raw(self) -> Any:
        """The prompt as the service wrote it."""
        return _decoded(self.raw_text)


@dataclass(frozen=True, kw_only=True)
class StepRun(Displayed):
    """One execution of one step."""

    id: str
    """Identifies this execution (not the step in the flow)."""
    name: str | None
    """The step's name in the flow."""
    step_type: str | None
    """The service's word for what kind of step it is, such as `LLM` or `INPUT`."""
    status: SessionStatus
    """How far this execution is."""
    raw_status: str
    """The service's own word for the status."""
    created_at: datetime | None = None
    """When it began, by the service's clock."""
    updated_at: datetime | None = None
    """When it last changed, by the service's clock."""
    prompt_json: str | None = field(default=None, repr=False)
    """`prompt` as JSON text."""
    result_json: str | None = field(default=None, repr=False)
    """`result` as JSON text."""
    user_input_json: str | None = field(default=None, repr=False)
    """`user_input` as JSON text."""
    error_json: str | None = field(default=None, repr=False)
    """`error` as JSON text."""

    @cached_property
    def prompt(self) -> Any:
        """Its input: for a step that asks, what to ask."""
        return _decoded(self.prompt_json)

    @cached_property
    def result(self) -> Any:
        """Its output: for a step that asks, the answer."""
        return _decoded(self.result_json)

    @cached_property
    def user_input(self) -> Any:
        """What the end user answered."""
        return _decoded(self.user_input_json)

    @cached_property
    def error(self) -> Any:
        """Why it failed. For debugging: do not show it to end users."""
        return _decoded(self.error_json)


@dataclass(frozen=True, kw_only=True)
class Session(Displayed):
    """One session, as the newest accepted answer of the service showed it."""

    id: str
    """The session's id."""
    live_flow_id: str
    """The flow it is a run of."""
    status: SessionStatus
    """How far it is."""
    raw_status: str
    """The service's own word for the status."""
    current_step: StepRun | None = field(default=None, repr=False)
    """The step it is at, where the service says."""
    steps: tuple[StepRun, ...] = field(default=(), repr=False)
    """One entry for each execution of a step so far."""
    steps_count: int | None = None
    """How many steps the flow has, where the service says."""
    created_at: datetime | None = None
    """When it was created, by the service's clock."""
    updated_at: datetime | None = None
    """When it last changed, by the service's clock."""
    inputs_json: str | None = field(default=None, repr=False)
    """`inputs` as JSON text."""
    error_json: str | None = field(default=None, repr=False)
    """`error` as JSON text."""
    flow_version_json: str | None = field(default=None, repr=False)
    """`flow_version` as JSON text."""
    raw_text: str = field(default="null", repr=False)
    """The whole answer as the service wrote it, as JSON text. See `raw_json`."""

    @cached_property
    def inputs(self) -> Any:
        """What it was started with."""
        return _decoded(self.inputs_json)

    @cached_property
    def error(self) -> Any:
        """Why it failed. For debugging: do not show it to end users."""
        return _decoded(self.error_json)

    @cached_property
    def flow_version(self) -> Any:
        """The version of the flow that it runs, with its steps and transitions."""
        return _decoded(self.flow_version_json)

    @cached_property
    def raw_json(self) -> Any:
        """The whole answer as the service wrote it."""
        return _decoded(self.raw_text)

    @property
    def output(self) -> Any:
        """The result of the last finished step that has one; `None` if there is none."""
        for step in reversed(self.steps):
            if step.status is SessionStatus.FINISHED and step.result_json is not None:
                return step.result
        return None

    def require_output(self) -> Any:
        """Give `output`.

        Raises:
            SessionFailedError: The session failed or was cancelled.

        """
        if self.status is SessionStatus.FAILED:
            detail = None if self.error_json is None else ffi.plain_text(self.error_json)
            message = f"the session {self.id} failed or was cancelled"
            raise SessionFailedError(message, detail=detail)
        return self.output

    @property
    def progress(self) -> Progress:
        """Steps done, of steps known."""
        done = sum(1 for step in self.steps if step.status.is_end)
        return Progress(done, max(self.steps_count or 0, len(self.steps)))

    @property
    def transcript(self) -> tuple[Exchange, ...]:
        """The questions so far, each with its answer."""
        return tuple(
            Exchange(
                run_id=step.id,
                step_name=step.name,
                question="" if step.prompt_json is None else ffi.prompt_text(step.prompt_json),
                answer=None
                if step.user_input_json is None
                else ffi.plain_text(step.user_input_json),
            )
            for step in self.steps
            if step.user_input_json is not None
            or step.status is SessionStatus.WAITING_FOR_USER_INPUT
        )


class Sessions(list[Session], Displayed):
    """The sessions of a flow: a list that a notebook shows as a table."""


def _decoded(text: str | None) -> Any:
    return None if text is None else _json.decode(text)
