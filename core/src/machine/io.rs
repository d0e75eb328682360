//! What goes into the machine and what comes out of it.

use std::sync::Arc;

use crate::error::LiveFlowError;
use crate::failure::Failure;
use crate::json::Json;
use crate::session::{Prompt, Session};

use super::checkpoint::Checkpoint;
use super::moment::Moment;

/// One request that the machine asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct OpId(pub(crate) u64);

/// One caller that waits for a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallId(pub(crate) u64);

/// What a read brought.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SessionReading {
    /// The same as the newest known snapshot.
    Unchanged,
    Session(Arc<Session>),
}

pub(crate) type ReadResult = Result<SessionReading, Failure>;

/// What a write brought. A success without a readable session is `None`.
pub(crate) type WriteResult = Result<Option<Arc<Session>>, Failure>;

/// A caller's answer to a prompt.
#[derive(Debug, Clone)]
pub(crate) struct AnswerCall {
    pub(crate) call: CallId,
    pub(crate) prompt: Prompt,
    pub(crate) answer: Json,
    /// The same on every resend.
    pub(crate) idempotency_key: String,
    /// By the wall clock, in milliseconds since 1970: only to be kept in the checkpoint.
    pub(crate) wall_time: u64,
    pub(crate) deadline: Moment,
}

#[derive(Debug)]
pub(crate) enum Input {
    /// The time of `wake_at` has come.
    Wake,
    ReadDone {
        op: OpId,
        begun: Moment,
        result: ReadResult,
    },
    AnswerDone {
        op: OpId,
        result: WriteResult,
    },
    CancelDone {
        op: OpId,
        result: WriteResult,
    },
    /// No byte of the request left, and nothing is wrong: it was withdrawn, or came too late.
    NotStarted {
        op: OpId,
    },
    Saved {
        number: u64,
        result: Result<(), LiveFlowError>,
    },
    Answer(AnswerCall),
    Cancel {
        call: CallId,
        deadline: Moment,
    },
    /// Nobody waits for this call's result any more.
    GiveUp {
        call: CallId,
    },
    /// A consumer has been told of the unresolved answers up to this one, and has come back for more.
    UnresolvedTold {
        number: u64,
    },
    PollNow,
    Suspend {
        order: u64,
    },
    Resume {
        order: u64,
    },
    NetworkChanged,
    Close,
}

#[derive(Debug)]
pub(crate) enum Output {
    Read {
        op: OpId,
        /// Whether somebody waits for it, so that it goes before ordinary polls.
        urgent: bool,
        fresh_credentials: bool,
    },
    SendAnswer {
        op: OpId,
        answer: Json,
        idempotency_key: String,
        /// After this moment it is too late to begin: report [`Input::NotStarted`].
        not_after: Option<Moment>,
        deadline: Moment,
        fresh_credentials: bool,
    },
    SendCancel {
        op: OpId,
        deadline: Moment,
        fresh_credentials: bool,
    },
    /// Forget a read; keep a write from beginning, if it has not begun ([`Input::NotStarted`]).
    Withdraw {
        op: OpId,
    },
    /// Store it, then report [`Input::Saved`].
    Save {
        checkpoint: Box<Checkpoint>,
    },
    /// The store need not keep this session any longer.
    Forget,
    Answered {
        call: CallId,
        result: Result<(), LiveFlowError>,
    },
    Cancelled {
        call: CallId,
        result: Result<Arc<Session>, LiveFlowError>,
    },
    /// Consumers have something new to look at.
    Changed,
}
