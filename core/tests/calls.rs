//! The service's five calls, and the settings for what no public source says about them.

mod common;

use common::*;
use liveflow::{Client, ClientConfig, CreateBody, Endpoint, HttpMethod, Json, SessionStatus};
use liveflow_simulator::{Call, Fault, FaultRule, Simulator, Status};
use serde_json::{Value, json};

#[tokio::test]
async fn the_five_calls_do_what_they_say() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let session = client.create_session(TWICE, inputs()).await.unwrap();
    assert_eq!(session.live_flow_id.as_str(), TWICE);
    assert_eq!(session.inputs, Some(inputs()));

    let seen = client.get_session(TWICE, &session.id).await.unwrap();
    assert_eq!(seen.status, SessionStatus::WaitingForUserInput);
    let step = seen.current_step.unwrap();
    assert_eq!(step.name.as_deref(), Some("first"));

    let answered = client.add_user_input(TWICE, &session.id, "one").await.unwrap();
    let step = answered.steps.iter().find(|run| run.id == step.id).unwrap();
    assert_eq!(step.user_input, Some(Json::string("one")));
    assert_eq!(texts_of(&simulator, &session.id), ["one"]);

    let other = client.create_session(TWICE, inputs()).await.unwrap();
    let listed = client.get_sessions(TWICE).await.unwrap();
    let ids: Vec<_> = listed.into_iter().map(|session| session.id).collect();
    assert_eq!(ids, [session.id.clone(), other.id]);

    let cancelled = client.cancel_session(TWICE, &session.id).await.unwrap();
    assert_eq!(cancelled.status, SessionStatus::Failed);
    assert!(simulator.journal().sessions[0].cancelled);
}

#[tokio::test]
async fn every_request_says_who_asks_and_writes_can_be_told_from_their_repetitions() {
    let simulator = simulator_with(&json!({"required_org_id": "org-7"})).await;
    let client = client_with(&simulator, |config| {
        config.organisation_id = Some("org-7".to_owned());
        config.user_agent_suffix = Some("shop/1.2".to_owned());
    });
    let session = client.create_session(ASK, inputs()).await.unwrap();
    client.get_session(ASK, &session.id).await.unwrap();
    client.get_sessions(ASK).await.unwrap();
    client.add_user_input(ASK, &session.id, "yes").await.unwrap();
    let journal = simulator.journal();
    assert_eq!(journal.requests.len(), 4);
    for request in &journal.requests {
        assert!(request.api_key_right, "{request:?}");
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["current-org-id"], "org-7");
        assert!(request.headers["user-agent"].ends_with("shop/1.2"), "{request:?}");
        let is_write = request.method == "POST";
        assert_eq!(request.headers.contains_key("idempotency-key"), is_write, "{request:?}");
    }
    let keys: Vec<_> =
        journal.requests.iter().filter_map(|it| it.headers.get("idempotency-key")).collect();
    assert_ne!(keys[0], keys[1], "each call has its own");
}

#[tokio::test]
async fn the_flow_may_be_given_as_its_address_in_the_browser() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let url = format!("https://platform.truestate.io/live-flows/{ASK}");
    let session = client.create_session(&url, inputs()).await.unwrap();
    assert_eq!(session.live_flow_id.as_str(), ASK);
    client.get_session(&url, &session.id).await.unwrap();
    let live = client.watch(&url, &session.id).await.unwrap();
    assert_eq!(live.live_flow_id().as_str(), ASK);
}

#[tokio::test]
async fn a_list_far_larger_than_any_allowed_body_is_read_one_session_at_a_time() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.max_body_bytes = 8 * 1024);
    let mut created = Vec::new();
    for _ in 0..200 {
        created.push(client.create_session(QUICK, inputs()).await.unwrap().id);
    }
    let mut listed = Vec::new();
    let mut sessions = client.iter_sessions(QUICK).unwrap();
    while let Some(session) = sessions.next().await {
        listed.push(session.unwrap().id);
    }
    assert_eq!(listed, created);
    assert!(sessions.next().await.is_none(), "the end stays the end");
    assert_eq!(count(&simulator, Call::GetSessions), 1);
}

#[tokio::test]
async fn iterating_sends_nothing_before_the_first_session_is_wanted() {
    let simulator = simulator().await;
    let client = client(&simulator);
    drop(client.iter_sessions(QUICK).unwrap());
    client.get_session(QUICK, UNKNOWN).await.unwrap_err();
    assert_eq!(count(&simulator, Call::GetSessions), 0);
}

