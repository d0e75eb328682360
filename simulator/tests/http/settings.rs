//! Every alternative to what is assumed of the service.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn the_body_of_create_may_be_the_inputs_themselves() {
    let service = start_with(json!({"create_session": {"body": "bare", "status": 201}})).await;
    let answer = service.post(&sessions(QUICK), json!({"company": "ACME"})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["inputs"], json!({"company": "ACME"}));
    assert_eq!(service.post(&sessions(QUICK), json!(["x"])).await.status, 422);
}

#[tokio::test]
async fn add_user_input_may_have_another_method_path_and_member() {
    let service = start_with(json!({"add_user_input": {
        "method": "PUT", "path": "/v2/{session_id}/of/{live_flow_id}/answer", "member": "answer",
    }}))
    .await;
    let id = service.create(QUICK).await;
    let path = format!("/v2/{id}/of/{QUICK}/answer");
    assert_eq!(service.answer(QUICK, id, "old way").await.status, 404);
    assert_eq!(service.post(&path, json!({"answer": "x"})).await.status, 405);
    let wrong = service.send(Method::PUT, &path, json!({"user_input": "x"})).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(service.send(Method::PUT, &path, json!({"answer": "new way"})).await.status, 200);
    assert_eq!(service.inputs(id), ["new way"]);
}

#[tokio::test]
async fn answers_may_be_json() {
    let service = start_with(json!({"add_user_input": {"json_answers": true}})).await;
    let id = service.create(QUICK).await;
    let null = service.post(&input(QUICK, id), json!({"user_input": null})).await;
    assert_eq!(null.status, 422);
    let answer = service.post(&input(QUICK, id), json!({"user_input": {"n": [1, 2]}})).await;
    assert_eq!(answer.json()["steps"][1]["user_input"], json!({"n": [1, 2]}));
    assert_eq!(service.inputs(id), [json!({"n": [1, 2]})]);
}

