"""A scenario's `client` as the settings of the SDK."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import truestate_liveflow as sdk

from .host import Rotating, Stores
from .render import STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULTS: Final[dict[str, Any]] = {
    "timeouts": {"connect_ms": 1000, "request_ms": 1000, "total_ms": 8000},
    "retry": {"initial_backoff_ms": 20, "max_backoff_ms": 100, "multiplier": 2},
    "polling": {
        "running_min_ms": 20,
        "running_max_ms": 100,
        "waiting_min_ms": 50,
        "waiting_max_ms": 200,
        "growth": 0.2,
        "jitter": 0.1,
    },
    "watch_limit_ms": 30000,
    "max_staleness_ms": 200,
    "answer_grace_ms": 1300,
    "max_retry_after_ms": 5000,
    "suspend_grace_ms": 200,
    "requests_per_second": 0,
    "proxy": "direct",
}
"""What is left out of a scenario's configuration; they make scenarios quick."""


def layered(*layers: dict[str, Any]) -> dict[str, Any]:
    """Merge each layer over the ones before, and all over the defaults."""
    merged = copy.deepcopy(DEFAULTS)
    for layer in layers:
        _merge(merged, layer)
    return merged


def _merge(under: dict[str, Any], over: dict[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(name), dict):
            _merge(under[name], value)
        else:
            under[name] = copy.deepcopy(value)


def secrets(config: dict[str, Any]) -> Iterator[str]:
    """Give every text of it that must not be shown."""
    if config.get("api_key"):
        yield config["api_key"]
    for headers in config.get("credentials", ()):
        yield from headers.values()


def for_service(
    config: dict[str, Any], base_url: str, api_key: str, stores: Stores
) -> tuple[str | None, sdk.ClientSettings]:
    """Give the key and the settings for the service at `base_url`."""
    key = config.get("api_key", None if "credentials" in config else api_key)
    settings: dict[str, Any] = {"base_url": base_url}
    for name, value in config.items():
        if name == "api_key":
            continue
        make = _MAKERS.get(name)
        if make is not None:
            settings[name] = make(value)
        elif name == "checkpoint_store":
            settings[name] = stores.give(value)
        elif name.endswith("_ms"):
            settings[name.removesuffix("_ms")] = value / 1000
        else:
            settings[name] = value
    made: sdk.ClientSettings = settings  # type: ignore[assignment] # its members are the format's
    return key, made


def _seconds(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removesuffix("_ms"): value / 1000 if name.endswith("_ms") else value
        for name, value in members.items()
    }


def _endpoint(value: dict[str, str]) -> sdk.Endpoint:
    return sdk.Endpoint(sdk.HttpMethod(value["method"]), value["path"])


def _endpoints(value: dict[str, Any]) -> sdk.Endpoints:
    makers: dict[str, Callable[[Any], Any]] = {
        "create_body": sdk.CreateBody,
        "add_user_input": _endpoint,
        "cancel_session": _endpoint,
    }
    return sdk.Endpoints(
        **{name: makers.get(name, lambda it: it)(member) for name, member in value.items()}
    )


_MAKERS: Final[dict[str, Callable[[Any], Any]]] = {
    "timeouts": lambda value: sdk.Timeouts(**_seconds(value)),
    "retry": lambda value: sdk.RetryConfig(**_seconds(value)),
    "polling": lambda value: sdk.PollingConfig(**_seconds(value)),
    "endpoints": _endpoints,
    "proxy": lambda value: value if isinstance(value, str) else value["url"],
    "status_aliases": lambda value: {word: STATUS[status] for word, status in value.items()},
    "credentials": Rotating,
}
