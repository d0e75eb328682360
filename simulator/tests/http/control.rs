//! The control requests and the journal.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn the_journal_tells_every_request() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let request = service
        .request(Method::POST, &input(QUICK, id))
        .header("Idempotency-Key", "k1")
        .header("X-Twice", "a")
        .header("X-Twice", "b")
        .json(&json!({"user_input": "x"}));
    request.send().await.unwrap();
    service.http.get(service.url("/nowhere?a=b")).send().await.unwrap();
    let journal = service.get("/_simulator/journal").await.json();
    let requests = journal["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 3, "control requests are not in it");
    let (create, add, unknown) = (&requests[0], &requests[1], &requests[2]);
    assert_eq!(create["number"], 1);
    assert_eq!(create["call"], "create_session");
    assert_eq!(create["session"], json!(id), "the session that it made");
    assert_eq!(create["body"], json!({"inputs": {}}));
    assert_eq!(add["call"], "add_user_input");
    assert_eq!(add["session"], json!(id));
    assert_eq!(add["headers"]["api-key"], "[redacted]");
    assert_eq!(add["headers"]["idempotency-key"], "k1");
    assert_eq!(add["headers"]["x-twice"], "a, b");
    assert_eq!(add["api_key_right"], true);
    assert_eq!(add["connection"], create["connection"]);
    assert_eq!((&add["status"], &add["faults"]), (&json!(200), &json!([])));
    assert!(add["time_ms"].as_f64() > create["time_ms"].as_f64());
    assert_eq!((&unknown["call"], &unknown["status"]), (&Value::Null, &json!(404)));
    assert_eq!(unknown["path"], "/nowhere?a=b");
    assert_eq!(unknown["api_key_right"], false);
    assert_eq!(unknown["body"], Value::Null);
    assert!(!journal.to_string().contains(service.simulator.api_key()));
}

