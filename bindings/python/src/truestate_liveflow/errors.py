"""What can go wrong, by what a caller can do about it.

Every error's text is made for a person. None of them ever holds an API key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .session import Session


@dataclass(frozen=True)
class FieldError:
    """One member of a request that the service refused."""

    location: str
    """Where the member is, as a dotted path: `body.inputs.company`."""
    problem: str
    """What is wrong with it."""
    kind: str | None = None
    """The service's own word for the kind of mistake, such as `missing`."""


class LiveFlowError(Exception):
    """The base of every error of this library. `str(error)` is a sentence made for a person."""

    http_status: int | None
    """The HTTP status, where the service answered with one."""
    detail: str | None
    """What the service itself said. For developers, not for end users."""
    request_id: str | None
    """The service's id of the request, for its support team."""
    retryable: bool
    """Whether the same call can succeed later without any change."""
    answer: str | None
    """The end user's answer, where one was under way: it is handed back, never lost."""

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        detail: str | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        answer: str | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.detail = detail
        self.request_id = request_id
        self.retryable = retryable
        self.answer = answer

    def __repr__(self) -> str:
        known = ((name, value) for name, value in vars(self).items() if value not in (None, ()))
        members = "".join(f", {name}={value!r}" for name, value in known if name != "answer")
        return f"{type(self).__name__}({str(self)!r}{members})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LiveFlowError):
            return NotImplemented
        same_kind = type(self) is type(other)
        return same_kind and self.args == other.args and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class ConfigurationError(LiveFlowError):
    """The client is set up wrongly: a setting, the address, an endpoint. Mend the set-up."""

    setting: str | None = None
    """The setting to mend."""


class AuthenticationError(LiveFlowError):
    """The service does not accept the key or the credentials (401)."""


class PermissionDeniedError(LiveFlowError):
    """The key is known but may not do this (403)."""


class NotFoundError(LiveFlowError):
    """There is no such flow or session (404)."""


class InvalidRequestError(LiveFlowError):
    """An argument or a body was refused, here or by the service (400, 422). Change the request."""

    argument: str | None
    """The argument at fault, where it was refused before any request."""
    field_errors: tuple[FieldError, ...]
    """The members that the service refused, where it named them."""

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        field_errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(message)
        self.argument = argument
        self.field_errors = tuple(field_errors)


class NotWaitingForInputError(LiveFlowError):
    """Input was sent to a session that is not waiting for any."""


class PromptNoLongerOpenError(LiveFlowError):
    """The prompt was closed before this answer reached it. `answer` holds the answer."""


class RateLimitedError(LiveFlowError):
    """The service asks for fewer requests (429), and the caller's deadline came first."""

    retry_after: float | None = None
    """How many seconds the service asked to wait."""


class RequestTimeoutError(LiveFlowError, TimeoutError):
    """The caller's deadline passed; nothing is known to have been changed by this call."""


class NetworkError(LiveFlowError):
    """The service could not be reached, or the connection broke."""


class ServerError(LiveFlowError):
    """The service failed (5xx)."""


class InvalidResponseError(LiveFlowError):
    """The service answered with something that is not what its API describes."""


class OutcomeUnknownError(LiveFlowError):
    """A write may or may not have taken effect, and no read could tell. Nothing was guessed.

    For an answer, `answer` holds its text.
    """

    candidates: tuple[Session, ...] = ()
    """For create session: the sessions that could be the one that was asked for."""


class SessionFailedError(LiveFlowError):
    """The session failed or was cancelled. `detail` is its own error: not for end users."""


class HandlerFailedError(LiveFlowError):
    """A callback of the application's own (credentials, checkpoint store) failed."""


class ClosedError(LiveFlowError):
    """The client or the watch was closed before or during this call."""
