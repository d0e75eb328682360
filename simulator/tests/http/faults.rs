//! Every fault, as a client meets it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::*;

/// A session that waits, and a service in which this happens once at a read.
async fn waiting_with(fault: Value) -> (Service, Uuid) {
    let service = start().await;
    let id = service.create(QUICK).await;
    service.session(QUICK, id).await;
    service.faults(json!([{"on": "get_session", "times": 1, "fault": fault}])).await;
    (service, id)
}

/// A session that waits, and a service in which this happens to the next answer.
async fn answering_with(fault: Value) -> (Service, Uuid) {
    let service = start().await;
    let id = service.create(QUICK).await;
    service.session(QUICK, id).await;
    service.faults(json!([{"on": "add_user_input", "times": 1, "fault": fault}])).await;
    (service, id)
}

async fn fails(service: &Service, method: Method, path: &str, body: Value) -> reqwest::Error {
    match service.request(method, path).json(&body).send().await {
        Err(error) => error,
        Ok(response) => response.text().await.expect_err("an answer"),
    }
}

async fn answer_fails(service: &Service, id: Uuid) -> reqwest::Error {
    fails(service, Method::POST, &input(QUICK, id), json!({"user_input": "x"})).await
}

fn faults_in_journal(service: &Service) -> Vec<(Vec<&'static str>, Option<u16>)> {
    let requests = service.simulator.journal().requests.into_iter();
    requests.map(|it| (it.faults, it.status)).filter(|(faults, _)| !faults.is_empty()).collect()
}

#[tokio::test]
async fn latency_delays_the_effect_or_the_answer() {
    let (service, id) = answering_with(json!({"latency": {"ms": 200}})).await;
    let path = input(QUICK, id);
    let asked =
        tokio::spawn(service.request(Method::POST, &path).json(&json!({"user_input": "x"})).send());
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert!(service.inputs(id).is_empty(), "not yet");
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert_eq!(service.inputs(id), ["x"]);

    let (service, id) =
        answering_with(json!({"latency": {"ms": 200, "when": "after_effect"}})).await;
    let path = input(QUICK, id);
    let begun = Instant::now();
    let asked =
        tokio::spawn(service.request(Method::POST, &path).json(&json!({"user_input": "x"})).send());
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(service.inputs(id), ["x"], "already");
    asked.await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_delayed_effect_happens_even_when_the_client_has_gone() {
    let (service, id) = answering_with(json!({"latency": {"ms": 200}})).await;
    let path = input(QUICK, id);
    let request = service.request(Method::POST, &path).json(&json!({"user_input": "late"}));
    let error = request.timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(error.is_timeout());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(service.inputs(id), ["late"]);
    assert_eq!(faults_in_journal(&service), [(vec!["latency"], None)]);
}

#[tokio::test]
async fn a_status_may_be_scripted_with_body_and_headers() {
    let (service, id) = answering_with(json!({"status": {
        "status": 503, "body": {"a": 1}, "content_type": "application/problem+json",
        "headers": {"Retry-After": "3"},
    }}))
    .await;
    let answer = service.answer(QUICK, id, "x").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text, "{\"a\":1}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("retry-after"), "3");
    assert!(service.inputs(id).is_empty());
    assert_eq!(faults_in_journal(&service), [(vec!["status"], Some(503))]);
    assert_eq!(service.answer(QUICK, id, "x").await.status, 200, "only once");
}

#[tokio::test]
async fn a_false_status_may_hide_an_effect() {
    let (service, id) =
        answering_with(json!({"status": {"status": 500, "effect": "applied"}})).await;
    let answer = service.answer(QUICK, id, "x").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (500, json!({"detail": "Simulated fault"}))
    );
    assert_eq!(service.inputs(id), ["x"]);
}

#[tokio::test]
async fn a_hidden_create_is_in_the_journal_with_its_session() {
    let service = start().await;
    service
        .faults(json!([{"on": "create_session", "fault": {"html_error": {"effect": "applied"}}}]))
        .await;
    assert_eq!(service.post(&sessions(QUICK), json!({"inputs": {}})).await.status, 502);
    let journal = service.simulator.journal();
    let request = journal.requests.iter().find(|it| it.status == Some(502)).unwrap();
    assert_eq!(request.session, Some(journal.sessions[0].id));
}

#[tokio::test]
async fn rate_limits_say_when_to_come_back() {
    let (service, id) = waiting_with(json!({"rate_limited": {"retry_after": 7}})).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "7"));
    service
        .faults(
            json!([{"on": "any", "fault": {"rate_limited": {"retry_after": 60, "as_date": true}}}]),
        )
        .await;
    let answer = service.get(&path(QUICK, id)).await;
    let seconds = |name: &str| {
        let date = httpdate(answer.header(name));
        date[0] * 3600 + date[1] * 60 + date[2]
    };
    let pause = (seconds("retry-after") + 86_400 - seconds("date")) % 86_400;
    assert_eq!(pause, 60);
}

