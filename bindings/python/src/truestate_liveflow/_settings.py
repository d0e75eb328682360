"""From a client's keyword arguments to the core's configuration."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from . import _arguments
from ._native import liveflow as core
from ._native import liveflow_ffi as ffi
from ._words import NO_TEXT, is_text, kind
from .config import (
    ClientSettings,
    Endpoint,
    Endpoints,
    HttpMethod,
    PollingConfig,
    RetryConfig,
    Timeouts,
)
from .errors import ConfigurationError
from .session import SessionStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

T = TypeVar("T")

_NAMES = frozenset(ClientSettings.__annotations__)
_OF_THE_LANGUAGE = {
    "credentials": ("headers",),
    "checkpoint_store": ("save", "load", "list", "delete"),
}
"""What is kept on this side, and the methods that it must have."""
_U32 = 2**32 - 1
_U64 = 2**64 - 1


def configuration(settings: Mapping[str, Any], owner: str) -> ffi.CoreConfig:
    """Put what was given in place of the core's defaults."""
    for name in settings.keys() - _NAMES:
        near = difflib.get_close_matches(name, _NAMES, n=1)
        hint = f". Did you mean {near[0]!r}?" if near else ""
        message = f"{owner}() got an unexpected keyword argument {name!r}{hint}"
        raise TypeError(message)
    config = ffi.default_config()
    for name, value in settings.items():
        if name not in _OF_THE_LANGUAGE:
            setattr(config, name, _READ[name](name, value, getattr(config, name)))
        elif value is not None:
            _check_methods(name, value)
    return config


def handler_timeout(settings: Mapping[str, Any]) -> float | None:
    """Give the one setting that is kept on this side: handlers are called here."""
    limit = settings.get("handler_timeout")
    return None if limit is None else _duration("handler_timeout", limit, None).total_seconds()


def key(value: object) -> str:
    """Check the API key's type, without ever quoting it."""
    if value is None:
        return ""
    return _text("api_key", value, None)


def _check_methods(name: str, value: object) -> None:
    for method in _OF_THE_LANGUAGE[name]:
        if not callable(getattr(value, method, None)):
            raise _wrong(name, f"must have the method {method!r}: {kind(value)} has not")
    if isinstance(value, type):
        raise _wrong(name, f"must be an object, not the class {value.__name__}: call it")


def _wrong(name: str, reason: str) -> ConfigurationError:
    error = ConfigurationError(f"{name} {reason}")
    error.setting = name
    return error


def _duration(name: str, value: Any, _: object) -> timedelta:
    return _arguments.duration(value, lambda reason: _wrong(name, reason))


def _flag(name: str, value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, f"must be True or False, not {value!r}")
    return value


def _text(name: str, value: object, _: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, f"must be text, not {kind(value)}")
    if not is_text(value):
        raise _wrong(name, NO_TEXT)
    return value