#[tokio::test]
async fn the_journal_tells_every_answer_that_took_effect() {
    let service = start().await;
    let id = service.create(TWICE).await;
    let first = service.session(TWICE, id).await["current_step"]["id"].clone();
    service.answer(TWICE, id, "one").await;
    service.session(TWICE, id).await;
    let elsewhere = format!("/_simulator/sessions/{id}/answer");
    assert_eq!(service.post(&elsewhere, json!({"answer": {"n": 2}})).await.status, 200);
    assert_eq!(service.answer(TWICE, id, "three").await.status, 409);
    let journal = service.get("/_simulator/journal").await.json();
    let session = &journal["sessions"][0];
    assert_eq!((&session["id"], &session["flow"]), (&json!(id), &json!(TWICE)));
    assert_eq!((&session["status"], &session["cancelled"]), (&json!("finished"), &json!(false)));
    assert_eq!(session["inputs_at_create"], json!({}));
    let inputs = session["inputs"].as_array().unwrap();
    assert_eq!(inputs.len(), 2);
    assert_eq!(inputs[0]["run"], first);
    assert_eq!((&inputs[0]["step"], &inputs[0]["input"]), (&json!("first"), &json!("one")));
    assert_eq!((&inputs[0]["by"], &inputs[0]["round"]), (&json!("api"), &json!(1)));
    assert_eq!((&inputs[1]["by"], &inputs[1]["input"]), (&json!("elsewhere"), &json!({"n": 2})));
    assert_eq!((&inputs[1]["count"], &inputs[1]["accepted"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn the_journal_can_be_asked_for_a_part() {
    let service = start().await;
    let one = service.create(QUICK).await;
    let other = service.create(QUICK).await;
    service.session(QUICK, other).await;
    let of_other = service.get(&format!("/_simulator/journal?session={other}")).await.json();
    let numbers = |journal: &Value| -> Vec<u64> {
        let requests = journal["requests"].as_array().unwrap().iter();
        requests.map(|it| it["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&of_other), [2, 3]);
    assert_eq!(of_other["sessions"].as_array().map(Vec::len), Some(1));
    assert_eq!(numbers(&service.get("/_simulator/journal?after=2").await.json()), [3]);
    assert_eq!(service.get("/_simulator/journal?sesion=x").await.status, 400);
    let deleted = service.request(Method::DELETE, "/_simulator/journal").send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    service.session(QUICK, one).await;
    let journal = service.get("/_simulator/journal").await.json();
    assert_eq!(numbers(&journal), [4], "numbers go on");
    assert_eq!(journal["sessions"].as_array().map(Vec::len), Some(2), "sessions stay");
}

#[tokio::test]
async fn a_flow_can_be_uploaded_and_replaced() {
    let service = start().await;
    let upload = async |result: &str| {
        let flow = json!({"name": "Mine", "ready_ms": 0, "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end", "result": result},
        ]});
        let answer = service.send(Method::PUT, &format!("/_simulator/flows/{UNKNOWN}"), flow).await;
        assert_eq!(answer.json(), json!({"id": UNKNOWN, "name": "Mine"}));
    };
    upload("old").await;
    let old = service.create(UNKNOWN).await;
    upload("new").await;
    let new = service.create(UNKNOWN).await;
    let (old, new) = (service.session(UNKNOWN, old).await, service.session(UNKNOWN, new).await);
    assert_eq!(old["current_step"]["result"], "old");
    assert_eq!(new["current_step"]["result"], "new");
    assert_ne!(old["flow_version"]["id"], new["flow_version"]["id"]);
}

#[tokio::test]
async fn a_wrong_flow_is_refused_with_its_place() {
    let service = start().await;
    let text = "{\n \"name\": \"x\",\n \"stepps\": []\n}";
    let request = service.request(Method::PUT, &format!("/_simulator/flows/{UNKNOWN}")).body(text);
    let answer = answered(request.send().await.unwrap()).await;
    assert_eq!(answer.status, 400);
    let problem = answer.json();
    assert_eq!((&problem["line"], &problem["column"]), (&json!(3), &json!(9)));
    assert!(problem["detail"].as_str().unwrap().contains("stepps"));
    assert_eq!(service.send(Method::PUT, "/_simulator/flows/abc", json!({})).await.status, 400);
}

#[tokio::test]
async fn faults_are_added_all_or_none_and_removed() {
    let service = start().await;
    let good = json!({"on": "any", "nth": 100, "fault": "hold"});
    let bad = json!({"on": "any", "probability": 7, "fault": "hold"});
    let answer = service.post("/_simulator/faults", json!([good, bad])).await;
    assert_eq!(answer.status, 400);
    assert_eq!(service.get("/_simulator/faults").await.json(), json!([]));
    let answer = service.post("/_simulator/faults", json!([good, good])).await;
    assert_eq!(answer.json(), json!({"added": 2, "rules": 2}));
    let deleted = service.request(Method::DELETE, "/_simulator/faults").send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert_eq!(service.get("/_simulator/faults").await.json(), json!([]));
    let typo = service.post("/_simulator/faults", json!([{"on": "any", "fualt": "hold"}])).await;
    assert_eq!(typo.status, 400);
    assert_eq!(typo.json()["line"], 1);
}

#[tokio::test]
async fn settings_are_changed_in_part() {
    let service = start().await;
    let put = async |body: Value| service.send(Method::PUT, "/_simulator/settings", body).await;
    assert_eq!(put(json!({"add_user_input": {"member": "m"}})).await.status, 200);
    let all = put(json!({"etag": true})).await.json();
    assert_eq!(all["add_user_input"]["member"], "m");
    assert_eq!(service.get("/_simulator/settings").await.json(), all);
    let wrong = put(json!({"etagg": true})).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["detail"].as_str().unwrap().contains("etagg"));
    assert_eq!(service.get("/_simulator/settings").await.json(), all);
}

#[tokio::test]
async fn a_step_can_be_finished_or_failed_at_once() {
    let service = start().await;
    let id = service.create(SLOW).await;
    assert_eq!(service.session(SLOW, id).await["status"], "RUNNING");
    let advance = format!("/_simulator/sessions/{id}/advance");
    let request = service.request(Method::POST, &advance);
    assert_eq!(answered(request.send().await.unwrap()).await.status, 200);
    assert_eq!(service.session(SLOW, id).await["status"], "FINISHED");
    assert_eq!(service.post(&advance, json!({})).await.status, 409);

    let id = service.create(QUICK).await;
    service.session(QUICK, id).await;
    let advance = format!("/_simulator/sessions/{id}/advance");
    assert_eq!(service.post(&advance, json!({})).await.status, 409, "it waits");
    let failed = service.post(&advance, json!({"fail": "no more"})).await.json();
    assert_eq!((&failed["status"], &failed["error"]), (&json!("FAILED"), &json!("no more")));
    assert_eq!(service.post(&advance, json!({"fail": "again"})).await.status, 409);
    let unknown = format!("/_simulator/sessions/{UNKNOWN}/advance");
    assert_eq!(service.post(&unknown, json!({})).await.status, 404);
}

#[tokio::test]
async fn another_device_can_answer_only_what_is_asked() {
    let service = start().await;
    let id = service.create(SLOW).await;
    let answer = format!("/_simulator/sessions/{id}/answer");
    assert_eq!(service.post(&answer, json!({"answer": "x"})).await.status, 409);
    assert_eq!(service.post(&answer, json!({"anwser": "x"})).await.status, 400);
    let moderation = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64";
    let created = service.post(&sessions(moderation), json!({"inputs": {"text": "sell"}})).await;
    let id = id_of(&created.json());
    service.simulator.advance_clock(Duration::from_secs(10));
    let answer = format!("/_simulator/sessions/{id}/answer");
    assert_eq!(service.post(&answer, json!({"answer": "maybe"})).await.status, 422);
    assert_eq!(service.post(&answer, json!({"answer": "yes"})).await.status, 200);
}

#[tokio::test]
async fn the_clock_can_be_sped_up_and_advanced() {
    let service = start().await;
    let id = service.create(SLOW).await;
    let put = async |body: Value| service.send(Method::PUT, "/_simulator/clock", body).await;
    assert_eq!(put(json!({"speed": 0})).await.status, 400);
    let clock = put(json!({"advance_ms": 3_599_000})).await.json();
    assert_eq!(clock["speed"], 1.0);
    assert_eq!(service.session(SLOW, id).await["status"], "RUNNING");
    assert_eq!(put(json!({"speed": 100_000.0})).await.json()["speed"], 100_000.0);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let session = service.session(SLOW, id).await;
    assert_eq!(session["status"], "FINISHED");
    let now = service.get("/_simulator/clock").await.json()["now"].as_str().unwrap().to_owned();
    assert!(now.as_str() > session["updated_at"].as_str().unwrap(), "the same clock");
}

#[tokio::test]
async fn a_reset_leaves_nothing_of_a_test() {
    let service = start().await;
    let before = service.get("/_simulator/settings").await.json();
    let id = service.create(QUICK).await;
    service.faults(json!([{"on": "get_sessions", "fault": "hold"}])).await;
    service.send(Method::PUT, "/_simulator/settings", json!({"etag": true})).await;
    service.send(Method::PUT, "/_simulator/clock", json!({"speed": 50})).await;
    let flow = json!({"name": "x", "steps": [
        {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
        {"name": "end", "type": "end"},
    ]});
    service.send(Method::PUT, &format!("/_simulator/flows/{UNKNOWN}"), flow).await;
    let body = json!({"accept": false, "how": "reset"});
    service.send(Method::PUT, "/_simulator/listening", body).await;
    let reset = service.request(Method::POST, "/_simulator/reset").send().await.unwrap();
    assert_eq!(reset.status(), 204);
    let journal = service.get("/_simulator/journal").await.json();
    assert_eq!((&journal["requests"], &journal["sessions"]), (&json!([]), &json!([])));
    assert_eq!(service.get("/_simulator/settings").await.json(), before);
    assert_eq!(service.get("/_simulator/clock").await.json()["speed"], 1.0);
    assert_eq!(service.get(&path(QUICK, id)).await.status, 404);
    assert_eq!(service.get(&sessions(QUICK)).await.json(), json!([]));
    assert_eq!(service.get(&sessions(UNKNOWN)).await.status, 404);
}

#[tokio::test]
async fn health_counts() {
    let service = start().await;
    service.create(QUICK).await;
    let health = service.get("/_simulator/health").await.json();
    assert_eq!((&health["status"], &health["sessions"]), (&json!("ok"), &json!(1)));
    assert_eq!((&health["connections"], &health["accepting"]), (&json!(1), &json!(true)));
    assert!(health["uptime_ms"].as_f64() > Some(0.0));
}

#[tokio::test]
async fn unknown_control_requests_are_not_found() {
    let service = start().await;
    let answer = service.get("/_simulator/jornal").await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["detail"].is_string());
    assert_eq!(
        service.request(Method::DELETE, "/_simulator/jornal").send().await.unwrap().status(),
        404
    );
    let control = format!("{}/live_flows/", service.simulator.control_url());
    assert_eq!(service.http.get(control).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn many_requests_at_once_are_counted() {
    let service = start().await;
    let id = service.create(QUICK).await;
    service.faults(json!([{"on": "get_session", "fault": {"latency": {"ms": 100}}}])).await;
    let polls = (0..4).map(|_| {
        let request = service.request(Method::GET, &path(QUICK, id));
        tokio::spawn(async move { request.send().await.unwrap().status() })
    });
    for poll in polls.collect::<Vec<_>>() {
        assert_eq!(poll.await.unwrap(), 200);
    }
    assert_eq!(service.simulator.journal().in_flight_peak, 4);
}
