//! Waiting for a future on a thread of the caller's, in slices: so that a blocking language can
//! look at its signals in between.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits until the future is done, at most this long. Holds nothing while it waits.
pub(crate) fn until_done(future: impl Future<Output = ()>, milliseconds: u64) -> bool {
    let deadline = Instant::now() + Duration::from_millis(milliseconds);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if future.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(left);
    }
}

/// Waits until the future is done, for calls that are over soon.
pub(crate) fn on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn it_returns_when_the_time_is_over_and_when_the_future_is_done() {
        let (sender, receiver) = oneshot::channel::<()>();
        let mut receiver = receiver;
        assert!(!until_done(async { drop((&mut receiver).await) }, 5));
        let other = thread::spawn(move || sender.send(()));
        assert!(until_done(async { drop((&mut receiver).await) }, 60_000));
        other.join().unwrap().unwrap();
    }
}
