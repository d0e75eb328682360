//! A whole session in one call, over HTTP.

mod common;

use std::future::{Ready, pending, ready};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use liveflow::{Answer, HostError, LiveFlowError, Prompt, SessionEvent, SessionStatus};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Simulator, Status};
use serde_json::json;

/// Answers everything with this.
fn always(text: &str) -> Ready<Result<Option<Answer>, HostError>> {
    ready(Ok(Some(Answer::from(text))))
}

#[expect(clippy::unnecessary_wraps, reason = "it is what an event handler gives")]
fn nothing(_: &SessionEvent) -> Result<(), HostError> {
    Ok(())
}

fn only_session(simulator: &Simulator) -> liveflow_simulator::SessionRecord {
    simulator.journal().sessions.swap_remove(0)
}

#[tokio::test]
async fn a_session_with_two_questions_runs_to_its_end() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let asked = Mutex::new(Vec::new());
    let mut kinds = Vec::new();
    let session = client
        .run(
            LEADS,
            inputs(),
            |prompt| {
                asked.lock().unwrap().push(prompt.text.clone());
                always("100000")
            },
            |event| {
                kinds.push(event.clone());
                Ok(())
            },
        )
        .await
        .unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert!(matches!(kinds.last(), Some(SessionEvent::Finished { .. })));
    let answers: Vec<_> = only_session(&simulator).inputs.iter().map(|input| input.count).collect();
    assert_eq!(answers, [1, 1], "each answer took effect once");
}

#[tokio::test]
async fn a_session_that_fails_is_given_like_any_other() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let session = within(client.run(FAILS, inputs(), |_| always(""), nothing)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
}

#[tokio::test]
async fn a_handler_that_fails_stops_watching_and_leaves_the_session_alone() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let by_prompt =
        client.run(ASK, inputs(), |_| async { Err(HostError("no terminal".to_owned())) }, nothing);
    let by_event =
        client.run(ASK, inputs(), |_| always("blue"), |_| Err(HostError("no screen".to_owned())));
    let (by_prompt, by_event) = within(async { tokio::join!(by_prompt, by_event) }).await;
    for (error, word) in [(by_prompt.unwrap_err(), "terminal"), (by_event.unwrap_err(), "screen")] {
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
    }
    quiet(&simulator).await;
    let statuses: Vec<_> = simulator.journal().sessions.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Status::Waiting, Status::Waiting]);
}

#[tokio::test]
async fn a_handler_that_gives_no_answer_leaves_the_prompt_to_somebody_else() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let running = client.run(ASK, inputs(), |_| async { Ok(None) }, nothing);
    let helping = async {
        let waits =
            || simulator.journal().sessions.first().is_some_and(|it| it.status == Status::Waiting);
        eventually("it waits", waits).await;
        simulator.answer(only_session(&simulator).id, &json!("red")).unwrap();
    };
    let (session, ()) = within(async { tokio::join!(running, helping) }).await;
    assert_eq!(session.unwrap().status, SessionStatus::Finished);
    assert_eq!(count(&simulator, Call::AddUserInput), 0);
}

/// Tells when it is dropped.
struct Told(Arc<AtomicBool>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_handler_whose_prompt_is_answered_elsewhere_is_dropped_and_the_next_one_asked() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let was_dropped = Arc::new(AtomicBool::new(false));
    let on_prompt = |prompt: Prompt| {
        let told = Told(Arc::clone(&was_dropped));
        let simulator = &simulator;
        let was_dropped = Arc::clone(&was_dropped);
        async move {
            if prompt.step_name.as_deref() == Some("first") {
                simulator.answer(only_session(simulator).id, &json!("red")).unwrap();
                pending::<()>().await;
            }
            assert!(was_dropped.load(Ordering::SeqCst), "the first one has nothing left to do");
            drop(told);
            Ok(Some(Answer::from("two")))
        }
    };
    let session = within(client.run(TWICE, inputs(), on_prompt, nothing)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(texts_of(&simulator, &session.id), ["red", "two"]);
}

#[tokio::test]
async fn an_answer_that_another_device_forestalled_is_no_error() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let first = Fault::AnsweredElsewhere { answer: json!("red") };
    fault(&simulator, FaultRule::new(Call::AddUserInput, first));
    let session = within(client.run(ASK, inputs(), |_| always("blue"), nothing)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(texts_of(&simulator, &session.id), ["red"]);
}

#[tokio::test]
async fn an_answer_that_is_refused_comes_back_with_its_text() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let error =
        within(client.run(CHOICE, inputs(), |_| always("perhaps"), nothing)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::InvalidRequest { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("perhaps"));
}

#[tokio::test]
async fn an_answer_that_got_lost_at_the_end_of_its_session_comes_back_with_its_text() {
    let simulator = simulator().await;
    let client = client_with(&simulator, quickly_settled);
    fault(&simulator, FaultRule::new(Call::AddUserInput, Fault::Hold { effect: Effect::None }));
    let running = client.run(ASK, inputs(), |_| always("blue"), nothing);
    let failing = async {
        eventually("it is on the wire", || count(&simulator, Call::AddUserInput) > 0).await;
        simulator.advance(only_session(&simulator).id, Some("out of tokens")).unwrap();
    };
    let (outcome, ()) = within(async { tokio::join!(running, failing) }).await;
    let error = outcome.unwrap_err();
    assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
}

#[tokio::test]
async fn a_handler_that_takes_too_long_has_given_no_answer() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.handler_timeout = Some(Duration::from_millis(50));
    });
    let was_dropped = Arc::new(AtomicBool::new(false));
    let on_prompt = |_| {
        let told = Told(Arc::clone(&was_dropped));
        async move {
            pending::<()>().await;
            drop(told);
            Ok(None)
        }
    };
    let running = client.run(ASK, inputs(), on_prompt, nothing);
    let helping = async {
        eventually("it is given up", || was_dropped.load(Ordering::SeqCst)).await;
        simulator.answer(only_session(&simulator).id, &json!("red")).unwrap();
    };
    let (session, ()) = within(async { tokio::join!(running, helping) }).await;
    assert_eq!(session.unwrap().status, SessionStatus::Finished);
}

#[tokio::test]
async fn a_run_that_is_dropped_or_closed_stops_watching_only() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let began =
        || simulator.journal().sessions.first().is_some_and(|it| it.status == Status::Waiting);
    tokio::select! {
        outcome = client.run(ASK, inputs(), |_| pending(), nothing) => panic!("{outcome:?}"),
        () = eventually("it waits", began) => {}
    }
    quiet(&simulator).await;
    assert_eq!(only_session(&simulator).status, Status::Waiting);

    let closing = async {
        eventually("another began", || simulator.journal().sessions.len() == 2).await;
        client.close();
    };
    let running = client.run(ASK, inputs(), |_| pending(), nothing);
    let (outcome, ()) = within(async { tokio::join!(running, closing) }).await;
    let error = outcome.unwrap_err();
    // The create itself may have been what the close cut short.
    let fits = matches!(error, LiveFlowError::Closed { .. } | LiveFlowError::OutcomeUnknown { .. });
    assert!(fits, "{error:?}");
    assert_eq!(count(&simulator, Call::CancelSession), 0);
}

#[tokio::test]
async fn a_run_that_cannot_begin_says_why() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let error = within(client.run(UNKNOWN, inputs(), |_| always(""), nothing)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::NotFound { .. }), "{error:?}");
}
