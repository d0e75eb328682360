//! What handles say to the engine.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::error::Result;
use crate::machine::{CallId, Input, Machine, Moment};
use crate::session::Session;

use super::gate::Bar;
use super::requests::{Job, Reply};
use super::watched::Published;

/// One watch of one session by this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct WatchId(pub(crate) u64);

pub(crate) enum Message {
    /// Drive this machine from now on.
    Watch {
        id: WatchId,
        machine: Box<Machine>,
        published: Published,
        bar: Bar,
    },
    /// An input for one machine.
    Tell {
        id: WatchId,
        input: Input,
    },
    /// An input for one machine whose result somebody waits for.
    Call {
        id: WatchId,
        call: CallId,
        waiter: Waiter,
        input: Input,
    },
    /// Nobody waits for this call's result any more.
    GiveUp {
        id: WatchId,
        call: CallId,
    },
    /// One request outside any watch.
    Ask {
        call: CallId,
        job: Job,
        deadline: Moment,
        fresh_credentials: bool,
        reply: oneshot::Sender<Reply>,
    },
    /// Whoever asked has gone away, or has no time left.
    Forgo {
        call: CallId,
    },
    Suspend {
        order: u64,
    },
    Resume {
        order: u64,
    },
    NetworkChanged,
    Close,
}

/// Where the result of a machine's call goes.
pub(crate) enum Waiter {
    Answer(oneshot::Sender<Result<()>>),
    Cancel(oneshot::Sender<Result<Arc<Session>>>),
}
