//! Futures of this library can be awaited on any executor, or on none.

mod common;

use std::time::Duration;

use common::*;
use futures_util::stream::{FuturesUnordered, StreamExt};
use liveflow::{Answer, Client, LiveFlowError, SessionEvent, SessionStatus, Task};
use liveflow_simulator::{Call, FaultRule, Simulator};
use tokio::runtime::Runtime;

/// A simulator on a runtime of its own, so that the test itself has none.
fn elsewhere() -> (Runtime, Simulator) {
    let runtime = Runtime::new().unwrap();
    let simulator = runtime.block_on(simulator());
    (runtime, simulator)
}

/// All kinds of calls, each awaited.
async fn everything(client: &Client) {
    let live = client.start(TWICE, inputs()).await.unwrap();
    let events = live.events();
    while let Some(event) = events.next().await {
        if let SessionEvent::PromptRequested { prompt } = event {
            live.answer(&prompt, "blue").await.unwrap();
        }
    }
    assert_eq!(live.wait(None).await.unwrap().status, SessionStatus::Finished);
    let ran = client
        .run(ASK, inputs(), |_| async { Ok(Some(Answer::from("red"))) }, |_| Ok(()))
        .await
        .unwrap();
    assert_eq!(ran.status, SessionStatus::Finished);
    assert_eq!(client.get_session(TWICE, live.id()).await.unwrap().id, *live.id());
    let mut sessions = client.iter_sessions(TWICE).unwrap();
    while let Some(session) = sessions.next().await {
        session.unwrap();
    }
    let working = client.start(WORK, inputs()).await.unwrap();
    let error = working.wait(Some(Duration::from_millis(20))).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
    assert_eq!(working.cancel().await.unwrap().status, SessionStatus::Failed);
}

#[test]
fn without_any_executor() {
    let (_runtime, simulator) = elsewhere();
    let client = client(&simulator);
    block_on(everything(&client));
}

#[test]
fn without_any_executor_retries_and_pauses_are_waited_for_as_well() {
    let (_runtime, simulator) = elsewhere();
    let client = client_with(&simulator, |config| {
        quickly_settled(config);
        config.handler_timeout = Some(Duration::from_millis(50));
    });
    fault(&simulator, FaultRule::new(Call::GetSessions, status(503)).times(2));
    block_on(client.get_sessions(ASK)).unwrap();
    fault(&simulator, FaultRule::new(Call::CreateSession, limited(0)).times(2));
    let mut handled = 0;
    let session =
        block_on(client.run(
            TWICE,
            inputs(),
            |prompt| {
                handled += 1;
                let answers = prompt.step_name.as_deref() == Some("first");
                async move {
                    if answers { Ok(Some("one".into())) } else { std::future::pending().await }
                }
            },
            |event| match event {
                // The second prompt's handler takes for ever; another device helps out.
                SessionEvent::PromptRequested { prompt }
                    if prompt.step_name.as_deref() != Some("first") =>
                {
                    let session = simulator.journal().sessions[0].id;
                    simulator.answer(session, &serde_json::json!("two")).unwrap();
                    Ok(())
                }
                _ => Ok(()),
            },
        ))
        .unwrap();
    assert_eq!((handled, session.status), (2, SessionStatus::Finished));
}

#[test]
fn on_a_runtime_with_one_thread() {
    let (_runtime, simulator) = elsewhere();
    let client = client(&simulator);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(everything(&client));
}

#[test]
fn on_a_runtime_with_several_threads_and_on_two_at_once() {
    let (runtime, simulator) = elsewhere();
    let client = client(&simulator);
    let other = Runtime::new().unwrap();
    let tasks = [&runtime, &other].map(|runtime| {
        let client = client.clone();
        runtime.spawn(async move { everything(&client).await })
    });
    for task in tasks {
        block_on(task).unwrap();
    }
}

#[test]
fn polled_by_an_executor_that_runs_many_futures_by_turns() {
    let (_runtime, simulator) = elsewhere();
    let client = client(&simulator);
    let mut by_turns: FuturesUnordered<_> = (0..10).map(|_| everything(&client)).collect();
    block_on(async { while by_turns.next().await.is_some() {} });
}

#[test]
fn a_client_outlives_the_runtime_it_was_made_on() {
    let (_runtime, simulator) = elsewhere();
    let short = Runtime::new().unwrap();
    let (client, live) = short.block_on(async {
        let client = client(&simulator);
        let live = client.start(ASK, inputs()).await.unwrap();
        (client, live)
    });
    drop(short);
    let prompt = block_on(common::prompt_without_a_clock(&live.events()));
    block_on(live.answer(&prompt, "blue")).unwrap();
    block_on(everything(&client));
}

#[test]
fn handles_may_be_used_from_many_threads_at_once() {
    let (_runtime, simulator) = elsewhere();
    let client = client(&simulator);
    let live = block_on(client.start(STEPS, inputs())).unwrap();
    let ends: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (client, live) = (client.clone(), live.clone());
                scope.spawn(move || {
                    let events = live.events();
                    let mut ends = 0;
                    while let Some(event) = block_on(events.next()) {
                        ends += usize::from(event.is_terminal());
                        live.poll_now();
                        if number == 0 {
                            client.network_changed();
                        }
                    }
                    ends
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(ends, 8);
}

#[test]
fn a_task_for_bindings_runs_on_the_shared_runtime_and_ends_with_its_handle() {
    let (done, is_done) = std::sync::mpsc::channel();
    let sender = done.clone();
    let task = Task::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        sender.send("slept").unwrap();
    })
    .unwrap();
    assert_eq!(is_done.recv_timeout(PATIENCE), Ok("slept"));
    drop(task);
    let task = Task::spawn(async move {
        std::future::pending::<()>().await;
        done.send("never").unwrap();
    })
    .unwrap();
    task.abort();
    let nobody_is_left = is_done.recv_timeout(PATIENCE);
    assert_eq!(nobody_is_left, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn a_future_that_is_moved_between_threads_amid_its_work_goes_on() {
    let (runtime, simulator) = elsewhere();
    let client = client(&simulator);
    fault(&simulator, FaultRule::any(slow(20)));
    let call = |_| {
        let client = client.clone();
        let mut call = Box::pin(async move { client.create_session(ASK, inputs()).await });
        let a_moment = Duration::from_millis(5);
        let begun = runtime.block_on(async { tokio::time::timeout(a_moment, &mut call).await });
        match begun {
            Ok(done) => done,
            Err(_) => std::thread::spawn(move || block_on(call)).join().unwrap(),
        }
    };
    for session in (0..10).map(call) {
        session.unwrap();
    }
    assert_eq!(simulator.journal().sessions.len(), 10);
}
