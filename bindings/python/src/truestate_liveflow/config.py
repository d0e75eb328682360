"""A client's settings. All but the key have good defaults, and the defaults are the core's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .callbacks import CheckpointStore, CredentialsProvider
    from .session import SessionStatus

Duration: TypeAlias = float | timedelta
"""Seconds, or a `timedelta`."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long things may take. What is `None` keeps its default."""

    connect: Duration | None = None
    """To reach the service: DNS, TCP, TLS. Default 10 s."""
    request: Duration | None = None
    """For one request from its first byte to the last of its answer. Default 30 s."""
    total: Duration | None = None
    """For one call with everything it takes, retries included. Default 2 minutes."""


@dataclass(frozen=True, kw_only=True)
class RetryConfig:
    """How transient failures are tried again. What is `None` keeps its default."""

    initial_backoff: Duration | None = None
    """The wait after the first failure. Default 0.5 s."""
    max_backoff: Duration | None = None
    """The longest wait between two tries. Default 30 s."""
    multiplier: float | None = None
    """How much longer each wait is than the one before. Default 2."""


@dataclass(frozen=True, kw_only=True)
class PollingConfig:
    """How often sessions are looked at. What is `None` keeps its default."""

    running_min: Duration | None = None
    """The shortest interval while the session runs; what follows a change. Default 0.2 s."""
    running_max: Duration | None = None
    """The longest interval while the session runs. Default 5 s."""
    waiting_min: Duration | None = None
    """The shortest interval while it waits for the end user. Default 2 s."""
    waiting_max: Duration | None = None
    """The longest interval while it waits for the end user. Default 60 s."""
    growth: float | None = None
    """The interval as a share of the time since the last change. Default 0.2."""
    jitter: float | None = None
    """How far each interval strays, as a share of it. Default 0.1."""


class HttpMethod(Enum):
    """An HTTP method that a write may use."""

    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    """For cancel session only."""


class CreateBody(Enum):
    """How create session carries the inputs."""

    WRAPPED = "wrapped"
    """`{"inputs": {…}}`."""
    BARE = "bare"
    """The inputs themselves are the body."""


@dataclass(frozen=True)
class Endpoint:
    """A method and a path template with `{live_flow_id}` and `{session_id}`."""

    method: HttpMethod
    path: str


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The parts of the service's API that it does not document. `None` keeps the default."""

    create_body: CreateBody | None = None
    """How create session carries the inputs. Default `CreateBody.WRAPPED`."""
    add_user_input: Endpoint | None = None
    """Default `POST /live_flows/{live_flow_id}/sessions/{session_id}/user_input/`."""
    user_input_member: str | None = None
    """The member of add user input's body that holds the answer. Default `user_input`."""
    cancel_session: Endpoint | None = None
    """Default `POST /live_flows/{live_flow_id}/sessions/{session_id}/cancel/`."""
    list_page_size: int | None = None
    """When set, get sessions asks for pages of this many. Default: no pages."""


class ClientSettings(TypedDict, total=False):
    """The keyword arguments of `Client` and `AsyncClient`. All are optional.

    Durations are seconds or `timedelta`.
    """

    organisation_id: str | None
    """Sent as `Current-Org-Id`. Default: not sent."""
    base_url: str | None
    """Where the service is. Default `https://api.truestate.io`."""
    timeouts: Timeouts | None
    """How long things may take."""
    retry: RetryConfig | None
    """How transient failures are tried again."""
    polling: PollingConfig | None
    """How often sessions are looked at."""
    watch_limit: Duration
    """How long one watch may see no end. Default 24 hours."""
    resend_answers: bool
    """Whether an answer whose outcome is unknown may be sent again once reads have shown, over
    `answer_grace`, that it did not land. Default `True`."""
    verify_before_answer: bool
    """Whether an answer is preceded by a read that still shows its prompt. Default `True`."""
    answer_grace: Duration
    """How long after an attempt its effect can still show up. Must exceed `timeouts.request` plus
    `max_staleness`. Default 45 s."""
    max_staleness: Duration
    """How old a read may be when replicas of the service lag. Default 10 s."""
    adopt_created: bool
    """Whether a session that fits a create of unknown outcome may be taken for its own. Default
    `False`: the key is organisation-wide, so an equal session may be somebody else's."""
    correlation_member: str | None
    """A member of the inputs into which create writes a unique id, by which a create of unknown
    outcome is found again for sure. Default: none."""
    recreate_when_unseen: bool
    """Whether a create of unknown outcome is sent once more when nothing like it is seen after the
    grace. Default `False`."""
    max_retry_after: Duration
    """The longest `Retry-After` that is obeyed. Default 5 minutes."""
    suspend_grace: Duration
    """How long writes in flight may go on after `suspend`. Default 2 s."""
    handler_timeout: Duration | None
    """How long a prompt handler may take before the prompt counts as not answered by it. Default:
    as long as it likes."""
    callback_limit: int
    """How many callbacks that do not return are borne in the process. Default 64."""
    max_concurrent_requests: int
    """How many requests are in flight at once. Default 16."""
    requests_per_second: float
    """How many requests are begun each second, in all. 0 is no limit. Default 20."""
    max_body_bytes: int
    """The largest body taken from the service. Default 16 MiB."""
    proxy: str
    """`"system"` (the default: the environment's, and on macOS and Windows the system's),
    `"direct"` for none, or an address such as `http://127.0.0.1:3128`."""
    extra_root_certificates: Sequence[bytes | str]
    """Certificates trusted beside the platform's: PEM text, or DER bytes."""
    allow_insecure_http: bool
    """Whether plain `http` is allowed to hosts other than this one. Default `False`."""
    user_agent_suffix: str | None
    """Added to the `User-Agent`, to tell applications apart."""
    endpoints: Endpoints | None
    """Where the undocumented parts of the API are."""
    status_aliases: Mapping[str, SessionStatus]
    """Further words of the service for statuses."""
    credentials: CredentialsProvider | None
    """Headers for each request from your own code, for a proxy of your own. With one, `api_key` is
    optional."""
    checkpoint_store: CheckpointStore | None
    """Where checkpoints are kept. With one, an answer is stored before its first byte leaves."""
