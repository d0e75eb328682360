//! Events that are pulled, in two halves: waiting, which carries nothing, and taking, which does
//! not wait. So a pull that is cancelled in between loses no event.

use std::sync::{Arc, Mutex, PoisonError};

use liveflow::{Events, LiveFlowError, SessionEvent, Taken, Task};

use crate::process::Here;
use crate::ready_queue::ReadyQueue;
use crate::{block, courier};

const WHAT: &str = "stream of events";

/// What a consumer finds when it looks.
#[derive(uniffi::Enum)]
#[allow(clippy::large_enum_variant)] // It lives for the length of one call.
pub enum TakenEvent {
    /// An event.
    Event {
        /// The event.
        event: SessionEvent,
    },
    /// None yet: wait for it.
    NothingYet,
    /// None any more.
    End,
}

/// One consumer of one watched session's events.
#[derive(uniffi::Object)]
pub struct CoreEvents {
    events: Here<Arc<Events>>,
    /// Waits on behalf of the latest `notify`.
    notifying: Here<Mutex<Option<Task>>>,
}

impl CoreEvents {
    pub(crate) fn new(events: Events) -> Arc<Self> {
        Arc::new(Self {
            events: Here::new(Arc::new(events)),
            notifying: Here::new(Mutex::new(None)),
        })
    }
}

#[uniffi::export]
impl CoreEvents {
    /// Resolves when there is an event, or there will be none any more.
    pub async fn wait_ready(&self) {
        if let Some(events) = self.events.get() {
            courier::awaited_from_abroad(events.ready()).await;
        }
    }

    /// Blocks as `wait_ready` does, at most this long. Tells whether there is something to take.
    pub fn wait_ready_blocking(&self, milliseconds: u64) -> bool {
        match self.events.get() {
            Some(events) => block::until_done(events.ready(), milliseconds),
            None => true,
        }
    }

    /// Brings `token` to `queue`, once, when `wait_ready` would resolve. A later call takes the
    /// place of an earlier one, whose token then comes at once.
    pub fn notify(&self, queue: Arc<ReadyQueue>, token: u64) -> Result<(), LiveFlowError> {
        let events = Arc::clone(self.events.or_forked(WHAT)?);
        let notifying = self.notifying.or_forked(WHAT)?;
        let Some(ticket) = queue.ticket(token) else { return Ok(()) };
        let task = Task::spawn(async move {
            // Delivered by being dropped, also when the task is.
            let _ticket = ticket;
            events.ready().await;
        })?;
        *notifying.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// The next event, if there is one. Never waits.
    pub fn take_event(&self) -> Result<TakenEvent, LiveFlowError> {
        let events = self.events.or_forked(WHAT)?;
        Ok(match events.take() {
            Taken::Event(event) => TakenEvent::Event { event: *event },
            Taken::NothingYet => TakenEvent::NothingYet,
            Taken::End => TakenEvent::End,
        })
    }

    /// This consumer wants no more: what follows is the close of its open prompts, and the end.
    pub fn cancel(&self) {
        if let Some(events) = self.events.get() {
            events.cancel();
        }
    }
}
