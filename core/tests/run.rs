//! A whole session in one call, over HTTP.

mod common;

use std::sync::Mutex;

use common::{LEADS, client, inputs, simulator};
use liveflow::{Answer, SessionEvent, SessionStatus};

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
                async { Ok(Some(Answer::from("100000"))) }
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
    let journal = simulator.journal();
    let answers: Vec<_> = journal.sessions[0].inputs.iter().map(|input| input.count).collect();
    assert_eq!(answers, [1, 1], "each answer took effect once");
}