def _number(name: str, value: object, _: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _wrong(name, f"must be a number, not {kind(value)}")
    try:
        return float(value)
    except OverflowError:
        raise _wrong(name, "is too large") from None


def _count(largest: int) -> Callable[[str, object, object], int]:
    def read(name: str, value: object, _: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(name, f"must be a whole number, not {kind(value)}")
        if not 0 <= value <= largest:
            raise _wrong(name, f"must be from 0 to {largest}")
        return value

    return read


def _optional(
    read: Callable[[str, Any, Any], T], *, none_keeps: bool = False
) -> Callable[[str, Any, Any], T | None]:
    def read_unless_none(name: str, value: object, default: T | None) -> T | None:
        if value is None:
            return default if none_keeps else None
        return read(name, value, default)

    return read_unless_none


def _parts(
    form: type[Any], readers: Mapping[str, Callable[[str, Any, Any], Any]]
) -> Callable[[str, Any, Any], Any]:
    """Read a dataclass of ours into the core's record of the same members."""

    def read(name: str, value: object, default: Any) -> Any:
        if not isinstance(value, form):
            raise _wrong(name, f"must be a {form.__name__}, not {kind(value)}")
        for member in dataclasses.fields(form):
            part = getattr(value, member.name)
            if part is not None:
                path = f"{name}.{member.name}"
                read_part = readers[member.name]
                setattr(default, member.name, read_part(path, part, getattr(default, member.name)))
        return default

    return read


def _enumeration(native: Any) -> Callable[[str, Any, Any], Any]:
    def read(name: str, value: Any, _: object) -> Any:
        member = getattr(native, getattr(value, "name", ""), None)
        if member is None:
            raise _wrong(name, f"is {value!r}, which is not one of its values")
        return member

    return read


def _endpoint(name: str, value: object, _: object) -> core.Endpoint:
    if not isinstance(value, Endpoint):
        raise _wrong(name, f"must be an Endpoint, not {kind(value)}")
    if not isinstance(value.method, HttpMethod):
        raise _wrong(f"{name}.method", f"must be an HttpMethod, not {value.method!r}")
    method = core.HttpMethod[value.method.name]
    return core.Endpoint(method=method, path=_text(f"{name}.path", value.path, None))


def _proxy(name: str, value: object, _: object) -> Any:
    url = _text(name, value, None)
    native: Any = core.ProxyConfig
    if url == "system":
        return native.SYSTEM()
    return native.DIRECT() if url == "direct" else native.URL(url)


def _certificates(name: str, value: Any, _: object) -> list[bytes]:
    if isinstance(value, (str, bytes)):
        raise _wrong(name, "must be a sequence of certificates, not one of them")
    if not isinstance(value, Iterable):
        raise _wrong(name, f"must be a sequence of certificates, not {kind(value)}")
    certificates = []
    for certificate in value:
        if not isinstance(certificate, (str, bytes)):
            raise _wrong(name, f"must hold text or bytes, not {kind(certificate)}")
        if isinstance(certificate, str):
            certificate = _text(name, certificate, None).encode()  # noqa: PLW2901
        certificates.append(certificate)
    return certificates


def _aliases(name: str, value: object, _: object) -> dict[str, core.SessionStatus]:
    if not isinstance(value, Mapping):
        raise _wrong(name, f"must map words to SessionStatus, not be {kind(value)}")
    aliases = {}
    for word, status in value.items():
        if not isinstance(status, SessionStatus):
            raise _wrong(name, f"must map words to SessionStatus, not to {status!r}")
        aliases[_text(name, word, None)] = core.SessionStatus[status.name]
    return aliases


_TIMEOUTS = _parts(Timeouts, {"connect": _duration, "request": _duration, "total": _duration})
_RETRY = _parts(
    RetryConfig, {"initial_backoff": _duration, "max_backoff": _duration, "multiplier": _number}
)
_POLLING = _parts(
    PollingConfig,
    {
        "running_min": _duration,
        "running_max": _duration,
        "waiting_min": _duration,
        "waiting_max": _duration,
        "growth": _number,
        "jitter": _number,
    },
)
_ENDPOINTS = _parts(
    Endpoints,
    {
        "create_body": _enumeration(core.CreateBody),
        "add_user_input": _endpoint,
        "user_input_member": _text,
        "cancel_session": _endpoint,
        "list_page_size": _count(_U32),
    },
)

_READ: dict[str, Callable[[str, Any, Any], Any]] = {
    "organisation_id": _optional(_text),
    "base_url": _optional(_text),
    "timeouts": _optional(_TIMEOUTS, none_keeps=True),
    "retry": _optional(_RETRY, none_keeps=True),
    "polling": _optional(_POLLING, none_keeps=True),
    "watch_limit": _duration,
    "resend_answers": _flag,
    "verify_before_answer": _flag,
    "answer_grace": _duration,
    "max_staleness": _duration,
    "adopt_created": _flag,
    "correlation_member": _optional(_text),
    "recreate_when_unseen": _flag,
    "max_retry_after": _duration,
    "suspend_grace": _duration,
    "handler_timeout": _optional(_duration),
    "callback_limit": _count(_U32),
    "max_concurrent_requests": _count(_U32),
    "requests_per_second": _number,
    "max_body_bytes": _count(_U64),
    "proxy": _proxy,
    "extra_root_certificates": _certificates,
    "allow_insecure_http": _flag,
    "user_agent_suffix": _optional(_text),
    "endpoints": _optional(_ENDPOINTS, none_keeps=True),
    "status_aliases": _aliases,
}
