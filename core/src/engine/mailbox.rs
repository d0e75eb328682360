//! What handles say to the engine.

use tokio::sync::oneshot;

use crate::error::Result;
use crate::failure::Failure;
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;
use crate::machine::{CallId, Input, Machine, Moment, WriteResult};
use crate::service::{Reading, SessionStream};
use crate::session::Session;

use super::gate::Bar;
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
    /// One request outside any watch.
    Direct {
        call: DirectCall,
        deadline: Moment,
        fresh_credentials: bool,
        reply: oneshot::Sender<DirectReply>,
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
    Cancel(oneshot::Sender<Result<std::sync::Arc<Session>>>),
}

/// The service's calls, as they are made outside a watch.
#[derive(Debug, Clone)]
pub(crate) enum DirectCall {
    Create { flow: LiveFlowId, inputs: Json, idempotency_key: String },
    Get { flow: LiveFlowId, session: SessionId },
    List { flow: LiveFlowId },
    AddUserInput { flow: LiveFlowId, session: SessionId, answer: Json, idempotency_key: String },
}

pub(crate) enum DirectReply {
    Write(WriteResult),
    Read(Result<Reading, Failure>),
    List(Result<Box<SessionStream>, Failure>),
    /// Nothing was sent: the deadline came first, or the client was closed.
    NotStarted,
}
