//! Every kind of error, brought about for real, with what it tells its reader.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{
    Client, CredentialsProvider, CredentialsRequest, HostError, HostFuture, LiveFlowError,
    ProxyConfig, SessionEvent, SessionStatus,
};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Simulator};
use serde_json::json;

/// For calls that are not to find their way through a fault.
fn impatient(simulator: &Simulator) -> Client {
    client_with(simulator, |config| config.timeouts.total = Duration::from_secs(1))
}

fn name(error: &LiveFlowError) -> String {
    format!("{error:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.api_key = "another-key".into());
    let error = client.get_sessions(ASK).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Authentication { .. }), "{error:?}");
    let context = error.context();
    assert_eq!(context.http_status, Some(401));
    assert!(context.detail.is_some(), "what the service said");
    assert!(context.request_id.is_some(), "for its support team");
    assert!(!error.is_retryable());
    assert_eq!(simulator.journal().requests.len(), 1, "another try would be no better");
}

#[tokio::test]
async fn another_organisations_flow_is_denied() {
    let simulator = simulator_with(&json!({"required_org_id": "org-7"})).await;
    let error = client(&simulator).create_session(ASK, inputs()).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::PermissionDenied { .. }), "{error:?}");
    assert_eq!(error.context().http_status, Some(403));
    assert!(error.to_string().contains(ASK), "{error}");
    assert_eq!(simulator.journal().requests.len(), 1);
}

#[tokio::test]
async fn an_unknown_session_is_not_found_and_named() {
    let simulator = simulator().await;
    let error = client(&simulator).get_session(ASK, UNKNOWN).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::NotFound { .. }), "{error:?}");
    assert_eq!(error.context().http_status, Some(404));
    assert!(error.to_string().contains(UNKNOWN), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn what_the_service_refuses_is_invalid_member_by_member() {
    let simulator = simulator().await;
    let flow = json!({
        "name": "picky", "required_inputs": ["company"],
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"},
        ],
    });
    simulator.upload_flow(UNKNOWN.parse().unwrap(), &flow.to_string()).unwrap();
    let inputs = liveflow::Json::parse("{}").unwrap();
    let error = client(&simulator).create_session(UNKNOWN, inputs).await.unwrap_err();
    let LiveFlowError::InvalidRequest { context, argument, field_errors } = error else {
        panic!("{error:?}")
    };
    assert_eq!(context.http_status, Some(422));
    assert_eq!(argument, None, "the service refused it, not the library");
    assert_eq!(field_errors.len(), 1);
    assert_eq!(field_errors[0].location, "body.inputs.company");
    assert!(!field_errors[0].problem.is_empty());
    assert!(field_errors[0].kind.is_some());
}

#[tokio::test]
async fn input_for_a_session_that_does_not_wait_says_so_whatever_the_status() {
    for status in [400, 409, 422] {
        let not_waiting = json!({"add_user_input": {"not_waiting_status": status}});
        let simulator = simulator_with(&not_waiting).await;
        let client = client(&simulator);
        let session = client.create_session(WORK, inputs()).await.unwrap();
        let error = client.add_user_input(WORK, &session.id, "blue").await.unwrap_err();
        assert!(matches!(error, LiveFlowError::NotWaitingForInput { .. }), "{error:?}");
        assert_eq!(error.context().http_status, Some(status));
        assert_eq!(error.context().answer.as_deref(), Some("blue"));
    }
}

