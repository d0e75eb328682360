//! Which process this is: after a fork, what belongs to the parent must not be touched.
//!
//! A forked child has a copy of everything and the threads of nothing. A lock that another thread
//! held stays locked for ever, a task never runs, a waker wakes nobody. So what the parent made is
//! refused in the child, by an error that says what to do, and is forgotten instead of dropped.

use std::mem;
use std::sync::OnceLock;

use liveflow::{LiveFlowError, Result};

/// The id of this process. A system call, because a cached one would outlive a fork.
pub(crate) fn id() -> u32 {
    std::process::id()
}

/// A value that only the process that made it may use or drop.
pub(crate) struct Here<T> {
    process: u32,
    /// `None` only while it is being dropped.
    value: Option<T>,
}

impl<T> Here<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { process: id(), value: Some(value) }
    }

    /// The value, if this is the process that made it.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.process == id())
    }

    /// The value, or the error that tells a forked child what to do. `what` names it to a person.
    pub(crate) fn or_forked(&self, what: &str) -> Result<&T> {
        self.get().ok_or_else(|| {
            LiveFlowError::closed(format!(
                "this {what} was made before the process forked, and works in the parent process \
                 only: create a new client in the child process"
            ))
        })
    }
}

impl<T> Drop for Here<T> {
    fn drop(&mut self) {
        if self.process != id() {
            mem::forget(self.value.take());
        }
    }
}

/// A value of which each process has its own, made at its first use there.
///
/// Reading takes no lock, so a fork cannot happen while somebody holds one.
pub(crate) struct PerProcess<T> {
    first: OnceLock<Link<T>>,
}

struct Link<T> {
    process: u32,
    value: T,
    next: Box<PerProcess<T>>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self { first: OnceLock::new() }
    }

    pub(crate) fn get(&self, make: impl Fn() -> T) -> &T {
        let here = id();
        let mut at = self;
        loop {
            let link = at.first.get_or_init(|| Link {
                process: here,
                value: make(),
                next: Box::new(Self::new()),
            });
            if link.process == here {
                return &link.value;
            }
            at = &link.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_another_process_made_is_refused_and_forgotten() {
        let watched = Arc::new(());
        let foreign = Here { process: id().wrapping_add(1), value: Some(Arc::clone(&watched)) };
        let error = foreign.or_forked("client").unwrap_err();
        assert!(error.to_string().contains("create a new client"), "{error}");
        drop(foreign);
        assert_eq!(Arc::strong_count(&watched), 2, "it was forgotten, not dropped");
    }

    #[test]
    fn what_this_process_made_is_given_and_dropped() {
        let watched = Arc::new(());
        let own = Here::new(Arc::clone(&watched));
        assert!(own.or_forked("client").is_ok());
        drop(own);
        assert_eq!(Arc::strong_count(&watched), 1);
    }

    #[test]
    fn each_process_has_its_own_static() {
        let own: PerProcess<u32> = PerProcess::new();
        let parents =
            Link { process: id().wrapping_add(1), value: 1, next: Box::new(PerProcess::new()) };
        assert!(own.first.set(parents).is_ok());
        assert_eq!(*own.get(|| 2), 2);
        assert_eq!(*own.get(|| 3), 2, "it is made once");
    }
}
