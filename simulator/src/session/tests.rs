//! Sessions in time, without a clock.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::body::View;
use super::{Answer, NewSession, Refused, Session, Status};
use crate::clock::{Clock, ServiceTime};
use crate::flow::Flow;
use crate::journal::By;
use crate::json::Json;
use crate::settings::Settings;

const FLOW: Uuid = Uuid::from_u128(1);

fn session(steps: &Value) -> (Session, ServiceTime) {
    let now = Clock::new(1.0).now();
    let text = json!({"name": "Test", "ready_ms": 10, "steps": steps}).to_string();
    let flow = Flow::parse(&text, Some(FLOW), now).unwrap();
    let inputs = Json::new(&json!({"company": "ACME"}));
    let new = NewSession { flow: Arc::new(flow), inputs, idempotency_key: None, seed: 3 };
    (new.begin(now), now)
}

fn asking(accept: &Value, duration_ms: u64) -> (Session, ServiceTime) {
    let mut ask = json!({
        "name": "ask", "type": "input", "prompt": {"text": "${inputs.company}, how much?"},
        "duration_ms": duration_ms, "transitions": [{"to": "end"}],
    });
    if !accept.is_null() {
        ask["accept"] = accept.clone();
    }
    let (mut session, now) = session(&json!([
        {"name": "start", "type": "start", "transitions": [{"to": "ask"}]},
        ask,
        {"name": "end", "type": "end", "result": "${ask.result}"},
    ]));
    let now = after(now, 1_000);
    session.advance_to(now);
    assert_eq!(session.status(), Status::Waiting);
    (session, now)
}

fn after(now: ServiceTime, ms: u64) -> ServiceTime {
    now.after(Duration::from_millis(ms))
}

fn answer(session: &mut Session, now: ServiceTime, input: &Value) -> Result<usize, Refused> {
    let input = Json::new(input);
    session.answer(now, Answer { input, by: By::Api, idempotency_key: None, time_ms: 0.0 })
}

fn shown(session: &Session, changes_ago: usize) -> Value {
    let view = View { status_word: None, changes_ago };
    let state = session.state_before(changes_ago);
    serde_json::from_slice(&session.write(state, &view, &Settings::default())).unwrap()
}

#[test]
fn a_session_is_ready_then_runs_then_finishes() {
    let (mut session, now) = session(&json!([
        {"name": "start", "type": "start", "transitions": [{"to": "work"}]},
        {"name": "work", "type": "tool", "duration_ms": 100, "result": 7,
         "transitions": [{"to": "end"}]},
        {"name": "end", "type": "end", "result": {"sum": "${work.result}"}},
    ]));
    let statuses: Vec<Status> = [9, 50, 109, 111]
        .into_iter()
        .map(|ms| {
            session.advance_to(after(now, ms));
            session.status()
        })
        .collect();
    assert_eq!(statuses, [Status::Ready, Status::Running, Status::Running, Status::Finished]);
    let shown = shown(&session, 0);
    assert_eq!(shown["status"], "FINISHED");
    assert_eq!(shown["current_step"]["result"], json!({"sum": 7}));
    assert_eq!(shown["steps"].as_array().map(Vec::len), Some(3));
}

#[test]
fn how_often_somebody_looks_changes_nothing() {
    let steps = json!([
        {"name": "start", "type": "start", "duration_ms": 3, "transitions": [{"to": "a"}]},
        {"name": "a", "type": "llm", "duration_ms": {"min": 5, "max": 50},
         "transitions": [{"to": "b"}]},
        {"name": "b", "type": "llm", "duration_ms": {"min": 5, "max": 50},
         "transitions": [{"to": "end"}]},
        {"name": "end", "type": "end"},
    ]);
    let ((mut often, begun), (mut once, begun_too)) = (session(&steps), session(&steps));
    for ms in 0..200 {
        often.advance_to(after(begun, ms));
    }
    once.advance_to(after(begun_too, 200));
    let gaps = |session: &Session, begun: ServiceTime| -> Vec<bool> {
        let runs = &session.state().runs;
        (0..200)
            .map(|ms| runs.iter().any(|run| run.updated_at <= after(begun, ms)))
            .chain(runs.iter().map(|run| run.status == Status::Finished))
            .collect()
    };
    assert_eq!(often.changes(), once.changes());
    assert_eq!(gaps(&often, begun), gaps(&once, begun_too));
}

#[test]
fn no_two_changes_have_the_same_time() {
    let (session, _) = asking(&Value::Null, 0);
    let times: Vec<_> = (0..=2)
        .map(|ago| shown(&session, ago)["updated_at"].as_str().unwrap().to_owned())
        .collect();
    assert!(times[0] > times[1] && times[1] > times[2], "{times:?}");
}

#[test]
fn a_prompt_is_rendered_when_it_is_asked() {
    let (session, _) = asking(&Value::Null, 0);
    let shown = shown(&session, 0);
    assert_eq!(shown["current_step"]["prompt"], json!({"text": "ACME, how much?"}));
    assert_eq!(shown["current_step"]["user_input"], Value::Null);
    assert_eq!(shown["status"], "WAITING_FOR_USER_INPUT");
}

#[test]
fn an_answer_becomes_the_steps_result() {
    let (mut session, now) = asking(&Value::Null, 0);
    answer(&mut session, now, &json!("12")).unwrap();
    session.advance_to(after(now, 1));
    let shown = shown(&session, 0);
    assert_eq!(shown["status"], "FINISHED");
    assert_eq!(shown["steps"][1]["user_input"], "12");
    assert_eq!(shown["steps"][1]["result"], "12");
    assert_eq!(shown["steps"][2]["result"], "12");
}