#[tokio::test]
async fn a_hold_that_outlasts_the_deadline_is_a_rate_limit_with_its_length() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::new(Call::GetSession, limited(77)));
    let error = within(impatient(&simulator).get_session(ASK, UNKNOWN)).await.unwrap_err();
    let LiveFlowError::RateLimited { retry_after, context } = error else { panic!("{error:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(77)));
    assert_eq!(context.http_status, Some(429));
    assert!(context.retryable);
}

#[tokio::test]
async fn a_service_that_says_nothing_is_a_timeout() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::any(silence()));
    let client = impatient(&simulator);
    let error = within(client.get_session(ASK, UNKNOWN)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_service_that_is_down_is_a_network_error_and_nothing_was_sent() {
    let simulator = simulator().await;
    let client = impatient(&simulator);
    simulator.stop().await;
    let (read, create, input, cancel) = within(async {
        tokio::join!(
            client.get_session(ASK, UNKNOWN),
            client.create_session(ASK, inputs()),
            client.add_user_input(ASK, UNKNOWN, "blue"),
            client.cancel_session(ASK, UNKNOWN),
        )
    })
    .await;
    for error in [read, create, input, cancel].map(Result::unwrap_err) {
        assert!(matches!(error, LiveFlowError::Network { .. }), "{error:?}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains("nothing was sent"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_fails_is_a_server_error_after_several_tries() {
    let simulator = simulator().await;
    fault(&simulator, FaultRule::any(status(503)));
    let error = within(impatient(&simulator).get_session(ASK, UNKNOWN)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Server { .. }), "{error:?}");
    assert_eq!(error.context().http_status, Some(503));
    assert_eq!(error.context().detail.as_deref(), Some("Simulated fault"));
    assert!(error.is_retryable());
    assert!(count(&simulator, Call::GetSession) > 1);
}

#[tokio::test]
async fn answers_that_the_api_does_not_describe_are_invalid_responses() {
    let html = Fault::Status {
        status: 200,
        body: Some(json!("<html><body>Welcome to the airport's WLAN</body></html>")),
        content_type: Some("text/html".to_owned()),
        headers: BTreeMap::new(),
        effect: Effect::None,
    };
    for (broken, tries) in [
        (Fault::MalformedBody {}, 5),
        (Fault::TruncatedBody {}, 5),
        (Fault::ResetMidBody {}, 5),
        (Fault::EmptyBody {}, 5),
        (Fault::InvalidUtf8Body {}, 5),
        (Fault::DeeplyNestedBody { depth: 10_000 }, 5),
        (html, 5),
        (Fault::HugeBody { bytes: 100_000, chunked: true, gzip: false }, 1),
        (Fault::HugeBody { bytes: 100_000_000, chunked: false, gzip: true }, 1),
    ] {
        let simulator = simulator().await;
        let client = client_with(&simulator, |config| config.max_body_bytes = 64 * 1024);
        let session = client.create_session(ASK, inputs()).await.unwrap();
        let fault_name = broken.name();
        fault(&simulator, FaultRule::new(Call::GetSession, broken));
        let error = within(client.get_session(ASK, &session.id)).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::InvalidResponse { .. }), "{fault_name}: {error:?}");
        assert_eq!(error.context().http_status, Some(200), "{fault_name}");
        assert_eq!(count(&simulator, Call::GetSession), tries, "{fault_name}");
    }
}

#[tokio::test]
async fn input_whose_fate_nobody_knows_is_an_unknown_outcome_with_its_text() {
    for (fate, arrives) in [
        (Fault::ResetAfterEffect {}, true),
        (Fault::ResetBeforeEffect {}, false),
        (status(500), false),
        (status_after_effect(502), true),
    ] {
        let simulator = simulator().await;
        let client = client(&simulator);
        let session = client.create_session(ASK, inputs()).await.unwrap();
        fault(&simulator, FaultRule::new(Call::AddUserInput, fate));
        let error = within(client.add_user_input(ASK, &session.id, "blue")).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
        assert_eq!(error.context().answer.as_deref(), Some("blue"));
        assert!(!error.is_retryable(), "sending it again blindly could double it");
        assert_eq!(count(&simulator, Call::AddUserInput), 1, "never sent a second time");
        assert_eq!(texts_of(&simulator, &session.id).len(), usize::from(arrives));
    }
}

#[tokio::test]
async fn a_failed_session_is_an_event_and_an_error_only_for_whoever_wants_its_output() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(FAILS, inputs()).await.unwrap();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
    let error = session.require_output().unwrap_err();
    assert!(matches!(error, LiveFlowError::SessionFailed { .. }), "{error:?}");
    assert_eq!(error.context().detail.as_deref(), Some("no such company"), "for debugging");
    assert!(!error.to_string().contains("no such company"), "not for end users: {error}");
    let events = rest(&live.events()).await;
    let Some(SessionEvent::Failed { error: told, .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(*told, error);
}

/// A credentials provider that has none.
struct Broken;

impl CredentialsProvider for Broken {
    fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        hosted(async { Err(HostError("the vault is locked".to_owned())) })
    }
}

#[tokio::test]
async fn code_of_the_callers_own_that_fails_is_a_failed_handler_in_its_own_words() {
    let simulator = simulator().await;
    let with_provider =
        client_with(&simulator, |config| config.credentials = Some(Arc::new(Broken)));
    let error = within(with_provider.create_session(ASK, inputs())).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
    assert_eq!(error.context().detail.as_deref(), Some("the vault is locked"));
    assert_eq!(simulator.journal().requests.len(), 0);
}