/// Hours, minutes and seconds of an HTTP date.
fn httpdate(text: &str) -> [u32; 3] {
    let time = text.split(' ').nth(4).unwrap_or_else(|| panic!("{text} is no date"));
    let parts: Vec<u32> = time.split(':').map(|part| part.parse().unwrap()).collect();
    parts.try_into().unwrap()
}

#[tokio::test]
async fn a_gateway_answers_with_a_page() {
    let (service, id) = waiting_with(json!("html_error")).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (502, "text/html"));
    assert!(answer.text.contains("<h1>502 Bad Gateway</h1>"));
}

#[tokio::test]
async fn a_right_key_may_be_refused_and_a_session_hidden() {
    let (service, id) = waiting_with(json!("unauthorized")).await;
    assert_eq!(service.get(&path(QUICK, id)).await.status, 401);
    assert_eq!(service.get(&path(QUICK, id)).await.status, 200);
    let (service, id) = waiting_with(json!("not_found")).await;
    assert_eq!(service.get(&path(QUICK, id)).await.status, 404);
}

#[tokio::test]
async fn a_redirect_may_lead_anywhere() {
    let (service, id) =
        waiting_with(json!({"redirect": {"to": "http://other.invalid/x", "status": 302}})).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), "http://other.invalid/x");
}

#[tokio::test]
async fn a_held_request_is_never_answered() {
    let (service, id) = answering_with(json!("hold")).await;
    let path = input(QUICK, id);
    let request = service.request(Method::POST, &path).json(&json!({"user_input": "x"}));
    let error = request.timeout(Duration::from_millis(150)).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert!(service.inputs(id).is_empty());
    for _ in 0..100 {
        if faults_in_journal(&service) == [(vec!["hold"], None)] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the simulator did not notice that the client went");
}

#[tokio::test]
async fn a_reset_comes_before_or_after_the_effect() {
    let (service, id) = answering_with(json!("reset_before_effect")).await;
    assert!(is_reset(&answer_fails(&service, id).await));
    assert!(service.inputs(id).is_empty());
    let (service, id) = answering_with(json!("reset_after_effect")).await;
    assert!(is_reset(&answer_fails(&service, id).await));
    assert_eq!(service.inputs(id), ["x"]);
    assert_eq!(faults_in_journal(&service), [(vec!["reset_after_effect"], None)]);
}

#[tokio::test]
async fn an_effect_may_come_long_after_its_failure() {
    let (service, id) = answering_with(json!({"late_effect": {"ms": 150}})).await;
    let answer = service.answer(QUICK, id, "x").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (504, "text/html"));
    assert!(service.inputs(id).is_empty());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(service.inputs(id), ["x"]);

    let (service, id) = answering_with(json!({"late_effect": {"ms": 50, "answer": "reset"}})).await;
    assert!(is_reset(&answer_fails(&service, id).await));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(service.inputs(id), ["x"]);
}

#[tokio::test]
async fn an_answer_may_break_off_after_its_status() {
    for (fault, reset) in [("reset_mid_body", true), ("truncated_body", false)] {
        let (service, id) = answering_with(json!(fault)).await;
        let path = input(QUICK, id);
        let request = service.request(Method::POST, &path).json(&json!({"user_input": "x"}));
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{fault}");
        let length: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
        let mut read = Vec::new();
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) => panic!("{fault}: the body is whole"),
                Err(error) => break error,
            }
        };
        assert_eq!(read.len(), length / 2, "{fault}");
        assert!(read.starts_with(b"{\"id\""), "{fault}");
        assert_eq!(is_reset(&error), reset, "{fault}");
        assert_eq!(service.inputs(id), ["x"], "{fault}");
    }
}

#[tokio::test]
async fn a_body_may_be_half_of_the_json() {
    let (service, id) = waiting_with(json!("malformed_body")).await;
    let whole = service.simulator.session(id).unwrap().to_string();
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
    assert_eq!(answer.text.len(), whole.len() / 2);
}

#[tokio::test]
async fn a_body_may_not_be_utf8() {
    let (service, id) = waiting_with(json!("invalid_utf8_body")).await;
    let request = service.request(Method::GET, &path(QUICK, id));
    let bytes = request.send().await.unwrap().bytes().await.unwrap();
    assert!(std::str::from_utf8(&bytes).is_err());
    assert!(bytes.starts_with(b"{\""));
}

#[tokio::test]
async fn a_body_may_be_missing() {
    let (service, id) = answering_with(json!("empty_body")).await;
    let answer = service.answer(QUICK, id, "x").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), "0");
    assert_eq!(service.inputs(id), ["x"]);
}