#[test]
fn a_second_answer_finds_nobody_waiting() {
    let (mut session, now) = asking(&Value::Null, 50);
    answer(&mut session, now, &json!("12")).unwrap();
    assert_eq!(answer(&mut session, now, &json!("13")), Err(Refused::NotWaiting));
    assert_eq!(session.answers.len(), 1);
    let shown = shown(&session, 0);
    assert_eq!(
        (shown["status"].as_str(), shown["current_step"]["user_input"].as_str()),
        (Some("RUNNING"), Some("12"))
    );
}

#[test]
fn a_rejected_answer_makes_the_same_run_ask_again() {
    let accept = json!({"min_length": 3, "ask_again_prompt": "“${answer}”? Round ${round}"});
    let (mut session, now) = asking(&accept, 20);
    let before = shown(&session, 0);
    answer(&mut session, now, &json!("12")).unwrap();
    assert_eq!(shown(&session, 0)["status"], "RUNNING");
    session.advance_to(after(now, 21));
    let again = shown(&session, 0);
    assert_eq!(again["status"], "WAITING_FOR_USER_INPUT");
    assert_eq!(again["current_step"]["id"], before["current_step"]["id"]);
    assert_eq!(again["current_step"]["user_input"], Value::Null);
    assert_eq!(again["current_step"]["prompt"], "“12”? Round 2");
    assert!(again["updated_at"].as_str() > before["updated_at"].as_str());
    answer(&mut session, after(now, 30), &json!("1234")).unwrap();
    session.advance_to(after(now, 60));
    assert_eq!(session.status(), Status::Finished);
    let rounds: Vec<_> = session.answers.iter().map(|it| (it.round, it.accepted)).collect();
    assert_eq!(rounds, [(1, false), (2, true)]);
}

#[test]
fn a_refused_answer_changes_nothing() {
    let accept = json!({"one_of": ["yes", "no"], "when_rejected": "refuse"});
    let (mut session, now) = asking(&accept, 0);
    let before = shown(&session, 0);
    assert_eq!(answer(&mut session, now, &json!("maybe")), Err(Refused::NotAccepted));
    assert_eq!(shown(&session, 0), before);
    assert!(session.answers.is_empty());
    answer(&mut session, now, &json!("YES")).unwrap();
}

#[test]
fn a_failing_step_fails_the_session_with_its_text() {
    let (mut session, now) = session(&json!([
        {"name": "start", "type": "start", "transitions": [{"to": "choose"}]},
        {"name": "choose", "type": "branch", "transitions": [
            {"to": "break", "when": {"value": "${inputs.company}", "equals": "acme"}},
            {"to": "end", "otherwise": true},
        ]},
        {"name": "break", "type": "tool", "fail": "No luck with ${inputs.company}"},
        {"name": "end", "type": "end"},
    ]));
    session.advance_to(after(now, 50));
    let shown = shown(&session, 0);
    assert_eq!(shown["status"], "FAILED");
    assert_eq!(shown["error"], "No luck with ACME");
    assert_eq!(shown["current_step"]["status"], "FAILED");
    assert_eq!(shown["current_step"]["error"], "No luck with ACME");
}

#[test]
fn cancelling_fails_the_session_once() {
    let (mut session, now) = asking(&Value::Null, 0);
    assert!(session.cancel(now));
    assert_eq!(shown(&session, 0)["error"], "Session cancelled");
    assert!(session.cancelled);
    let before = shown(&session, 0);
    assert!(!session.cancel(after(now, 5)));
    assert_eq!(shown(&session, 0), before);
    assert!(session.cancelled, "it stays cancelled");
}

#[test]
fn a_loop_without_time_ends() {
    let (mut session, now) = session(&json!([
        {"name": "start", "type": "start", "transitions": [{"to": "a"}]},
        {"name": "a", "type": "tool", "transitions": [{"to": "b"}]},
        {"name": "b", "type": "branch", "transitions": [
            {"to": "a", "when": {"value": "x", "equals": "x"}},
            {"to": "end", "otherwise": true},
        ]},
        {"name": "end", "type": "end"},
    ]));
    session.advance_to(after(now, 1_000));
    assert_eq!(session.status(), Status::Failed);
    assert_eq!(session.state().runs.len(), 1000);
}

#[test]
fn the_body_is_kept_until_something_changes() {
    let (mut session, now) = asking(&Value::Null, 50);
    let settings = Settings::default();
    let first = session.body(&View::default(), &settings, 0);
    let second = session.body(&View::default(), &settings, 0);
    assert_eq!(first.as_ptr(), second.as_ptr(), "the same bytes");
    let mut other = settings.clone();
    other.status_words.waiting = "ASKING".to_owned();
    let third = session.body(&View::default(), &other, 1);
    assert!(String::from_utf8_lossy(&third).contains("\"ASKING\""));
    answer(&mut session, now, &json!("12")).unwrap();
    let fourth = session.body(&View::default(), &other, 1);
    assert!(!String::from_utf8_lossy(&fourth).contains("\"ASKING\""));
}

#[test]
fn a_step_can_be_finished_early() {
    let (mut session, now) = session(&json!([
        {"name": "start", "type": "start", "transitions": [{"to": "a"}]},
        {"name": "a", "type": "tool", "duration_ms": 100_000, "transitions": [{"to": "end"}]},
        {"name": "end", "type": "end"},
    ]));
    assert!(session.finish_step_now(now), "ready");
    session.advance_to(after(now, 1));
    assert_eq!(session.status(), Status::Running);
    assert!(session.finish_step_now(after(now, 1)));
    session.advance_to(after(now, 2));
    assert_eq!(session.status(), Status::Finished);
    assert!(!session.finish_step_now(after(now, 3)));
}
