"""Client SDK for TrueState Live Flow: start a session, follow it, answer its questions.

`Client` blocks, `AsyncClient` is for asyncio; both have the same methods. `run` does a whole
session in one call; `start` and `watch` give a `LiveSession` with its events.
"""

from typing import TYPE_CHECKING

from ._subscription import AsyncSubscription, Subscription
from .async_client import AsyncClient
from .async_live_session import AsyncEvents, AsyncLiveSession
from .callbacks import (
    CheckpointStore,
    CredentialsProvider,
    CredentialsRequest,
    PromptHandler,
    SessionListener,
    StoredCheckpoint,
)
from .client import Client
from .config import (
    ClientSettings,
    CreateBody,
    Duration,
    Endpoint,
    Endpoints,
    HttpMethod,
    PollingConfig,
    RetryConfig,
    Timeouts,
)
from .errors import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    FieldError,
    HandlerFailedError,
    InvalidRequestError,
    InvalidResponseError,
    LiveFlowError,
    NetworkError,
    NotFoundError,
    NotWaitingForInputError,
    OutcomeUnknownError,
    PermissionDeniedError,
    PromptNoLongerOpenError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    SessionFailedError,
)
from .events import (
    AnswerUnresolved,
    ConnectionLost,
    ConnectionRestored,
    Failed,
    Finished,
    PromptClosed,
    PromptCloseReason,
    PromptRequested,
    SessionEvent,
    StatusChanged,
    StepChanged,
    WatchEnded,
    WatchEndReason,
)
from .file_store import FileCheckpointStore
from .live_session import Events, LiveSession
from .logs import LogRecord, LogSink, set_log_sink
from .session import Exchange, Progress, Prompt, Session, SessionStatus, StepRun

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Look up `__version__` when it is asked for: it takes long, and is rarely needed."""
        if name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415

            return version("truestate-liveflow")
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)


__all__ = [
    "AnswerUnresolved",
    "AsyncClient",
    "AsyncEvents",
    "AsyncLiveSession",
    "AsyncSubscription",
    "AuthenticationError",
    "CheckpointStore",
    "Client",
    "ClientSettings",
    "ClosedError",
    "ConfigurationError",
    "ConnectionLost",
    "ConnectionRestored",
    "CreateBody",
    "CredentialsProvider",
    "CredentialsRequest",
    "Duration",
    "Endpoint",
    "Endpoints",
    "Events",
    "Exchange",
    "Failed",
    "FieldError",
    "FileCheckpointStore",
    "Finished",
    "HandlerFailedError",
    "HttpMethod",
    "InvalidRequestError",
    "InvalidResponseError",
    "LiveFlowError",
    "LiveSession",
    "LogRecord",
    "LogSink",
    "NetworkError",
    "NotFoundError",
    "NotWaitingForInputError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "PollingConfig",
    "Progress",
    "Prompt",
    "PromptCloseReason",
    "PromptClosed",
    "PromptHandler",
    "PromptNoLongerOpenError",
    "PromptRequested",
    "RateLimitedError",
    "RequestTimeoutError",
    "RetryConfig",
    "ServerError",
    "Session",
    "SessionEvent",
    "SessionFailedError",
    "SessionListener",
    "SessionStatus",
    "StatusChanged",
    "StepChanged",
    "StepRun",
    "StoredCheckpoint",
    "Subscription",
    "Timeouts",
    "WatchEndReason",
    "WatchEnded",
    "set_log_sink",
]
