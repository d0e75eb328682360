//! What there is to tell about a session at one moment: everything a consumer's cursor is compared
//! with.

use std::sync::Arc;
use std::time::Duration;

use crate::error::LiveFlowError;
use crate::ids::StepRunId;
use crate::session::{Prompt, Session, SessionStatus};

use super::checkpoint::Checkpoint;
use super::event::{PromptCloseReason, WatchEndReason};
use super::prompts::{Fate, Prompts, asking};
use super::unresolved::Unresolved;

/// A view of the machine that can be shared with consumers.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The newest believed snapshot.
    pub(crate) session: Option<Arc<Session>>,
    /// The prompts, each open or closed with its reason.
    pub(super) prompts: Arc<[PromptFate]>,
    /// Answers that nobody waited for any more and that are not known to have arrived.
    pub(super) unresolved: Arc<[Unresolved]>,
    /// The failure that has kept the service out of reach, while it does.
    pub(super) connection: Option<Arc<Lost>>,
    /// What to keep for a restart.
    pub(crate) checkpoint: Arc<Checkpoint>,
    /// Set once nothing will ever follow.
    pub(crate) end: Option<End>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromptFate {
    pub(super) run: StepRunId,
    pub(super) round: u32,
    pub(super) fate: PromptState,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum PromptState {
    /// Open, and asked by the newest snapshot.
    Asked(Arc<Prompt>),
    /// Not known to be over, but the newest snapshot does not ask it.
    Pending,
    Closed(PromptCloseReason),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lost {
    pub(super) error: LiveFlowError,
    pub(super) retry_in: Duration,
}

/// Why nothing follows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// The session ended; the snapshot shows how.
    Session,
    /// The watch ended before the session did.
    Watch(Arc<WatchEndReason>),
}

/// The prompts as consumers need them.
pub(super) fn prompt_fates(prompts: &Prompts, session: Option<&Session>) -> Arc<[PromptFate]> {
    let asked = session.and_then(asking);
    prompts
        .entries()
        .iter()
        .map(|entry| PromptFate {
            run: entry.run.clone(),
            round: entry.round,
            fate: match &entry.fate {
                Fate::Closed(reason) => PromptState::Closed(*reason),
                Fate::Open(prompt) if asked.is_some_and(|run| run.id == entry.run) => {
                    PromptState::Asked(Arc::new((**prompt).clone()))
                }
                Fate::Open(_) => PromptState::Pending,
            },
        })
        .collect()
}

impl Look {
    /// The prompt that is open now, if the session asks one.
    pub(crate) fn open_prompt(&self) -> Option<&Arc<Prompt>> {
        self.session
            .as_ref()
            .filter(|session| session.status == SessionStatus::WaitingForUserInput)?;
        self.prompts.iter().rev().find_map(|prompt| match &prompt.fate {
            PromptState::Asked(prompt) => Some(prompt),
            _ => None,
        })
    }

    pub(super) fn fate(&self, run: &StepRunId, round: u32) -> Option<&PromptState> {
        self.prompts
            .iter()
            .rev()
            .find(|prompt| prompt.run == *run && prompt.round == round)
            .map(|prompt| &prompt.fate)
    }
}