#[tokio::test]
async fn pages_are_asked_for_one_after_another_and_a_page_that_fails_is_asked_for_again() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.endpoints.list_page_size = Some(2));
    for _ in 0..5 {
        client.create_session(QUICK, inputs()).await.unwrap();
    }
    fault(&simulator, FaultRule::new(Call::GetSessions, status(503)).nth([2]));
    let sessions = within(client.get_sessions(QUICK)).await.unwrap();
    assert_eq!(sessions.len(), 5);
    let queries: Vec<_> = requests(&simulator, Call::GetSessions)
        .iter()
        .map(|request| request.path.split_once('?').unwrap().1.to_owned())
        .collect();
    assert_eq!(
        queries,
        ["limit=2&offset=0", "limit=2&offset=2", "limit=2&offset=2", "limit=2&offset=4"]
    );
}

#[tokio::test]
async fn a_list_that_breaks_off_gives_what_it_had_and_then_the_error() {
    let simulator = simulator().await;
    let client = client(&simulator);
    for _ in 0..4 {
        client.create_session(QUICK, inputs()).await.unwrap();
    }
    fault(&simulator, FaultRule::new(Call::GetSessions, Fault::TruncatedBody {}).times(1));
    let mut sessions = client.iter_sessions(QUICK).unwrap();
    let mut complete = 0;
    let error = loop {
        match sessions.next().await.expect("an error comes before the end") {
            Ok(_) => complete += 1,
            Err(error) => break error,
        }
    };
    assert!((1..4).contains(&complete), "{complete}");
    assert!(error.is_retryable(), "{error}");
    assert!(sessions.next().await.is_none());
    assert_eq!(count(&simulator, Call::GetSessions), 1, "never begun anew on its own");
}

/// One way in which the service may differ from what is assumed, and the setting that says so.
struct Difference {
    service: Value,
    client: fn(&mut ClientConfig),
}

fn path(end: &str) -> String {
    format!("/live_flows/{{live_flow_id}}/sessions/{{session_id}}/{end}")
}

fn differences() -> Vec<Difference> {
    vec![
        Difference {
            service: json!({"create_session": {"body": "bare", "status": 201}}),
            client: |config| config.endpoints.create_body = CreateBody::Bare,
        },
        Difference {
            service: json!({"add_user_input": {
                "method": "PUT", "path": path("reply/"), "member": "text",
            }}),
            client: |config| {
                config.endpoints.add_user_input =
                    Endpoint { method: HttpMethod::Put, path: path("reply/") };
                "text".clone_into(&mut config.endpoints.user_input_member);
            },
        },
        Difference {
            service: json!({"add_user_input": {"method": "PATCH", "path": "/in/{session_id}/of/{live_flow_id}"}}),
            client: |config| {
                config.endpoints.add_user_input = Endpoint {
                    method: HttpMethod::Patch,
                    path: "/in/{session_id}/of/{live_flow_id}".to_owned(),
                };
            },
        },
        Difference {
            service: json!({"add_user_input": {"answers_with": "nothing", "status": 202}}),
            client: |_| (),
        },
        Difference {
            service: json!({"add_user_input": {"answers_with": "nothing", "status": 204}}),
            client: |_| (),
        },
        Difference {
            // A path without its slash: the service answers 307.
            service: json!({}),
            client: |config| {
                let endpoints = &mut config.endpoints;
                endpoints.add_user_input.path = path("user_input");
                endpoints.cancel_session.path = path("cancel");
            },
        },
        Difference {
            service: json!({"cancel_session": {"method": "DELETE", "path": path(""), "forgets": true,
                "answers_with": "nothing", "status": 204}}),
            client: |config| {
                config.endpoints.cancel_session =
                    Endpoint { method: HttpMethod::Delete, path: path("") };
            },
        },
        Difference {
            service: json!({"cancel_session": {"method": "PUT", "path": path("stop/"),
                "answers_with": "nothing", "status": 202}}),
            client: |config| {
                config.endpoints.cancel_session =
                    Endpoint { method: HttpMethod::Put, path: path("stop/") };
            },
        },
        Difference {
            service: json!({"status_words": {"ready": "born", "running": "busy",
                "waiting": "asking", "finished": "good", "failed": "bad"}}),
            client: |config| {
                use SessionStatus::{Failed, Finished, Ready, Running, WaitingForUserInput};
                let aliases = &mut config.status_aliases;
                for (word, status) in [
                    ("born", Ready),
                    ("Busy", Running),
                    ("ASKING", WaitingForUserInput),
                    ("good", Finished),
                    ("bad", Failed),
                ] {
                    aliases.add(word, status).unwrap();
                }
            },
        },
        Difference { service: json!({"current_step_after_end": "null"}), client: |_| () },
        Difference { service: json!({"etag": true}), client: |_| () },
        Difference { service: json!({"honour_idempotency_key": true}), client: |_| () },
    ]
}

