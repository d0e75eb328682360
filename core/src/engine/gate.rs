//! What keeps requests from starting after `suspend` or `close` has returned.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Poll;

/// Shut by a client's `suspend` and `close`. Requests take their first step while holding it open, so
/// once it is shut none can be about to start.
#[derive(Debug, Default, Clone)]
pub(crate) struct Gate(Arc<RwLock<bool>>);

/// A single watch's own bar, set under the client's gate.
#[derive(Debug, Default, Clone)]
pub(crate) struct Bar(Arc<AtomicBool>);

impl Bar {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Gate {
    pub(crate) fn set_shut(&self, is_shut: bool) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = is_shut;
    }

    /// Bars one watch. When this returns, none of its requests can be about to start.
    pub(crate) fn bar(&self, bar: &Bar) {
        let _nothing_starts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        bar.0.store(true, Ordering::Release);
    }

    /// Starts what `start` makes of `request`, if the gate is open and `bar`, if any, is not set;
    /// gives the request back otherwise.
    pub(crate) async fn pass<T, F: Future>(
        &self,
        bar: Option<Bar>,
        request: T,
        start: impl FnOnce(T) -> F,
    ) -> Result<F::Output, T> {
        let mut waiting = Some((request, start));
        let mut running: Option<Pin<Box<F>>> = None;
        poll_fn(move |cx| {
            if let Some(running) = &mut running {
                return running.as_mut().poll(cx).map(Ok);
            }
            let Some((request, start)) = waiting.take() else { return Poll::Pending };
            // Held during the first step: `set_shut` returns before it or after it, never amid it.
            let is_shut = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if *is_shut || bar.as_ref().is_some_and(Bar::is_set) {
                return Poll::Ready(Err(request));
            }
            running.insert(Box::pin(start(request))).as_mut().poll(cx).map(Ok)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_open_gate_lets_a_request_through_and_a_shut_one_does_not() {
        let gate = Gate::default();
        assert_eq!(gate.pass(None, 7, ready).now_or_never(), Some(Ok(7)));
        gate.set_shut(true);
        assert_eq!(gate.pass(None, 7, ready).now_or_never(), Some(Err(7)));
        gate.set_shut(false);
        assert_eq!(gate.pass(None, 7, ready).now_or_never(), Some(Ok(7)));
    }

    #[test]
    fn a_request_that_has_started_goes_on_behind_a_shut_gate() {
        let gate = Gate::default();
        let mut request = Box::pin(gate.pass(None, 7, |number| async move {
            tokio::task::yield_now().await;
            number
        }));
        assert_eq!(request.as_mut().now_or_never(), None);
        gate.set_shut(true);
        assert_eq!(request.as_mut().now_or_never(), Some(Ok(7)));
    }

    #[test]
    fn a_bar_holds_back_its_own_watch_only() {
        let gate = Gate::default();
        let bar = Bar::default();
        gate.bar(&bar);
        assert_eq!(gate.pass(Some(bar), 7, ready).now_or_never(), Some(Err(7)));
        assert_eq!(gate.pass(Some(Bar::default()), 7, ready).now_or_never(), Some(Ok(7)));
    }
}
