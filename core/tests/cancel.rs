//! Cancel session: it takes effect, or its caller is told why not.

mod common;

use std::time::Duration;

use common::*;
use liveflow::{LiveFlowError, PromptCloseReason, SessionEvent, SessionStatus};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Status};
use serde_json::json;

#[tokio::test]
async fn a_cancel_ends_the_session_and_its_prompt() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, events, _) = asked(&client, ASK).await;
    let session = within(live.cancel()).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
    let story = rest(&events).await;
    assert!(story.iter().any(|event| matches!(
        event,
        SessionEvent::PromptClosed { reason: PromptCloseReason::SessionEnded, .. }
    )));
    assert!(matches!(story.last(), Some(SessionEvent::Failed { .. })), "{story:?}");
    assert_eq!(count(&simulator, Call::CancelSession), 1);
    // Again: it has ended, and nothing more is sent.
    let again = within(live.cancel()).await.unwrap();
    assert_eq!(again.status, SessionStatus::Failed);
    assert_eq!(count(&simulator, Call::CancelSession), 1);
}

#[tokio::test]
async fn a_cancel_whose_fate_is_unknown_is_looked_up_and_sent_again_while_the_session_runs() {
    for (broken, attempts) in [
        (Fault::ResetAfterEffect {}, 1),
        (status_after_effect(504), 1),
        (Fault::ResetBeforeEffect {}, 2),
        (status(500), 2),
        (limited(0), 2),
    ] {
        let simulator = simulator().await;
        let client = client(&simulator);
        let live = client.start(WORK, inputs()).await.unwrap();
        let fault_name = broken.name();
        fault(&simulator, FaultRule::new(Call::CancelSession, broken).times(1));
        let session = within(live.cancel()).await.unwrap();
        assert_eq!(session.status, SessionStatus::Failed, "{fault_name}");
        assert_eq!(count(&simulator, Call::CancelSession), attempts, "{fault_name}");
        assert!(simulator.journal().sessions[0].cancelled);
    }
}

#[tokio::test]
async fn a_session_that_ended_by_itself_first_is_given_as_it_truly_ended() {
    for ended_status in [400, 404, 409, 422] {
        let simulator =
            simulator_with(&json!({"cancel_session": {"ended_status": ended_status}})).await;
        let client = client(&simulator);
        let session = client.create_session(QUICK, inputs()).await.unwrap();
        let ended = within(client.cancel_session(QUICK, &session.id)).await.unwrap();
        assert_eq!(ended.status, SessionStatus::Finished, "{ended_status}");
        assert_eq!(count(&simulator, Call::CancelSession), 1);
        assert!(!simulator.journal().sessions[0].cancelled);
    }
}

#[tokio::test]
async fn a_cancel_that_is_refused_while_the_session_runs_is_an_error() {
    for (refusal, expected) in
        [(403, "PermissionDenied"), (401, "Authentication"), (409, "InvalidRequest")]
    {
        let simulator = simulator().await;
        let client = client(&simulator);
        let live = client.start(WORK, inputs()).await.unwrap();
        fault(&simulator, FaultRule::new(Call::CancelSession, status(refusal)));
        let error = within(live.cancel()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{refusal}: {error:?}");
        let before = newest(&simulator);
        eventually("the watch goes on", || newest(&simulator) > before + 3).await;
    }
}

#[tokio::test]
async fn a_wrong_path_for_cancel_names_its_setting() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        let path = &mut config.endpoints.cancel_session.path;
        "/live_flows/{live_flow_id}/sessions/{session_id}/stop/".clone_into(path);
    });
    let live = client.start(WORK, inputs()).await.unwrap();
    let error = within(live.cancel()).await.unwrap_err();
    let LiveFlowError::Configuration { setting, .. } = &error else { panic!("{error:?}") };
    assert_eq!(setting.as_deref(), Some("endpoints.cancel_session"));
}

#[tokio::test]
async fn a_cancel_of_what_is_not_there_is_not_found() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let error = within(client.cancel_session(ASK, UNKNOWN)).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn after_a_delete_a_session_that_is_gone_counts_as_cancelled() {
    for lost in [None, Some(Fault::ResetAfterEffect {})] {
        let path = "/live_flows/{live_flow_id}/sessions/{session_id}/";
        let delete = json!({"cancel_session": {"method": "DELETE", "path": path, "forgets": true,
            "answers_with": "nothing", "status": 204}});
        let simulator = simulator_with(&delete).await;
        let client = client_with(&simulator, |config| {
            config.endpoints.cancel_session =
                liveflow::Endpoint { method: liveflow::HttpMethod::Delete, path: path.to_owned() };
        });
        let (live, events, _) = asked(&client, ASK).await;
        if let Some(lost) = lost {
            fault(&simulator, FaultRule::new(Call::CancelSession, lost));
        }
        let session = within(live.cancel()).await.unwrap();
        assert_eq!(session.status, SessionStatus::Failed);
        assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Failed { .. })));
        assert_eq!(count(&simulator, Call::CancelSession), 1);
    }
}

#[tokio::test]
async fn several_callers_of_one_cancel_share_it() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(WORK, inputs()).await.unwrap();
    fault(&simulator, FaultRule::new(Call::CancelSession, slow(100)));
    let callers = (0..5).map(|_| live.cancel());
    for outcome in within(futures_util::future::join_all(callers)).await {
        assert_eq!(outcome.unwrap().status, SessionStatus::Failed);
    }
    assert_eq!(count(&simulator, Call::CancelSession), 1);
}

#[tokio::test]
async fn a_cancel_amid_an_answer_lets_the_answer_arrive_but_never_sends_it_again() {
    let simulator = simulator().await;
    let client = client_with(&simulator, quickly_settled);
    let (live, _, prompt) = asked(&client, TWICE).await;
    fault(&simulator, FaultRule::new(Call::AddUserInput, Fault::Hold { effect: Effect::None }));
    let cancel = async {
        eventually("the answer is on the wire", || count(&simulator, Call::AddUserInput) > 0).await;
        live.cancel().await
    };
    let (answer, session) =
        within(async { tokio::join!(live.answer(&prompt, "blue"), cancel) }).await;
    assert_eq!(session.unwrap().status, SessionStatus::Failed);
    let error = answer.unwrap_err();
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    assert_eq!(count(&simulator, Call::AddUserInput), 1);
    let late = within(live.answer(&prompt, "green")).await.unwrap_err();
    assert!(matches!(late, LiveFlowError::PromptNoLongerOpen { .. }), "{late:?}");
}

#[tokio::test]
async fn a_cancel_that_nobody_waits_for_any_more_still_takes_effect_if_it_left() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(WORK, inputs()).await.unwrap();
    fault(&simulator, FaultRule::new(Call::CancelSession, slow(100)));
    let sent = eventually("it is sent", || count(&simulator, Call::CancelSession) > 0);
    tokio::select! {
        result = live.cancel() => panic!("{result:?}"),
        () = sent => {}
    }
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Failed);
}

#[tokio::test]
async fn a_cancel_with_the_service_down_runs_out_of_time_and_may_be_tried_again() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| {
        config.timeouts.total = Duration::from_millis(800);
        config.timeouts.request = Duration::from_millis(400);
    });
    let live = client.start(WORK, inputs()).await.unwrap();
    fault(&simulator, FaultRule::any(silence()));
    let error = within(live.cancel()).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::OutcomeUnknown { .. }), "{error:?}");
    simulator.clear_faults();
    assert_eq!(within(live.cancel()).await.unwrap().status, SessionStatus::Failed);
    assert_eq!(simulator.journal().sessions[0].status, Status::Failed);
}
