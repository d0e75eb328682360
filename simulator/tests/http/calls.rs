//! The calls, as documented.

use crate::support::*;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_session_has_exactly_the_documented_shape() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let session = service.session(QUICK, id).await;
    let members = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(
        members(&session),
        [
            "created_at",
            "current_step",
            "error",
            "flow_version",
            "id",
            "inputs",
            "status",
            "steps",
            "steps_count",
            "updated_at"
        ]
    );
    assert_eq!(
        members(&session["flow_version"]),
        ["created_at", "flow_id", "id", "step_transitions", "steps", "updated_at"]
    );
    let step = ["created_at", "id", "name", "prompt_template", "step_type", "updated_at"];
    assert_eq!(members(&session["flow_version"]["steps"][0]), step);
    assert_eq!(
        members(&session["flow_version"]["step_transitions"][0]),
        ["id", "label", "source_step_id", "target_step_id"]
    );
    assert_eq!(
        members(&session["current_step"]),
        [
            "created_at",
            "error",
            "id",
            "prompt",
            "result",
            "status",
            "step",
            "updated_at",
            "user_input"
        ]
    );
    assert_eq!(members(&session["current_step"]["step"]), step);
    assert_eq!(session["steps_count"], 3);
    assert_eq!(session["status"], "WAITING_FOR_USER_INPUT");
    assert_eq!(session["current_step"], session["steps"][1]);
    assert_eq!(session["current_step"]["prompt"], json!({"type": "text", "text": "ask?"}));
    assert_eq!(session["steps"][0]["step"]["step_type"], "START");
    assert_eq!(session["flow_version"]["flow_id"], QUICK);
}

#[tokio::test]
async fn a_session_goes_from_create_to_its_end() {
    let service = start().await;
    let created = service.post(&sessions(QUICK), json!({"inputs": {"a": 1}})).await;
    assert_eq!(created.status, 200);
    assert_eq!(created.json()["inputs"], json!({"a": 1}));
    let id = id_of(&created.json());
    assert_eq!(service.session(QUICK, id).await["status"], "WAITING_FOR_USER_INPUT");
    let answered = service.answer(QUICK, id, "fine").await;
    assert_eq!(answered.status, 200);
    assert_eq!(answered.json()["steps"][1]["user_input"], "fine");
    assert_eq!(service.session(QUICK, id).await["status"], "FINISHED");
    assert_eq!(service.inputs(id), ["fine"]);
}

#[tokio::test]
async fn inputs_come_back_digit_by_digit() {
    let service = start().await;
    let inputs = r#"{"z":12345678901234567890123,"a":1.10}"#;
    let request = service
        .request(Method::POST, &sessions(QUICK))
        .header("content-type", "application/json")
        .body(format!("{{\"inputs\": {inputs}}}"));
    let answer = answered(request.send().await.unwrap()).await;
    assert!(answer.text.contains(inputs), "{}", answer.text);
}

#[tokio::test]
async fn without_the_right_key_nothing_is_answered() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let calls = [
        (Method::GET, "/live_flows/".to_owned()),
        (Method::GET, format!("/live_flows/{QUICK}/")),
        (Method::POST, sessions(QUICK)),
        (Method::GET, sessions(QUICK)),
        (Method::GET, path(QUICK, id)),
        (Method::POST, input(QUICK, id)),
        (Method::POST, cancel(QUICK, id)),
    ];
    for (method, path) in calls {
        for key in [None, Some("wrong")] {
            let mut request = service.http.request(method.clone(), service.url(&path));
            if let Some(key) = key {
                request = request.header("Api-key", key);
            }
            let answer = answered(request.send().await.unwrap()).await;
            assert_eq!(answer.status, 401, "{method} {path} with {key:?}");
            assert!(answer.json()["detail"].is_string());
        }
    }
    assert_eq!(service.simulator.journal().sessions.len(), 1);
}

#[tokio::test]
async fn ids_that_are_no_uuids_are_refused_all_at_once() {
    let service = start().await;
    let answer = service.post("/live_flows/abc/sessions/def/user_input/", json!({})).await;
    assert_eq!(answer.status, 422);
    let places: Vec<Value> =
        answer.json()["detail"].as_array().unwrap().iter().map(|it| it["loc"].clone()).collect();
    assert_eq!(
        places,
        [
            json!(["body", "user_input"]),
            json!(["path", "live_flow_id"]),
            json!(["path", "session_id"])
        ]
    );
    assert_eq!(answer.json()["detail"][1]["type"], "uuid_parsing");
    assert!(answer.json()["detail"][1]["msg"].is_string());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let unknown = UNKNOWN.parse().unwrap();
    for path in [
        sessions(UNKNOWN),
        format!("/live_flows/{UNKNOWN}/"),
        path(QUICK, unknown),
        path(SLOW, id),
        "/live_flow/".to_owned(),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()["detail"].is_string());
    }
    assert_eq!(service.post(&sessions(UNKNOWN), json!({"inputs": {}})).await.status, 404);
    assert_eq!(service.answer(QUICK, unknown, "x").await.status, 404);
    assert_eq!(service.post(&cancel(QUICK, unknown), json!(null)).await.status, 404);
}