#[tokio::test]
async fn calls_of_a_closed_client_are_closed_and_send_nothing() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    let id = live.id().clone();
    client.close();
    let before = newest(&simulator);
    let answer = live.answer(&prompt, "blue").await.unwrap_err();
    assert_eq!(answer.context().answer.as_deref(), Some("blue"));
    for error in [
        client.iter_sessions(ASK).map(|_| ()).unwrap_err(),
        answer,
        client.create_session(ASK, inputs()).await.unwrap_err(),
        client.get_session(ASK, &id).await.unwrap_err(),
        client.get_sessions(ASK).await.unwrap_err(),
        client.add_user_input(ASK, &id, "blue").await.unwrap_err(),
        client.cancel_session(ASK, &id).await.unwrap_err(),
        client.start(ASK, inputs()).await.unwrap_err(),
        client.watch(ASK, &id).await.unwrap_err(),
        live.cancel().await.unwrap_err(),
        live.wait(None).await.unwrap_err(),
        live.wait(Some(PATIENCE)).await.unwrap_err(),
    ] {
        assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
    }
    assert_eq!(newest(&simulator), before);
}

#[tokio::test]
async fn a_wrong_path_for_input_is_a_configuration_error_that_names_the_setting() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        let path = &mut config.endpoints.add_user_input.path;
        "/live_flows/{live_flow_id}/sessions/{session_id}/inputs/".clone_into(path);
    });
    let (live, _, prompt) = asked(&client, ASK).await;
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    let LiveFlowError::Configuration { context, setting } = error else { panic!("{error:?}") };
    assert_eq!(setting.as_deref(), Some("endpoints.add_user_input"));
    assert!(context.reason.contains("/inputs/"), "{}", context.reason);
    assert_eq!(context.answer.as_deref(), Some("blue"));
    assert_eq!(context.http_status, Some(404));
}

#[tokio::test]
async fn every_answer_that_fails_hands_its_text_back() {
    let failing: Vec<(&str, Fault)> = vec![
        ("Authentication", Fault::Unauthorized { effect: Effect::None }),
        ("PermissionDenied", status(403)),
        ("InvalidRequest", status(422)),
        ("InvalidRequest", status(409)),
        ("Configuration", status(405)),
        ("Configuration", Fault::NotFound { effect: Effect::None }),
        ("RateLimited", limited(60)),
        ("OutcomeUnknown", status(500)),
        ("OutcomeUnknown", Fault::ResetBeforeEffect {}),
        ("OutcomeUnknown", silence()),
        (
            "OutcomeUnknown",
            Fault::Redirect { to: "/elsewhere".to_owned(), status: 302, effect: Effect::None },
        ),
    ];
    let tried = failing.into_iter().map(|(expected, fate)| async move {
        let simulator = simulator().await;
        let client = client_with(&simulator, |config| {
            config.timeouts.total = Duration::from_millis(1500);
        });
        let (live, _, prompt) = asked(&client, ASK).await;
        let fault_name = fate.name();
        fault(&simulator, FaultRule::new(Call::AddUserInput, fate));
        let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
        assert_eq!(name(&error), expected, "{fault_name}: {error:?}");
        assert_eq!(error.context().answer.as_deref(), Some("blue"), "{fault_name}: {error:?}");
        assert_eq!(texts_of(&simulator, live.id()).len(), 0, "{fault_name}");
    });
    join_all(tried).await;
}

#[tokio::test]
async fn an_answer_that_cannot_reach_the_service_is_a_network_error_with_its_text() {
    let simulator = simulator().await;
    let client = impatient(&simulator);
    let (live, events, prompt) = asked(&client, ASK).await;
    simulator.stop().await;
    // Until then a connection that is kept alive might still take it.
    until(&events, |event| matches!(event, SessionEvent::ConnectionLost { .. }).then_some(()))
        .await;
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Network { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_a_network_error() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.timeouts.total = Duration::from_secs(1);
        config.proxy = ProxyConfig::Url { url: "http://127.0.0.1:1".to_owned() };
    });
    let error = within(client.create_session(ASK, inputs())).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::Network { .. }), "{error:?}");
    assert_eq!(simulator.journal().requests.len(), 0);
}
