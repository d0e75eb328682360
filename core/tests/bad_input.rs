//! Input that makes no sense, from callers and from the service: typed errors, no panic, no hang.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::*;
use liveflow::{
    Client, ClientConfig, Json, LiveFlowError, LiveFlowId, Prompt, SessionEvent, SessionStatus,
    StepRunId,
};
use liveflow_simulator::{Call, Effect, Fault, FaultRule};
use serde_json::{Value, json};

/// The setting that is said to be wrong.
fn setting_at_fault(change: impl FnOnce(&mut ClientConfig)) -> Option<String> {
    let mut config = ClientConfig::new("key");
    change(&mut config);
    match Client::new(config) {
        Ok(_) => None,
        Err(LiveFlowError::Configuration { setting, context }) => {
            assert!(!context.reason.is_empty());
            setting
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_by_the_name_of_its_setting() {
    type Change = fn(&mut ClientConfig);
    let cases: Vec<(&str, Change)> = vec![
        ("api_key", |c| c.api_key = "".into()),
        ("api_key", |c| c.api_key = "  ".into()),
        ("api_key", |c| c.api_key = "two words".into()),
        ("api_key", |c| c.api_key = "schlüssel".into()),
        ("base_url", |c| c.base_url.clear()),
        ("base_url", |c| c.base_url = "api.truestate.io".into()),
        ("base_url", |c| c.base_url = "//api.truestate.io".into()),
        ("base_url", |c| c.base_url = "https://".into()),
        ("base_url", |c| c.base_url = "http://api.truestate.io".into()),
        ("base_url", |c| c.base_url = "http://192.168.0.1".into()),
        ("base_url", |c| c.base_url = "file:///etc/passwd".into()),
        ("base_url", |c| c.base_url = "https://api.truestate.io/?key=1".into()),
        ("organisation_id", |c| c.organisation_id = Some("a\r\nb".into())),
        ("user_agent_suffix", |c| c.user_agent_suffix = Some("\u{1F600}".into())),
        ("timeouts.connect", |c| c.timeouts.connect = Duration::ZERO),
        ("timeouts.request", |c| c.timeouts.request = Duration::ZERO),
        ("timeouts.total", |c| c.timeouts.total = Duration::ZERO),
        ("retry.initial_backoff", |c| c.retry.initial_backoff = Duration::ZERO),
        ("retry.max_backoff", |c| c.retry.max_backoff = Duration::ZERO),
        ("retry.multiplier", |c| c.retry.multiplier = -2.0),
        ("retry.multiplier", |c| c.retry.multiplier = f64::NAN),
        ("polling.running_min", |c| c.polling.running_min = Duration::ZERO),
        ("polling.running_max", |c| c.polling.running_max = Duration::ZERO),
        ("polling.waiting_min", |c| c.polling.waiting_min = Duration::ZERO),
        ("polling.waiting_max", |c| c.polling.waiting_max = Duration::ZERO),
        ("polling.growth", |c| c.polling.growth = -0.1),
        ("polling.growth", |c| c.polling.growth = f64::INFINITY),
        ("polling.jitter", |c| c.polling.jitter = 1.0),
        ("watch_limit", |c| c.watch_limit = Duration::ZERO),
        ("handler_timeout", |c| c.handler_timeout = Some(Duration::ZERO)),
        ("answer_grace", |c| c.answer_grace = Duration::ZERO),
        ("answer_grace", |c| {
            c.timeouts.request = Duration::MAX;
            c.max_staleness = Duration::MAX;
        }),
        ("requests_per_second", |c| c.requests_per_second = -1.0),
        ("requests_per_second", |c| c.requests_per_second = f64::NAN),
        ("max_concurrent_requests", |c| c.max_concurrent_requests = 0),
        ("max_body_bytes", |c| c.max_body_bytes = 0),
        ("callback_limit", |c| c.callback_limit = 0),
        ("correlation_member", |c| c.correlation_member = Some(String::new())),
        ("endpoints.add_user_input", |c| c.endpoints.add_user_input.path.clear()),
        ("endpoints.add_user_input", |c| c.endpoints.add_user_input.path = "/no/id/".into()),
        ("endpoints.cancel_session", |c| c.endpoints.cancel_session.path = "/{id}/".into()),
        ("endpoints.cancel_session", |c| {
            c.endpoints.cancel_session.path = "https://evil.example/{session_id}".into();
        }),
        ("endpoints.user_input_member", |c| c.endpoints.user_input_member.clear()),
        ("endpoints.list_page_size", |c| c.endpoints.list_page_size = Some(0)),
        ("extra_root_certificates", |c| c.extra_root_certificates = vec![b"no PEM".to_vec()]),
    ];
    for (number, (setting, change)) in cases.into_iter().enumerate() {
        assert_eq!(setting_at_fault(change).as_deref(), Some(setting), "case {number}");
    }
}

#[tokio::test]
async fn settings_without_end_mean_for_ever() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.timeouts.connect = Duration::MAX;
        config.timeouts.total = Duration::MAX;
        config.retry.max_backoff = Duration::MAX;
        config.polling.running_max = Duration::MAX;
        config.polling.waiting_max = Duration::MAX;
        config.watch_limit = Duration::MAX;
        config.answer_grace = Duration::MAX;
        config.max_staleness = Duration::MAX / 2;
        config.max_retry_after = Duration::MAX;
        config.suspend_grace = Duration::MAX;
        config.handler_timeout = Some(Duration::MAX);
        config.max_body_bytes = u64::MAX;
        config.callback_limit = u32::MAX;
        config.max_concurrent_requests = u32::MAX;
        config.requests_per_second = f64::MAX;
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    client.suspend();
    client.resume();
    within(live.answer(&prompt, "blue")).await.unwrap();
    live.poll_now();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    // What waits for ever waits, and does not break anything.
    fault(&simulator, FaultRule::new(Call::GetSessions, limited(u64::MAX)));
    let pausing = tokio::time::timeout(Duration::from_millis(100), client.get_sessions(ASK));
    assert!(pausing.await.is_err());
    client.close();
}

#[tokio::test]
async fn the_least_that_settings_may_be_works_as_well() {
    let simulator = simulator().await;
    let least = Duration::from_nanos(1);
    let client = client_with(&simulator, |config| {
        config.retry.initial_backoff = least;
        config.retry.max_backoff = least;
        config.retry.multiplier = 1.0;
        config.polling.running_min = least;
        config.polling.waiting_min = least;
        config.polling.growth = 0.0;
        config.polling.jitter = 0.0;
        config.max_concurrent_requests = 1;
        config.callback_limit = 1;
        config.requests_per_second = 200.0;
        config.suspend_grace = Duration::ZERO;
        config.max_staleness = Duration::ZERO;
        config.max_retry_after = Duration::ZERO;
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    let requests = simulator.journal().requests.len();
    assert!(requests < 500, "{requests} requests: the rate holds whatever the intervals");
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_before_any_request() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let long = "f".repeat(100_000);
    for bad in [
        "",
        " ",
        "..",
        "../../admin",
        "f6a0e47b-23ca-471a-83da-1ed29e2c1db",
        "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe/..",
        "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe?x=1",
        "f6a0e47b%2D23ca-471a-83da-1ed29e2c1dbe",
        "g6a0e47b-23ca-471a-83da-1ed29e2c1dbe",
        "https://platform.truestate.io/live-flows/",
        "https://evil.example/f6a0e47b-23ca-471a-83da-1ed29e2c1dbe/x",
        "\u{202e}f6a0e47b",
        "\0",
        &long,
    ] {
        for error in [
            client.create_session(bad, inputs()).await.unwrap_err(),
            client.get_session(bad, UNKNOWN).await.unwrap_err(),
            client.get_session(ASK, bad).await.unwrap_err(),
            client.get_sessions(bad).await.unwrap_err(),
            client.iter_sessions(bad).unwrap_err(),
            client.add_user_input(ASK, bad, "x").await.unwrap_err(),
            client.cancel_session(ASK, bad).await.unwrap_err(),
            client.start(bad, inputs()).await.unwrap_err(),
            client.watch(ASK, bad).await.unwrap_err(),
        ] {
            let LiveFlowError::InvalidRequest { argument, context, .. } = error else {
                panic!("{bad:?}: {error:?}")
            };
            assert!(argument.is_some(), "{bad:?}");
            assert!(context.reason.len() < 500, "not all of it is repeated");
        }
    }
    assert_eq!(simulator.journal().requests.len(), 0);
}

#[tokio::test]
async fn inputs_that_are_no_object_are_refused_before_any_request() {
    let simulator = simulator().await;
    let client = client(&simulator);
    for bad in ["null", "true", "7", "\"text\"", "[]", "[{}]"] {
        let error = client.create_session(ASK, Json::parse(bad).unwrap()).await.unwrap_err();
        let LiveFlowError::InvalidRequest { argument, .. } = &error else { panic!("{error:?}") };
        assert_eq!(argument.as_deref(), Some("inputs"), "{bad}");
    }
    assert_eq!(simulator.journal().requests.len(), 0);
}

#[test]
fn json_that_is_none_is_refused() {
    let deep = "[".repeat(1_000_000);
    let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for bad in ["", "{", "{\"a\":}", "nan", "{'a': 1}", "1 2", "\"\u{1}\"", &deep, &closed] {
        let error = Json::parse(bad).unwrap_err();
        assert!(matches!(error, LiveFlowError::InvalidRequest { .. }), "{error:?}");
        assert!(error.to_string().len() < 500);
    }
    assert!(LiveFlowId::parse("nonsense").is_err());
}

#[tokio::test]
async fn a_request_too_large_for_the_service_is_refused_by_it_once() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let large = json!({"text": "x".repeat(17 * 1024 * 1024)});
    let error =
        within(client.create_session(ASK, Json::from_value(&large).unwrap())).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::InvalidRequest { .. }), "{error:?}");
    assert_eq!(error.context().http_status, Some(413));
    assert_eq!(simulator.journal().sessions.len(), 0);
}

#[tokio::test]
async fn an_answer_of_any_characters_arrives_as_it_is() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let long = "ä\u{1F600}".repeat(100_000);
    for text in [
        " ",
        "\"quoted\" and \\ back",
        "line\r\nbreak\ttab",
        "null",
        "{\"user_input\": 1}",
        "\u{0}\u{1b}[31m",
        "\u{202e}right to left",
        "e\u{301} \u{1F469}\u{200d}\u{1F680}",
        "${inputs.company}",
        &long,
    ] {
        let (live, events, prompt) = asked(&client, ASK).await;
        within(live.answer(&prompt, text)).await.unwrap();
        assert_eq!(texts_of(&simulator, live.id()), [text]);
        assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    }
}

