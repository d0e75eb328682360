"""Client SDK for TrueState Live Flow: start a session, follow it, answer its questions.

`Client` blocks, `AsyncClient` is for asyncio; both have the same methods. `run` does a whole
session in one call; `start` and `watch` give a `LiveSession` with its events.
"""

TYPE_CHECKING = False  # `typing` takes time, and the checkers know the name

if TYPE_CHECKING:
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

    __version__: str
else:
    # Loaded when first asked for: the native library, the code that is generated for it and
    # asyncio take a tenth of a second, and not every process that imports this uses it.
    _NAMES = {
        "_subscription": "AsyncSubscription Subscription",
        "async_client": "AsyncClient",
        "async_live_session": "AsyncEvents AsyncLiveSession",
        "callbacks": (
            "CheckpointStore CredentialsProvider CredentialsRequest PromptHandler "
            "SessionListener StoredCheckpoint"
        ),
        "client": "Client",
        "config": (
            "ClientSettings CreateBody Duration Endpoint Endpoints HttpMethod PollingConfig "
            "RetryConfig Timeouts"
        ),
        "errors": (
            "AuthenticationError ClosedError ConfigurationError FieldError "
            "HandlerFailedError InvalidRequestError InvalidResponseError LiveFlowError "
            "NetworkError NotFoundError NotWaitingForInputError OutcomeUnknownError "
            "PermissionDeniedError PromptNoLongerOpenError RateLimitedError "
            "RequestTimeoutError ServerError SessionFailedError"
        ),
        "events": (
            "AnswerUnresolved ConnectionLost ConnectionRestored Failed Finished PromptClosed "
            "PromptCloseReason PromptRequested SessionEvent StatusChanged StepChanged "
            "WatchEnded WatchEndReason"
        ),
        "file_store": "FileCheckpointStore",
        "live_session": "Events LiveSession",
        "logs": "LogRecord LogSink set_log_sink",
        "session": "Exchange Progress Prompt Session SessionStatus StepRun",
    }
    _HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

    def __getattr__(name: str) -> object:
        from importlib import import_module  # noqa: PLC0415

        if name in _HOMES:
            value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        elif name in _NAMES:
            return import_module(f".{name}", __name__)
        elif name == "__version__":
            from importlib.metadata import version  # noqa: PLC0415

            value = version("truestate-liveflow")
        else:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


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
