//! The tokio runtime that all clients of a process share.
//!
//! It is created when it is first needed, with one worker thread: watching sessions is waiting, not
//! computing. A forked child has none of its parent's threads, so the runtime belongs to a process
//! id, and a child gets a new one.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::error::{LiveFlowError, Result};

struct Owned {
    process: u32,
    runtime: Runtime,
}

static SHARED: OnceCell<Mutex<Option<Owned>>> = OnceCell::new();

fn slot() -> std::sync::MutexGuard<'static, Option<Owned>> {
    SHARED.get_or_init(|| Mutex::new(None)).lock().unwrap_or_else(PoisonError::into_inner)
}

/// This process's runtime, created if there is none.
pub(crate) fn handle() -> Result<Handle> {
    let process = std::process::id();
    let mut slot = slot();
    if let Some(owned) = slot.as_ref().filter(|owned| owned.process == process) {
        return Ok(owned.runtime.handle().clone());
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("liveflow")
        .enable_all()
        .build()
        .map_err(|error| {
            LiveFlowError::configuration(
                "runtime",
                format!("the operating system gave no thread or timer: {error}"),
            )
        })?;
    let handle = runtime.handle().clone();
    if let Some(parents) = slot.replace(Owned { process, runtime }) {
        // Its threads did not come along: joining them would wait for ever.
        std::mem::forget(parents);
    }
    Ok(handle)
}

/// Stops the shared runtime and joins its threads, waiting at most `patience`; a callback that does
/// not return is abandoned. What was under way is dropped. A client that is made later starts a new
/// runtime.
///
/// For language bindings, to be called before the interpreter goes: a thread of ours that outlived it
/// would end the process badly.
pub fn shutdown_runtime(patience: Duration) {
    let owned = slot().take();
    match owned {
        Some(owned) if owned.process == std::process::id() => {
            let stop = move || owned.runtime.shutdown_timeout(patience);
            if Handle::try_current().is_ok() {
                // tokio refuses to wait on a thread of a runtime, its own or the caller's.
                let _ = std::thread::spawn(stop).join();
            } else {
                stop();
            }
        }
        Some(parents) => std::mem::forget(parents),
        None => {}
    }
}

/// A task on the shared runtime. It is aborted when this is dropped.
#[derive(Debug)]
pub struct Task(AbortOnDrop);

impl Task {
    /// Runs a future on the shared runtime, for language bindings.
    pub fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<Self> {
        Ok(Self(AbortOnDrop::new(handle()?.spawn(future).abort_handle())))
    }

    /// Drops the future at its next wait.
    pub fn abort(&self) {
        self.0.abort();
    }
}

/// Aborts a task when nobody needs it any more.
#[derive(Debug)]
pub(crate) struct AbortOnDrop {
    task: AbortHandle,
    process: u32,
}

impl AbortOnDrop {
    pub(crate) fn new(task: AbortHandle) -> Self {
        Self { task, process: std::process::id() }
    }

    pub(crate) fn abort(&self) {
        // In a forked child the task's runtime has no thread that could be woken.
        if self.process == std::process::id() {
            self.task.abort();
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.abort();
    }
}