#[tokio::test]
async fn bodies_are_checked_strictly() {
    let service = start().await;
    let id = service.create(QUICK).await;
    let refused = [
        (sessions(QUICK), json!({}), "missing"),
        (sessions(QUICK), json!({"inputs": []}), "dict_type"),
        (sessions(QUICK), json!({"inputs": null}), "dict_type"),
        (sessions(QUICK), json!({"inputs": {}, "more": 1}), "extra_forbidden"),
        (sessions(QUICK), json!([]), "dict_type"),
        (input(QUICK, id), json!({"user_input": 1}), "string_type"),
        (input(QUICK, id), json!({"user_input": null}), "missing"),
        (input(QUICK, id), json!({"answer": "x"}), "extra_forbidden"),
    ];
    for (path, body, kind) in refused {
        let answer = service.post(&path, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        let kinds: Vec<Value> = answer.json()["detail"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["type"].clone())
            .collect();
        assert!(kinds.contains(&json!(kind)), "{body}: {kinds:?}");
    }
    assert_eq!(service.simulator.journal().sessions.len(), 1);
    assert!(service.inputs(id).is_empty());
}

#[tokio::test]
async fn bodies_must_be_declared_and_be_json() {
    let service = start().await;
    for (content_type, body) in [
        (Some("text/plain"), "{\"inputs\": {}}"),
        (None, "{\"inputs\": {}}"),
        (Some("application/json"), "{\"inputs\": {}"),
        (Some("application/json"), ""),
        (Some("application/json"), "{\"inputs\": {\"a\": \"\\ud800\"}}"),
    ] {
        let mut request = service.request(Method::POST, &sessions(QUICK)).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = answered(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 422, "{content_type:?} {body}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let service = start().await;
    let body = json!({"inputs": {"a": "x".repeat(17 * 1024 * 1024)}});
    assert_eq!(service.post(&sessions(QUICK), body).await.status, 413);
}

#[tokio::test]
async fn a_missing_slash_is_redirected_with_the_query() {
    let service = start().await;
    let answer = service.get(&format!("/live_flows/{QUICK}/sessions?limit=1")).await;
    assert_eq!(answer.status, 307);
    assert_eq!(
        answer.header("location"),
        service.url(&format!("/live_flows/{QUICK}/sessions/?limit=1"))
    );
}

#[tokio::test]
async fn another_method_is_told_the_right_ones() {
    let service = start().await;
    let answer = service.send(Method::PUT, &sessions(QUICK), json!({})).await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), "POST, GET");
    assert_eq!(answer.json(), json!({"detail": "Method Not Allowed"}));
    let head = service.request(Method::HEAD, &sessions(QUICK)).send().await.unwrap();
    assert_eq!(head.status(), 405);
}

#[tokio::test]
async fn an_answer_to_nobody_is_a_conflict() {
    let service = start().await;
    let id = service.create(SLOW).await;
    let answer = service.answer(SLOW, id, "x").await;
    assert_eq!(answer.status, 409);
    assert!(answer.json()["detail"].is_string());
}

#[tokio::test]
async fn cancelling_fails_a_session_at_once_and_only_once() {
    let service = start().await;
    let id = service.create(SLOW).await;
    let answer =
        answered(service.request(Method::POST, &cancel(SLOW, id)).send().await.unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["status"], "FAILED");
    assert_eq!(answer.json()["error"], "Session cancelled");
    assert_eq!(service.post(&cancel(SLOW, id), json!({})).await.status, 409);
}

#[tokio::test]
async fn sessions_are_listed_oldest_first_and_in_pages() {
    let service = start().await;
    let mut created = Vec::new();
    for _ in 0..3 {
        created.push(service.create(SLOW).await);
    }
    service.create(QUICK).await;
    let ids = |answer: Answered| -> Vec<uuid::Uuid> {
        answer.json().as_array().unwrap().iter().map(id_of).collect()
    };
    assert_eq!(ids(service.get(&sessions(SLOW)).await), created);
    let page = service.get(&format!("{}?offset=1&limit=1", sessions(SLOW))).await;
    assert_eq!(ids(page), created[1..2]);
    let wrong = service.get(&format!("{}?limit=0&offset=x", sessions(SLOW))).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.json()["detail"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn flows_are_shown_with_their_sessions() {
    let service = start().await;
    let id = service.create(SLOW).await;
    let flow = service.get(&format!("/live_flows/{SLOW}/")).await.json();
    assert_eq!(flow["id"], SLOW);
    assert_eq!(flow["sessions"][0]["id"], json!(id));
    assert_eq!(flow["current_version"]["steps"][1]["name"], "work");
    assert!(flow["organisation_id"].is_string());
    let flows = service.get("/live_flows/").await.json();
    let names: Vec<_> = flows.as_array().unwrap().iter().map(|flow| flow["name"].clone()).collect();
    assert_eq!(names[..2], ["Lead qualification", "Company research"]);
    assert_eq!(flows.as_array().unwrap().iter().find(|it| it["id"] == SLOW), Some(&flow));
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_services_date() {
    let service = start().await;
    service.simulator.advance_clock(std::time::Duration::from_secs(400 * 86_400));
    let (first, second) = (service.get("/live_flows/").await, service.get("/nowhere").await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let year = |date: &str| date.split(' ').nth(3).unwrap().parse::<i32>().unwrap();
    let created = service.create(QUICK).await;
    let session = service.session(QUICK, created).await;
    assert!(
        session["created_at"]
            .as_str()
            .unwrap()
            .starts_with(&year(first.header("date")).to_string())
    );
}

#[tokio::test]
async fn the_shipped_flows_run_as_the_readme_says() {
    let service = Service::of(builder().speed(10_000.0)).await;
    let run = async |flow: &str, inputs: Value, answers: &[(&str, &str)]| -> Value {
        let created = service.post(&sessions(flow), json!({ "inputs": inputs })).await.json();
        let id = id_of(&created);
        let mut answers = answers.iter();
        loop {
            let session = service.session(flow, id).await;
            match session["status"].as_str().unwrap() {
                "WAITING_FOR_USER_INPUT" => {
                    let (step, answer) = answers.next().expect("a question too many");
                    assert_eq!(session["current_step"]["step"]["name"], *step);
                    service.answer(flow, id, answer).await;
                }
                "FINISHED" | "FAILED" => {
                    assert!(answers.next().is_none(), "a question too few");
                    return session;
                }
                _ => {}
            }
        }
    };
    let names = |session: &Value| -> Vec<String> {
        let steps = session["steps"].as_array().unwrap();
        steps.iter().map(|run| run["step"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let lead = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
    let large = run(
        lead,
        json!({"company": "ACME"}),
        &[("ask_budget", "€ 12,000"), ("ask_timeline", "x"), ("ask_timeline", "in May")],
    )
    .await;
    assert_eq!(
        large["current_step"]["result"],
        json!({
            "company": "ACME", "budget": "€ 12,000", "start": "in May",
            "assessment": "A budget of € 12,000 fits a company of 240 people."
        })
    );
    assert!(names(&large).contains(&"write_offer".to_owned()));
    let small = run(lead, json!({}), &[("ask_budget", "500"), ("ask_timeline", "soon")]).await;
    assert!(names(&small).contains(&"write_brochure".to_owned()));
    let research =
        run("0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11", json!({"company": "ACME"}), &[]).await;
    assert_eq!(research["status"], "FINISHED");
    assert!(research["current_step"]["result"].as_str().unwrap().starts_with("ACME, Rotterdam"));
    let moderation = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64";
    let spam = run(moderation, json!({"text": "Spam!"}), &[]).await;
    assert_eq!(
        (&spam["status"], &spam["error"]),
        (&json!("FAILED"), &json!("Rejected as spam: Spam!"))
    );
    let advert = [("ask_reviewer", "maybe"), ("ask_reviewer", "no")];
    let declined = run(moderation, json!({"text": "I sell cars"}), &advert).await;
    assert_eq!(declined["current_step"]["result"]["published"], false);
    let fine = run(moderation, json!({"text": "Hello"}), &[]).await;
    assert_eq!(fine["current_step"]["result"]["published"], true);
}

#[tokio::test]
async fn required_inputs_are_required() {
    let flow = json!({
        "id": UNKNOWN, "name": "Strict", "required_inputs": ["company", "size"],
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"},
        ],
    });
    let service = Service::of(builder().flow(flow.to_string())).await;
    let answer = service.post(&sessions(UNKNOWN), json!({"inputs": {"size": 1}})).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", "inputs", "company"]));
    assert_eq!(answer.json()["detail"].as_array().map(Vec::len), Some(1));
}
