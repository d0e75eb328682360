//! The end of the shared runtime, as at the exit of an interpreter. One test after another: the
//! runtime is the process's own.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use liveflow::{LiveFlowError, SessionEvent, SessionStatus, WatchEndReason, shutdown_runtime};
use liveflow_simulator::Simulator;
use tokio::runtime::Runtime;

/// How many threads of the library's own there are.
#[cfg(target_os = "linux")]
fn own_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.trim() == "liveflow").count()
}

#[test]
fn after_a_shutdown_everything_is_closed_and_a_new_client_works() {
    let elsewhere = Runtime::new().unwrap();
    let simulator = elsewhere.block_on(simulator());

    // Nothing to shut down is fine as well.
    shutdown_runtime(PATIENCE);

    let client = client(&simulator);
    let (live, events, prompt) = elsewhere.block_on(asked(&client, ASK));
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let subscription = live.subscribe(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let waiting = {
        let live = live.clone();
        std::thread::spawn(move || block_on(live.wait(None)))
    };
    let pulling = {
        let events = live.events();
        std::thread::spawn(move || {
            let mut last = None;
            while let Some(event) = block_on(events.next()) {
                last = Some(event);
            }
            last
        })
    };
    let (started, has_started) = std::sync::mpsc::channel();
    let returned = Arc::new(AtomicUsize::new(0));
    let returns = Arc::clone(&returned);
    let slow = live.subscribe(move |_| {
        let _ = started.send(());
        std::thread::sleep(Duration::from_millis(200));
        returns.fetch_add(1, Ordering::SeqCst);
    });
    has_started.recv_timeout(PATIENCE).unwrap();
    shutdown_runtime(PATIENCE);
    assert!(returned.load(Ordering::SeqCst) > 0, "its threads have ended when it returns");
    // Linux lists a thread for a moment after it can be joined.
    #[cfg(target_os = "linux")]
    elsewhere.block_on(eventually("no thread is left", || own_threads() == 0));

    let error = waiting.join().unwrap().unwrap_err();
    assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
    let closed = SessionEvent::WatchEnded { reason: WatchEndReason::Closed };
    assert_eq!(pulling.join().unwrap(), Some(closed.clone()));
    assert_eq!(elsewhere.block_on(rest(&events)).pop(), Some(closed));
    let before = newest(&simulator);
    for error in [
        block_on(live.answer(&prompt, "blue")).unwrap_err(),
        block_on(live.cancel()).unwrap_err(),
        block_on(live.wait(None)).unwrap_err(),
        block_on(live.wait(Some(PATIENCE))).unwrap_err(),
        block_on(client.create_session(ASK, inputs())).unwrap_err(),
        block_on(client.get_session(ASK, live.id())).unwrap_err(),
        block_on(client.get_sessions(ASK)).unwrap_err(),
        block_on(client.add_user_input(ASK, live.id(), "blue")).unwrap_err(),
        block_on(client.cancel_session(ASK, live.id())).unwrap_err(),
        block_on(client.watch(ASK, live.id())).unwrap_err(),
    ] {
        assert!(matches!(error, LiveFlowError::Closed { .. }), "{error:?}");
    }
    let error = block_on(live.answer(&prompt, "blue")).unwrap_err();
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    let told_by_then = told.load(Ordering::SeqCst);

    // What is left of it does no harm.
    live.poll_now();
    client.suspend();
    client.resume();
    client.network_changed();
    client.close();
    let late = live.subscribe(|_| panic!("nobody could call it"));
    drop((late, subscription, slow, live, events, client));
    assert_eq!(newest(&simulator), before);
    assert_eq!(told.load(Ordering::SeqCst), told_by_then);

    // A new client begins anew.
    let client = common::client(&simulator);
    let (live, _, prompt) = elsewhere.block_on(asked(&client, ASK));
    block_on(live.answer(&prompt, "blue")).unwrap();
    assert_eq!(block_on(live.wait(None)).unwrap().status, SessionStatus::Finished);

    // From inside somebody's runtime it works too, and it waits for a stuck callback no longer than
    // it is told to.
    let (started, has_started) = std::sync::mpsc::channel();
    let stuck = live.subscribe(move |_| {
        started.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(3600));
    });
    has_started.recv_timeout(PATIENCE).unwrap();
    let begun = Instant::now();
    elsewhere.block_on(async { shutdown_runtime(Duration::from_millis(200)) });
    assert!(begun.elapsed() < PATIENCE, "an hour would be too long");
    drop((stuck, live, client));

    in_the_middle_of_calls(&elsewhere, &simulator);
}

fn in_the_middle_of_calls(elsewhere: &Runtime, simulator: &Simulator) {
    let client = client(simulator);
    let calls: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            std::thread::spawn(move || {
                let flow = [STEPS, ASK, QUICK][number % 3];
                block_on(client.start(flow, inputs())).map(|live| live.id().clone())
            })
        })
        .collect();
    elsewhere.block_on(eventually("some are made", || simulator.journal().sessions.len() > 5));
    shutdown_runtime(PATIENCE);
    for call in calls {
        match call.join().unwrap() {
            Ok(_) | Err(LiveFlowError::Closed { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}
