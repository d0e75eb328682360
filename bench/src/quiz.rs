//! A session that does nothing but ask: each answer brings the next question at once. What a question
//! takes is then what the client, the boundary and two requests take.

use bytes::Bytes;
use liveflow::{Answer, Client, ClientConfig, Json};
use liveflow_bench::canned::{FLOW, session_id};
use serde_json::{Value, json};

/// The only session there is, after so many answers of so many.
pub(crate) fn body(answers: u32, of: u32) -> Bytes {
    let run = |number: u32, is_answered: bool| {
        json!({
            "id": format!("run-{number}"),
            "status": if is_answered { "FINISHED" } else { "WAITING_FOR_USER_INPUT" },
            "prompt": { "type": "text", "text": format!("Question {number}?") },
            "user_input": is_answered.then_some("yes"),
            "step": { "id": "ask", "name": "ask", "step_type": "INPUT" },
        })
    };
    let is_over = answers == of;
    let last = answers.checked_sub(1).map(|number| run(number, true));
    let current = (!is_over).then(|| run(answers, false));
    let steps: Vec<&Value> = last.iter().chain(&current).collect();
    let (minute, second) = (answers / 60, answers % 60);
    let (hour, minute) = (minute / 60 % 24, minute % 60);
    let session = json!({
        "id": session_id(0),
        "live_flow_id": FLOW,
        "status": if is_over { "FINISHED" } else { "WAITING_FOR_USER_INPUT" },
        "updated_at": format!("2026-05-01T{hour:02}:{minute:02}:{second:02}Z"),
        "current_step": current,
        "steps": steps,
    });
    session.to_string().into()
}

/// How long a question takes through the core alone.
pub(crate) async fn answer(base: String, questions: u32) -> Value {
    let mut config = ClientConfig::new("key");
    config.base_url = base;
    config.requests_per_second = 0.0;
    let client = Client::new(config).expect("a client");
    let ask = |_| async { Ok(Some(Answer::from("yes"))) };
    let inputs = Json::parse("{}").expect("JSON");
    let begun = std::time::Instant::now();
    let session = client.run(FLOW, inputs, ask, |_| Ok(())).await.expect("it runs to its end");
    assert!(session.status.is_end());
    json!({ "us_per_question": begun.elapsed().as_secs_f64() * 1e6 / f64::from(questions) })
}
