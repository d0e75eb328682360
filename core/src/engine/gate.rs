//! What keeps requests from starting after `suspend` or `close` has returned.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::service::Exit;

/// Shut by a client's `suspend` and `close`.
#[derive(Debug, Default, Clone)]
pub(crate) struct Gate(Arc<RwLock<bool>>);

/// A single watch's own bar, set under the client's gate.
#[derive(Debug, Default, Clone)]
pub(crate) struct Bar(Arc<AtomicBool>);

/// The way out for one request: through the client's gate, past its watch's bar if it has one. Its
/// first byte leaves while the gate is held open, so once the gate is shut none can be about to.
#[derive(Debug)]
pub(crate) struct WayOut {
    gate: Gate,
    bar: Option<Bar>,
}

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

    fn hold(&self) -> RwLockReadGuard<'_, bool> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WayOut {
    pub(crate) fn new(gate: Gate, bar: Option<Bar>) -> Self {
        Self { gate, bar }
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.pass(&|| true).is_none()
    }
}

impl Exit for WayOut {
    fn pass(&self, step: &dyn Fn() -> bool) -> Option<bool> {
        let is_shut = self.gate.hold();
        let is_barred = || self.bar.as_ref().is_some_and(Bar::is_set);
        (!*is_shut && !is_barred()).then(step)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_open_gate_lets_requests_out_and_a_shut_one_does_not() {
        let gate = Gate::default();
        let out = WayOut::new(gate.clone(), None);
        assert_eq!(out.pass(&|| true), Some(true));
        gate.set_shut(true);
        assert!(out.is_shut());
        assert_eq!(out.pass(&|| panic!("it must not leave")), None);
        gate.set_shut(false);
        assert_eq!(out.pass(&|| false), Some(false));
    }

    #[test]
    fn a_bar_holds_back_its_own_watch_only() {
        let gate = Gate::default();
        let bar = Bar::default();
        gate.bar(&bar);
        assert!(WayOut::new(gate.clone(), Some(bar)).is_shut());
        assert!(!WayOut::new(gate.clone(), Some(Bar::default())).is_shut());
    }

    #[test]
    fn shutting_waits_for_a_step_that_is_being_taken() {
        let gate = Gate::default();
        let out = WayOut::new(gate.clone(), None);
        let (shut, is_shut) = mpsc::channel();
        let shutting = out.pass(&|| {
            let (gate, shut) = (gate.clone(), shut.clone());
            thread::spawn(move || {
                gate.set_shut(true);
                shut.send(()).unwrap();
            });
            is_shut.recv_timeout(Duration::from_millis(50)).is_err()
        });
        assert_eq!(shutting, Some(true), "it was not shut amid the step");
        is_shut.recv_timeout(Duration::from_secs(10)).expect("it is shut after the step");
    }
}