#[tokio::test]
async fn writes_may_answer_with_nothing() {
    let service = start_with(json!({
        "add_user_input": {"answers_with": "nothing", "status": 202},
        "cancel_session": {"answers_with": "nothing", "status": 204},
    }))
    .await;
    let id = service.create(TWICE).await;
    let answer = service.answer(TWICE, id, "x").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
    assert_eq!(service.inputs(id), ["x"]);
    let answer = service.post(&cancel(TWICE, id), json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    assert_eq!(service.session(TWICE, id).await["status"], "FAILED");
}

#[tokio::test]
async fn an_answer_to_nobody_may_be_refused_with_another_status() {
    for status in [400, 409, 422] {
        let service = start_with(json!({"add_user_input": {"not_waiting_status": status}})).await;
        let id = service.create(SLOW).await;
        let answer = service.answer(SLOW, id, "x").await;
        assert_eq!(answer.status, status);
        assert!(answer.json()["detail"].is_string());
    }
}

#[tokio::test]
async fn cancel_may_be_a_delete() {
    let path_template = "/live_flows/{live_flow_id}/sessions/{session_id}/";
    let service =
        start_with(json!({"cancel_session": {"method": "DELETE", "path": path_template}})).await;
    let id = service.create(SLOW).await;
    let answer =
        answered(service.request(Method::DELETE, &path(SLOW, id)).send().await.unwrap()).await;
    assert_eq!(answer.json()["status"], "FAILED");
    assert_eq!(service.session(SLOW, id).await["status"], "FAILED");
}

#[tokio::test]
async fn a_cancelled_session_may_be_gone() {
    let service = start_with(json!({"cancel_session": {"forgets": true}})).await;
    let id = service.create(SLOW).await;
    assert_eq!(service.post(&cancel(SLOW, id), json!({})).await.json()["status"], "FAILED");
    assert_eq!(service.get(&path(SLOW, id)).await.status, 404);
    assert_eq!(service.get(&sessions(SLOW)).await.json(), json!([]));
    assert!(service.simulator.journal_of(id).sessions[0].cancelled);
}

#[tokio::test]
async fn cancelling_an_ended_session_may_be_answered_differently() {
    for status in [200, 400, 404, 409, 422] {
        let service = start_with(json!({"cancel_session": {"ended_status": status}})).await;
        let id = service.create(QUICK).await;
        service.session(QUICK, id).await;
        service.answer(QUICK, id, "x").await;
        let before = service.session(QUICK, id).await;
        assert_eq!(before["status"], "FINISHED");
        assert_eq!(service.post(&cancel(QUICK, id), json!({})).await.status, status);
        assert_eq!(service.session(QUICK, id).await, before);
    }
}

#[tokio::test]
async fn statuses_may_have_other_words() {
    let service = start_with(json!({"status_words": {
        "running": "PONDERING", "waiting": "Asking", "finished": "COMPLETED",
    }}))
    .await;
    let running = service.create(SLOW).await;
    let running = service.session(SLOW, running).await;
    assert_eq!(
        (&running["status"], &running["steps"][1]["status"]),
        (&json!("PONDERING"), &json!("PONDERING"))
    );
    assert_eq!(running["steps"][0]["status"], "COMPLETED");
    let asking = service.create(QUICK).await;
    assert_eq!(service.session(QUICK, asking).await["status"], "Asking");
}

#[tokio::test]
async fn an_ended_session_may_have_no_current_step() {
    let service = start_with(json!({"current_step_after_end": "null"})).await;
    let id = service.create(QUICK).await;
    assert!(service.session(QUICK, id).await["current_step"].is_object());
    service.answer(QUICK, id, "x").await;
    let ended = service.session(QUICK, id).await;
    assert_eq!(ended["current_step"], Value::Null);
    assert_eq!(ended["steps"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn unchanged_sessions_may_be_answered_with_304() {
    let service = start_with(json!({"etag": true})).await;
    let id = service.create(QUICK).await;
    service.session(QUICK, id).await;
    let tag = service.get(&path(QUICK, id)).await.header("etag").to_owned();
    let again = async |tag: &str| {
        let request = service.request(Method::GET, &path(QUICK, id)).header("If-None-Match", tag);
        answered(request.send().await.unwrap()).await
    };
    let unchanged = again(&tag).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), tag);
    assert_eq!(again(&format!("\"other\", W/{tag}")).await.status, 304);
    assert_eq!(again("\"other\"").await.status, 200);
    service.answer(QUICK, id, "x").await;
    let changed = again(&tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn without_the_setting_there_are_no_etags() {
    let service = start().await;
    let id = service.create(QUICK).await;
    assert!(!service.get(&path(QUICK, id)).await.headers.contains_key("etag"));
}

#[tokio::test]
async fn the_organisation_may_be_checked() {
    let service = start_with(json!({"required_org_id": "org-7"})).await;
    assert_eq!(service.get("/live_flows/").await.status, 403);
    let request = async |org: &str| {
        let request = service.request(Method::GET, "/live_flows/").header("Current-Org-Id", org);
        request.send().await.unwrap().status()
    };
    assert_eq!(request("org-8").await, 403);
    assert_eq!(request("org-7").await, 200);
}

async fn twice(service: &Service, path: &str, bodies: [Value; 2], key: &str) -> [Answered; 2] {
    let once = async |body: &Value| {
        let request = service.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        answered(request.send().await.unwrap()).await
    };
    [once(&bodies[0]).await, once(&bodies[1]).await]
}

#[tokio::test]
async fn idempotency_keys_are_ignored_unless_set() {
    let service = start().await;
    let bodies = [json!({"inputs": {}}), json!({"inputs": {}})];
    twice(&service, &sessions(TWICE), bodies, "k").await;
    let journal = service.simulator.journal();
    assert_eq!(journal.sessions.len(), 2);
    assert_eq!(journal.sessions[1].idempotency_key.as_deref(), Some("k"));
    let id = journal.sessions[0].id;
    let bodies = [json!({"user_input": "x"}), json!({"user_input": "x"})];
    twice(&service, &input(TWICE, id), bodies, "k").await;
    assert_eq!(service.inputs(id), ["x", "x"], "the second one answered the second question");
}

#[tokio::test]
async fn idempotency_keys_may_be_honoured() {
    let service = start_with(json!({"honour_idempotency_key": true})).await;
    let bodies = [json!({"inputs": {}}), json!({"inputs": {}})];
    let [first, second] = twice(&service, &sessions(TWICE), bodies, "k").await;
    assert_eq!(id_of(&first.json()), id_of(&second.json()));
    let id = id_of(&first.json());
    let bodies = [json!({"user_input": "x"}), json!({"user_input": "x"})];
    let [_, second] = twice(&service, &input(TWICE, id), bodies, "k").await;
    assert_eq!(second.status, 200);
    let inputs = &service.simulator.journal_of(id).sessions[0].inputs;
    assert_eq!((inputs.len(), inputs[0].count), (1, 2));
    let bodies = [json!({"user_input": "y"}), json!({"user_input": "z"})];
    let [first, second] = twice(&service, &input(TWICE, id), bodies, "k2").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 422));
    assert_eq!(service.inputs(id), ["x", "y"]);
}

#[tokio::test]
async fn a_refused_answer_does_not_use_up_its_key() {
    let service = start_with(json!({"honour_idempotency_key": true})).await;
    let id = service.create(SLOW).await;
    let bodies = [json!({"user_input": "x"}), json!({"user_input": "x"})];
    let [first, second] = twice(&service, &input(SLOW, id), bodies, "k").await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (409, 409));
}

#[tokio::test]
async fn requests_need_not_be_journalled() {
    let service = start_with(json!({"journal": {"requests": false}})).await;
    let id = service.create(QUICK).await;
    service.session(QUICK, id).await;
    service.answer(QUICK, id, "x").await;
    assert!(service.simulator.journal().requests.is_empty());
    assert_eq!(service.inputs(id), ["x"]);
}

#[tokio::test]
async fn the_journal_is_as_long_as_it_is_told_to_be() {
    let service = start_with(json!({"journal": {"capacity": 2}})).await;
    for _ in 0..5 {
        service.get("/live_flows/").await;
    }
    let journal = service.simulator.journal();
    let numbers: Vec<u64> = journal.requests.iter().map(|it| it.number).collect();
    assert_eq!((numbers, journal.dropped), (vec![4, 5], 3));
}

#[tokio::test]
async fn the_description_follows_the_settings() {
    let service = start_with(json!({
        "add_user_input": {"method": "PATCH", "path": "/a/{live_flow_id}/{session_id}", "member": "m"},
        "cancel_session": {"method": "DELETE", "status": 204, "answers_with": "nothing"},
        "etag": true,
    }))
    .await;
    let response = service.http.get(service.url("/openapi.json")).send().await.unwrap();
    let description: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let paths = &description["paths"];
    let body = &paths["/a/{live_flow_id}/{session_id}"]["patch"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["m"]));
    let cancel = "/live_flows/{live_flow_id}/sessions/{session_id}/cancel/";
    assert!(paths[cancel]["delete"]["responses"]["204"].is_object());
    let session = "/live_flows/{live_flow_id}/sessions/{session_id}/";
    assert!(paths[session]["get"]["responses"]["304"].is_object());
}
