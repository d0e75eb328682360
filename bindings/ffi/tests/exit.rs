//! Going down with the process. One test, because it ends what the process's other tests need.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{ASK, Remembering, WORK, eventually, live, service};
use liveflow::{LiveFlowError, SessionEvent};
use liveflow_ffi::{CoreClient, shutdown_runtime};

static IS_OVER: AtomicBool = AtomicBool::new(false);

#[test]
fn nothing_foreign_runs_after_the_shutdown_and_every_call_is_refused() {
    let service = service();
    let client = service.client();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lives: Vec<_> =
        (0..5).map(|_| live(client.start(WORK.to_owned(), "{}".to_owned()))).collect();
    let subscriptions: Vec<_> = lives
        .iter()
        .map(|live| {
            let listener = Remembering(Arc::clone(&seen), |_: &SessionEvent| {
                assert!(!IS_OVER.load(Ordering::SeqCst), "a callback after the shutdown");
                thread::sleep(Duration::from_millis(20));
                Ok(())
            });
            live.subscribe(Arc::new(listener)).unwrap()
        })
        .collect();
    eventually("a callback", || !seen.lock().unwrap().is_empty());
    let waiting = lives[0].wait(None).unwrap();

    let begun = Instant::now();
    shutdown_runtime(5_000);
    IS_OVER.store(true, Ordering::SeqCst);
    assert!(begun.elapsed() < Duration::from_secs(2), "callbacks that return are not waited out");

    let told = seen.lock().unwrap().len();
    assert!(waiting.wait(5_000), "a call under way is given up");
    assert!(matches!(waiting.take(), Err(LiveFlowError::Closed { .. })));
    assert!(matches!(client.get_sessions(ASK.to_owned()), Err(LiveFlowError::Closed { .. })));
    let again = CoreClient::new("key".to_owned(), service.config(), None, None);
    assert!(matches!(again.err(), Some(LiveFlowError::Closed { .. })));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(seen.lock().unwrap().len(), told);
    drop((subscriptions, lives, client));
}