#[tokio::test]
async fn a_body_may_be_huge_in_three_ways() {
    let size = 300_000;
    let (service, id) = waiting_with(json!({"huge_body": {"bytes": size}})).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!((answer.text.len(), answer.header("content-length")), (size, "300000"));
    assert!(answer.json()["filler"].is_string());

    let (service, id) = waiting_with(json!({"huge_body": {"bytes": size, "chunked": true}})).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!((answer.text.len(), answer.header("transfer-encoding")), (size, "chunked"));

    let (service, id) = waiting_with(json!({"huge_body": {"bytes": size, "gzip": true}})).await;
    let request = service.request(Method::GET, &path(QUICK, id));
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let compressed = response.bytes().await.unwrap();
    assert!(compressed.len() < size / 10);
    let mut unpacked = String::new();
    let mut decoder = flate2::read::GzDecoder::new(compressed.as_ref());
    std::io::Read::read_to_string(&mut decoder, &mut unpacked).unwrap();
    assert_eq!(unpacked.len(), size);
}

#[tokio::test]
async fn a_body_may_be_nested_deeply() {
    let (service, id) = waiting_with(json!({"deeply_nested_body": {"depth": 5000}})).await;
    let answer = service.get(&path(QUICK, id)).await;
    assert_eq!(answer.text.matches('[').count(), 5000);
    assert_eq!(answer.text.len(), 5000 * 2 + "{\"inputs\": }".len());
}

#[tokio::test]
async fn a_read_may_show_an_unknown_status() {
    let (service, id) = waiting_with(json!({"unknown_status": {"word": "PONDERING"}})).await;
    let shown = service.session(QUICK, id).await;
    assert_eq!(shown["status"], "PONDERING");
    assert_eq!(shown["current_step"]["status"], "WAITING_FOR_USER_INPUT");
    assert_eq!(service.session(QUICK, id).await["status"], "WAITING_FOR_USER_INPUT");
}

#[tokio::test]
async fn a_read_may_be_stale() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let before = service.session(QUICK, id).await;
    service.answer(QUICK, id, "x").await;
    let after = service.session(QUICK, id).await;
    assert_eq!(after["status"], "FINISHED");
    let stale = |changes: usize| json!([{"on": "get_session", "times": 1, "fault": {"stale_read": {"changes": changes}}}]);
    // Since then it was answered, went on to the end step, and ended.
    service.faults(stale(3)).await;
    assert_eq!(service.session(QUICK, id).await, before);
    service.faults(stale(1000)).await;
    assert_eq!(service.session(QUICK, id).await["status"], "NEW");
    assert_eq!(service.session(QUICK, id).await, after);
}

#[tokio::test]
async fn another_client_may_answer_first() {
    let service = start().await;
    let id = service.create(TWICE).await;
    service
        .faults(json!([
            {"on": "add_user_input", "times": 1, "fault": {"answered_elsewhere": {"answer": "theirs"}}}
        ]))
        .await;
    service.session(TWICE, id).await;
    // The service has no way to tell which question an answer is meant for.
    assert_eq!(service.answer(TWICE, id, "ours").await.status, 200);
    assert_eq!(service.inputs(id), ["theirs", "ours"]);
    let by: Vec<Value> = service.simulator.journal_of(id).sessions[0]
        .inputs
        .iter()
        .map(|input| serde_json::to_value(input.by).unwrap())
        .collect();
    assert_eq!(by, ["elsewhere", "api"]);
}

#[tokio::test]
async fn faults_combine() {
    let service = start().await;
    let id = service.create(QUICK).await;
    service
        .faults(json!([
            {"on": "get_session", "fault": {"latency": {"ms": 60}}},
            {"on": "get_session", "nth": 1, "fault": {"answered_elsewhere": {"answer": "x"}}},
            {"on": "get_session", "nth": [1], "fault": {"status": {"status": 500, "effect": "applied"}}},
        ]))
        .await;
    let begun = Instant::now();
    assert_eq!(service.get(&path(QUICK, id)).await.status, 500);
    assert!(begun.elapsed() >= Duration::from_millis(60));
    assert_eq!(
        faults_in_journal(&service),
        [(vec!["latency", "answered_elsewhere", "status"], Some(500))]
    );
    assert_eq!(service.inputs(id), ["x"]);
}

#[tokio::test]
async fn faults_strike_wrong_keys_too_but_not_control() {
    let service = start().await;
    service.faults(json!([{"on": "any", "fault": "html_error"}])).await;
    let request = service.http.get(service.url("/live_flows/"));
    assert_eq!(request.send().await.unwrap().status(), 502);
    assert_eq!(service.get("/_simulator/health").await.status, 200);
    assert_eq!(service.get("/nowhere").await.status, 404);
    let rules = service.get("/_simulator/faults").await.json();
    assert_eq!((&rules[0]["seen"], &rules[0]["fired"]), (&json!(1), &json!(1)));
}
