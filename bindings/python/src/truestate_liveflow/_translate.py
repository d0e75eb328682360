"""From the generated types to the public ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from . import errors, events
from ._json_text import JsonText
from ._native import liveflow as core
from ._native import liveflow_ffi as ffi
from .session import Prompt, Session, SessionStatus, StepRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import ParamSpec

    P = ParamSpec("P")

T = TypeVar("T")

# The generated classes of errors and events are put together in a way that checkers cannot follow.
_NativeError: Any = core.LiveFlowError
_NativeEvent: Any = core.SessionEvent

_ERRORS: dict[type, type[errors.LiveFlowError]] = {
    _NativeError.Configuration: errors.ConfigurationError,
    _NativeError.Authentication: errors.AuthenticationError,
    _NativeError.PermissionDenied: errors.PermissionDeniedError,
    _NativeError.NotFound: errors.NotFoundError,
    _NativeError.InvalidRequest: errors.InvalidRequestError,
    _NativeError.NotWaitingForInput: errors.NotWaitingForInputError,
    _NativeError.PromptNoLongerOpen: errors.PromptNoLongerOpenError,
    _NativeError.RateLimited: errors.RateLimitedError,
    _NativeError.RequestTimeout: errors.RequestTimeoutError,
    _NativeError.Network: errors.NetworkError,
    _NativeError.Server: errors.ServerError,
    _NativeError.InvalidResponse: errors.InvalidResponseError,
    _NativeError.OutcomeUnknown: errors.OutcomeUnknownError,
    _NativeError.SessionFailed: errors.SessionFailedError,
    _NativeError.HandlerFailed: errors.HandlerFailedError,
    _NativeError.Closed: errors.ClosedError,
}

_STATUSES = {native: SessionStatus[native.name] for native in core.SessionStatus}


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call into the core; its errors come out as the public ones."""
    try:
        return function(*args, **kwargs)
    except core.LiveFlowError as native:
        raise error(native) from None
    except (core.InternalError, ffi.InternalError) as panic:
        message = f"a defect of this library, please report it: {panic}"
        raise errors.LiveFlowError(message) from None


def error(native: Any) -> errors.LiveFlowError:
    """Give the public error that says the same."""
    context = native.context
    public = _ERRORS[type(native)](context.reason)
    public.http_status = context.http_status
    public.detail = context.detail
    public.request_id = context.request_id
    public.retryable = context.retryable
    public.answer = context.answer
    if isinstance(public, errors.ConfigurationError):
        public.setting = native.setting
    elif isinstance(public, errors.InvalidRequestError):
        public.argument = native.argument
        public.field_errors = tuple(
            errors.FieldError(field.location, field.problem, field.kind)
            for field in native.field_errors
        )
    elif isinstance(public, errors.RateLimitedError) and native.retry_after is not None:
        public.retry_after = native.retry_after.total_seconds()
    elif isinstance(public, errors.OutcomeUnknownError):
        public.candidates = tuple(map(session, native.candidates))
    return public


def session(native: core.Session) -> Session:
    """Give the public session that says the same."""
    return Session(
        id=native.id,
        live_flow_id=native.live_flow_id,
        status=status(native.status),
        raw_status=native.raw_status,
        current_step=None if native.current_step is None else step(native.current_step),
        steps=tuple(map(step, native.steps)),
        steps_count=native.steps_count,
        created_at=native.created_at,
        updated_at=native.updated_at,
        inputs_json=native.inputs,
        error_json=native.error,
        flow_version_json=native.flow_version,
        raw_text=native.raw_json,
    )


def step(native: core.StepRun) -> StepRun:
    """Give the public step that says the same."""
    # A session has many of them, and a frozen dataclass sets its members one at a time, which takes
    # three times as long.
    public = object.__new__(StepRun)
    vars(public).update(
        id=native.id,
        name=native.name,
        step_type=native.step_type,
        status=status(native.status),
        raw_status=native.raw_status,
        created_at=native.created_at,
        updated_at=native.updated_at,
        prompt_json=native.prompt,
        result_json=native.result,
        user_input_json=native.user_input,
        error_json=native.error,
    )
    return public


def prompt(native: core.Prompt) -> Prompt:
    """Give the public prompt that says the same."""
    return Prompt(
        run_id=native.run_id,
        round=native.round,
        step_name=native.step_name,
        text=native.text,
        kind=native.kind,
        raw_text=native.raw,
    )


def native_prompt(public: Prompt) -> core.Prompt:
    """Give the generated prompt that says the same."""
    return core.Prompt(
        run_id=public.run_id,
        round=public.round,
        step_name=public.step_name,
        text=public.text,
        kind=public.kind,
        raw=None if public.raw_text is None else JsonText(public.raw_text),
    )


def status(native: core.SessionStatus) -> SessionStatus:
    """Give the public status that says the same."""
    return _STATUSES[native]


def event(native: Any) -> events.SessionEvent:
    """Give the public event that says the same."""
    return _EVENTS[type(native)](native)


def _watch_ended(native: Any) -> events.WatchEnded:
    reason = native.reason
    if reason.is_error():
        return events.WatchEnded(error(reason.error))
    limit = events.WatchEndReason.TIME_LIMIT
    return events.WatchEnded(limit if reason.is_time_limit() else events.WatchEndReason.CLOSED)


def _status_changed(native: Any) -> events.StatusChanged:
    previous = None if native.previous is None else status(native.previous)
    return events.StatusChanged(previous, status(native.current))


_EVENTS: dict[type, Callable[[Any], events.SessionEvent]] = {
    _NativeEvent.STATUS_CHANGED: _status_changed,
    _NativeEvent.STEP_CHANGED: lambda native: events.StepChanged(step(native.step)),
    _NativeEvent.PROMPT_REQUESTED: lambda native: events.PromptRequested(prompt(native.prompt)),
    _NativeEvent.PROMPT_CLOSED: lambda native: events.PromptClosed(
        prompt(native.prompt), events.PromptCloseReason[native.reason.name]
    ),
    _NativeEvent.ANSWER_UNRESOLVED: lambda native: events.AnswerUnresolved(
        prompt(native.prompt), native.text
    ),
    _NativeEvent.CONNECTION_LOST: lambda native: events.ConnectionLost(
        error(native.error), native.retry_in.total_seconds()
    ),
    _NativeEvent.CONNECTION_RESTORED: lambda _: events.ConnectionRestored(),
    _NativeEvent.FINISHED: lambda native: events.Finished(session(native.session)),
    _NativeEvent.FAILED: lambda native: events.Failed(session(native.session), error(native.error)),
    _NativeEvent.WATCH_ENDED: _watch_ended,
}
