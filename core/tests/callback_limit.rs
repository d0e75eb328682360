//! As many callbacks may be stuck in a process as `callback_limit` says, and no more. In a process of
//! its own, because the stuck ones stay in it.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::*;
use liveflow::SessionEvent;

#[tokio::test]
async fn past_the_limit_new_callbacks_are_refused_and_everything_else_goes_on() {
    let simulator = simulator().await;
    let client = client_with(&simulator, |config| config.callback_limit = 2);
    let stuck = Arc::new(AtomicUsize::new(0));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let live = client.start(WORK, inputs()).await.unwrap();
    let listen = || {
        let (stuck, released) = (Arc::clone(&stuck), Arc::clone(&released));
        live.subscribe(move |_| {
            stuck.fetch_add(1, Ordering::SeqCst);
            // It fails when there is nobody left to release it: then it is released.
            let _ = released.lock().unwrap().recv();
        })
    };
    let subscriptions: Vec<_> = (0..4).map(|_| listen()).collect();
    eventually("two are stuck", || stuck.load(Ordering::SeqCst) == 2).await;
    let (other, events, prompt) = asked(&client, ASK).await;
    within(other.answer(&prompt, "blue")).await.unwrap();
    assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
    // A callback waits a few seconds for its turn before it is refused.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(stuck.load(Ordering::SeqCst), 2);
    drop(release);
    // Those that come back make room again.
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let late = live.subscribe(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    eventually("there is room again", || told.load(Ordering::SeqCst) > 0).await;
    drop((subscriptions, late));
}