#[tokio::test]
async fn a_prompt_that_was_never_asked_takes_no_answer() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    let (_, _, of_another_session) = asked(&client, ASK).await;
    for forged in [
        Prompt { round: 7, ..prompt.clone() },
        Prompt { run_id: StepRunId::new("made up"), ..prompt.clone() },
        Prompt { run_id: StepRunId::new(""), ..prompt.clone() },
        of_another_session,
    ] {
        let error = within(live.answer(&forged, "blue")).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::PromptNoLongerOpen { .. }), "{error:?}");
        assert_eq!(error.context().answer.as_deref(), Some("blue"));
    }
    assert_eq!(count(&simulator, Call::AddUserInput), 0);
    within(live.answer(&prompt, "blue")).await.unwrap();
}

fn shows(body: Value) -> Fault {
    Fault::Status {
        status: 200,
        body: Some(body),
        content_type: None,
        headers: BTreeMap::new(),
        effect: Effect::None,
    }
}

/// Every value inside this one, by its path.
fn places(value: &Value, path: &str, all: &mut Vec<String>) {
    all.push(path.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{path}/{name}"), all);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                places(element, &format!("{path}/{at}"), all);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn whatever_the_service_shows_in_whatever_place_breaks_nothing() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.retry.initial_backoff = Duration::from_millis(1);
        config.retry.max_backoff = Duration::from_millis(1);
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    let id = live.id().as_str().parse().unwrap();
    let truth = simulator.session(id).unwrap();
    let mut all = Vec::new();
    places(&truth, "", &mut all);
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("odd"),
        json!([null, 1, [], {}]),
        json!({"detail": [1]}),
    ];
    for (number, place) in all.iter().enumerate() {
        for odd in [&odd[number % odd.len()], &odd[(number * 3 + 1) % odd.len()]] {
            let mut shown = truth.clone();
            *shown.pointer_mut(place).unwrap() = odd.clone();
            simulator.clear_faults();
            // No more often than a watch bears: the rest sees the truth again.
            fault(&simulator, FaultRule::new(Call::GetSession, shows(shown)).session(id).times(3));
            match within(client.get_session(ASK, live.id())).await {
                Ok(session) => assert_eq!(session.id, *live.id()),
                Err(error) => {
                    let typed = matches!(error, LiveFlowError::InvalidResponse { .. });
                    assert!(typed, "{place} = {odd}: {error:?}");
                }
            }
        }
    }
    simulator.clear_faults();
    match within(live.answer(&prompt, "blue")).await {
        Ok(()) => assert_eq!(texts_of(&simulator, live.id()), ["blue"]),
        // Some of what was shown was an end, or another round of the same question.
        Err(error) => {
            assert!(matches!(error, LiveFlowError::PromptNoLongerOpen { .. }), "{error:?}");
        }
    }
    live.close();
    rest(&events).await;
    let (other, _, prompt) = asked(&client, ASK).await;
    within(other.answer(&prompt, "blue")).await.unwrap();
    let session = within(other.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished, "the client is as good as before");
}
