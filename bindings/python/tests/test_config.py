"""Settings: each is taken, each mistake is named, and no text shows the key."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from truestate_liveflow._native import liveflow as core
from truestate_liveflow._native import liveflow_ffi as ffi

from truestate_liveflow import (
    AsyncClient,
    Client,
    ClientSettings,
    ConfigurationError,
    CreateBody,
    Endpoint,
    Endpoints,
    HttpMethod,
    PollingConfig,
    RetryConfig,
    SessionStatus,
    Timeouts,
    _settings,
)

if TYPE_CHECKING:
    from truestate_liveflow.testing import Simulator

KEY = "marked-key-0123456789"
HERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"base_url": "api.truestate.io"}, "base_url"),
        ({"base_url": "http://api.truestate.io"}, "base_url"),
        ({"base_url": "ftp://api.truestate.io"}, "base_url"),
        ({"base_url": 5}, "base_url"),
        ({"base_url": "http://\ud800"}, "base_url"),
        ({"user_agent_suffix": "\udcff"}, "user_agent_suffix"),
        ({"endpoints": Endpoints(user_input_member="\ud800")}, "endpoints.user_input_member"),
        ({"extra_root_certificates": ["\ud800"]}, "extra_root_certificates"),
        ({"extra_root_certificates": 5}, "extra_root_certificates"),
        ({"status_aliases": {"\ud800": SessionStatus.RUNNING}}, "status_aliases"),
        ({"status_aliases": ["PAUSED"]}, "status_aliases"),
        ({"organisation_id": "line\nbreak"}, "organisation_id"),
        ({"timeouts": Timeouts(request=-1)}, "timeouts.request"),
        ({"timeouts": Timeouts(total=float("nan"))}, "timeouts.total"),
        ({"timeouts": Timeouts(connect=0)}, "timeouts.connect"),
        ({"timeouts": 30}, "timeouts"),
        ({"retry": RetryConfig(multiplier=0.5)}, "retry.multiplier"),
        ({"polling": PollingConfig(jitter=float("nan"))}, "polling.jitter"),
        ({"polling": PollingConfig(running_max=timedelta(microseconds=1))}, "polling.running_max"),
        ({"watch_limit": timedelta(seconds=-1)}, "watch_limit"),
        ({"watch_limit": float("inf")}, "watch_limit"),
        ({"watch_limit": 1e300}, "watch_limit"),
        ({"watch_limit": timedelta.max}, "watch_limit"),
        ({"watch_limit": True}, "watch_limit"),
        ({"watch_limit": "1s"}, "watch_limit"),
        ({"resend_answers": 1}, "resend_answers"),
        ({"answer_grace": 1}, "answer_grace"),
        ({"correlation_member": ""}, "correlation_member"),
        ({"handler_timeout": -0.5}, "handler_timeout"),
        ({"callback_limit": 0}, "callback_limit"),
        ({"callback_limit": 2**40}, "callback_limit"),
        ({"max_concurrent_requests": -1}, "max_concurrent_requests"),
        ({"max_concurrent_requests": 1.5}, "max_concurrent_requests"),
        ({"requests_per_second": -1}, "requests_per_second"),
        ({"requests_per_second": 10**400}, "requests_per_second"),
        ({"max_body_bytes": 0}, "max_body_bytes"),
        ({"proxy": "squid"}, "proxy"),
        ({"extra_root_certificates": "PEM"}, "extra_root_certificates"),
        ({"extra_root_certificates": [1]}, "extra_root_certificates"),
        ({"extra_root_certificates": [b"no certificate"]}, "extra_root_certificates"),
        ({"user_agent_suffix": ""}, "user_agent_suffix"),
        ({"endpoints": Endpoints(list_page_size=0)}, "endpoints.list_page_size"),
        ({"endpoints": Endpoints(user_input_member="")}, "endpoints.user_input_member"),
        (
            {"endpoints": Endpoints(cancel_session=Endpoint(HttpMethod.POST, "/x/"))},
            "endpoints.cancel_session",
        ),
        (
            {"endpoints": Endpoints(create_body="bare")},  # type: ignore[arg-type]
            "endpoints.create_body",
        ),
        ({"status_aliases": {"": SessionStatus.RUNNING}}, "status_aliases"),
        ({"status_aliases": {"PAUSED": "RUNNING"}}, "status_aliases"),
    ],
)
def test_every_mistake_names_its_setting(
    kind: type[Client | AsyncClient], settings: dict[str, Any], setting: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        kind(KEY, **{"base_url": HERE, **settings})
    assert raised.value.setting == setting
    assert KEY not in repr(raised.value)


@pytest.mark.parametrize(
    "key", ["", " ", "two words", "line\nbreak", "words\ud800", None, b"bytes"]
)
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: Any) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Client(key)
    assert raised.value.setting == "api_key"
    assert "words" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None or raised.value.__suppress_context__


def test_a_misspelt_setting_is_a_type_error_with_a_hint() -> None:
    with pytest.raises(TypeError, match=r"'timeout'\. Did you mean 'timeouts'"):
        Client(KEY, timeout=5)  # type: ignore[call-arg]


def test_all_settings_are_taken_at_once() -> None:
    settings: ClientSettings = {
        "organisation_id": "org",
        "base_url": HERE,
        "timeouts": Timeouts(connect=1, request=timedelta(seconds=2), total=3),
        "retry": RetryConfig(initial_backoff=0.1, max_backoff=1, multiplier=3),
        "polling": PollingConfig(
            running_min=0.1, running_max=1, waiting_min=1, waiting_max=9, growth=0.3, jitter=0.2
        ),
        "watch_limit": timedelta(days=1),
        "resend_answers": False,
        "verify_before_answer": False,
        "answer_grace": 60,
        "max_staleness": 5,
        "adopt_created": True,
        "correlation_member": "request",
        "recreate_when_unseen": True,
        "max_retry_after": 10,
        "suspend_grace": 1,
        "handler_timeout": 30,
        "callback_limit": 8,
        "max_concurrent_requests": 4,
        "requests_per_second": 5,
        "max_body_bytes": 10**6,
        "proxy": "direct",
        "extra_root_certificates": [],
        "allow_insecure_http": True,
        "user_agent_suffix": "app/1.0",
        "endpoints": Endpoints(
            create_body=CreateBody.BARE,
            add_user_input=Endpoint(HttpMethod.PUT, "/sessions/{session_id}/input/"),
            user_input_member="answer",
            cancel_session=Endpoint(HttpMethod.DELETE, "/sessions/{session_id}/"),
            list_page_size=50,
        ),
        "status_aliases": {"PAUSED": SessionStatus.RUNNING},
        "credentials": None,
        "checkpoint_store": None,
    }
    assert settings.keys() == ClientSettings.__annotations__.keys()
    Client(KEY, **settings).close()
    config = _settings.configuration(settings, "Client")
    assert config.timeouts.request == timedelta(seconds=2)
    assert config.retry.multiplier == 3
    assert config.polling.waiting_max == timedelta(seconds=9)
    assert config.endpoints.add_user_input.method is core.HttpMethod.PUT
    assert config.endpoints.create_body is core.CreateBody.BARE
    assert config.status_aliases == {"PAUSED": core.SessionStatus.RUNNING}


def test_what_is_not_given_keeps_the_cores_default() -> None:
    defaults = ffi.default_config()
    config = _settings.configuration({"timeouts": Timeouts(total=7)}, "Client")
    assert config.timeouts.total == timedelta(seconds=7)
    assert config.timeouts.request == defaults.timeouts.request
    assert config.polling == defaults.polling


def test_the_documented_defaults_are_the_cores() -> None:
    defaults = ffi.default_config()
    assert defaults.timeouts.connect == timedelta(seconds=10)
    assert defaults.timeouts.request == timedelta(seconds=30)
    assert defaults.timeouts.total == timedelta(minutes=2)
    assert defaults.retry.initial_backoff == timedelta(seconds=0.5)
    assert defaults.retry.max_backoff == timedelta(seconds=30)
    assert defaults.retry.multiplier == 2
    assert defaults.polling.running_min == timedelta(seconds=0.2)
    assert defaults.polling.running_max == timedelta(seconds=5)
    assert defaults.polling.waiting_min == timedelta(seconds=2)
    assert defaults.polling.waiting_max == timedelta(seconds=60)
    assert (defaults.polling.growth, defaults.polling.jitter) == (0.2, 0.1)
    assert defaults.watch_limit == timedelta(hours=24)
    assert (defaults.resend_answers, defaults.verify_before_answer) == (True, True)
    assert defaults.answer_grace == timedelta(seconds=45)
    assert defaults.max_staleness == timedelta(seconds=10)
    assert (defaults.adopt_created, defaults.recreate_when_unseen) == (False, False)
    assert defaults.correlation_member is None
    assert defaults.max_retry_after == timedelta(minutes=5)
    assert defaults.suspend_grace == timedelta(seconds=2)
    assert defaults.handler_timeout is None
    assert (defaults.callback_limit, defaults.max_concurrent_requests) == (64, 16)
    assert defaults.requests_per_second == 20
    assert defaults.max_body_bytes == 16 * 1024 * 1024
    assert defaults.proxy.is_system()
    assert defaults.allow_insecure_http is False
    assert defaults.endpoints.user_input_member == "user_input"
    assert defaults.endpoints.list_page_size is None


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_from_env_reads_the_documented_variables(
    kind: type[Client | AsyncClient], monkeypatch: pytest.MonkeyPatch, simulator: Simulator
) -> None:
    simulator.settings(required_org_id="the-organisation")
    monkeypatch.setenv("TRUESTATE_API_KEY", simulator.api_key)
    monkeypatch.setenv("TRUESTATE_ORGANISATION_ID", "the-organisation")
    monkeypatch.setenv("TRUESTATE_HOST", simulator.base_url)
    client = kind.from_env(resend_answers=False)
    assert simulator.base_url in repr(client)
    client.close()
    with Client.from_env() as blocking:
        assert blocking.get_sessions(simulator.flows[0]["id"]) == []


def test_settings_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUESTATE_API_KEY", KEY)
    monkeypatch.setenv("TRUESTATE_HOST", "https://elsewhere.example")
    with Client.from_env(base_url=HERE) as client:
        assert HERE in repr(client)


def test_from_env_without_a_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUESTATE_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TRUESTATE_API_KEY"):
        Client.from_env()


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_text_of_a_client_says_where_it_is_and_hides_the_key(
    kind: type[Client | AsyncClient],
) -> None:
    client = kind(KEY, base_url=HERE)
    assert repr(client) == f"<{kind.__name__} {HERE} open>"
    client.close()
    assert repr(client) == f"<{kind.__name__} {HERE} closed>"


def test_a_setting_of_the_binding_configuration_took_effect() -> None:
    """`uniffi.toml` gives JSON a type of its own; without it, JSON would be a plain `str`."""
    from truestate_liveflow._json_text import JsonText  # noqa: PLC0415

    assert core.Json is JsonText