async fn answer_and_finish(simulator: &Simulator, client: &Client) {
    let (live, events, prompt) = asked(client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(session.output(), Some(&Json::string("blue")));
    assert!(rest(&events).await.last().unwrap().is_terminal());
    assert_eq!(texts_of(simulator, live.id()), ["blue"]);
}

async fn cancel(client: &Client) {
    let (live, _, _) = asked(client, ASK).await;
    let session = within(live.cancel()).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
    let (other, _, _) = asked(client, ASK).await;
    let session = within(client.cancel_session(ASK, other.id())).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
}

#[tokio::test]
async fn each_assumption_can_be_corrected_by_a_setting() {
    for difference in differences() {
        let Difference { service, client } = difference;
        let simulator = simulator_with(&service).await;
        let client = client_with(&simulator, client);
        answer_and_finish(&simulator, &client).await;
        cancel(&client).await;
        let cancelled = count(&simulator, Call::CancelSession);
        assert_eq!(cancelled, 2, "{service}");
    }
}

#[tokio::test]
async fn an_answer_can_be_json_where_the_service_takes_it() {
    let simulator = simulator_with(&json!({"add_user_input": {"json_answers": true}})).await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    let answer = Json::parse(r#"{"budget": 12.50, "tags": ["a"]}"#).unwrap();
    within(live.answer(&prompt, answer)).await.unwrap();
    let arrived = &texts_of(&simulator, live.id())[0];
    assert_eq!(arrived.to_string(), r#"{"budget":12.50,"tags":["a"]}"#, "digits are kept");
}

#[tokio::test]
async fn an_unchanged_session_is_not_sent_twice_where_the_service_has_etags() {
    let simulator = simulator_with(&json!({"etag": true})).await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, ASK).await;
    let unchanged = || {
        let reads = requests(&simulator, Call::GetSession);
        reads.into_iter().filter(|read| read.status == Some(304)).count()
    };
    eventually("two reads find it unchanged", || unchanged() >= 2).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.output(), Some(&Json::string("blue")), "a change is seen all the same");
}

#[tokio::test]
async fn a_redirect_to_the_right_slash_is_followed_once_and_its_effect_happens_once() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.endpoints.add_user_input.path = path("user_input");
    });
    let session = client.create_session(ASK, inputs()).await.unwrap();
    client.add_user_input(ASK, &session.id, "blue").await.unwrap();
    let statuses: Vec<_> = simulator.journal().requests.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(200), Some(307), Some(200)]);
    assert_eq!(texts_of(&simulator, &session.id), ["blue"]);
}

#[tokio::test]
async fn input_that_is_taken_without_a_word_is_read_back() {
    let nothing = json!({"add_user_input": {"answers_with": "nothing", "status": 204}});
    let simulator = simulator_with(&nothing).await;
    let client = client(&simulator);
    let session = client.create_session(ASK, inputs()).await.unwrap();
    let after = client.add_user_input(ASK, &session.id, "blue").await.unwrap();
    assert_eq!(after.status, SessionStatus::Finished);
    assert_eq!(count(&simulator, Call::AddUserInput), 1);

    // If that fails the input was taken nevertheless, and there is no text to send again.
    let session = client.create_session(ASK, inputs()).await.unwrap();
    fault(&simulator, FaultRule::new(Call::GetSession, status(404)));
    let error = client.add_user_input(ASK, &session.id, "red").await.unwrap_err();
    assert!(error.to_string().contains("the input was accepted"), "{error}");
    assert_eq!(error.context().answer, None);
    assert_eq!(texts_of(&simulator, &session.id), ["red"]);
}

#[tokio::test]
async fn a_direct_read_is_tried_again_and_a_direct_write_only_while_it_never_left() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let session = client.create_session(ASK, inputs()).await.unwrap();
    fault(&simulator, FaultRule::new(Call::GetSession, Fault::ResetBeforeEffect {}).times(3));
    within(client.get_session(ASK, &session.id)).await.unwrap();
    assert_eq!(count(&simulator, Call::GetSession), 4);

    fault(&simulator, FaultRule::new(Call::AddUserInput, limited(0)).times(2));
    within(client.add_user_input(ASK, &session.id, "blue")).await.unwrap();
    assert_eq!(count(&simulator, Call::AddUserInput), 3);
    assert_eq!(texts_of(&simulator, &session.id), ["blue"]);
    assert_eq!(simulator.journal().sessions[0].status, Status::Finished);
}
