//! Events that are pulled, in two halves: waiting, which carries nothing, and taking, which does
//! not wait. So a pull that is cancelled in between loses no event.

use std::sync::Arc;

use liveflow::{Events, LiveFlowError, SessionEvent, Taken};

use crate::process::Here;
use crate::{block, courier};

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
pub struct CoreEvents(Here<Events>);

impl CoreEvents {
    pub(crate) fn new(events: Events) -> Arc<Self> {
        Arc::new(Self(Here::new(events)))
    }
}

#[uniffi::export]
impl CoreEvents {
    /// Resolves when there is an event, or there will be none any more.
    pub async fn wait_ready(&self) {
        if let Some(events) = self.0.get() {
            courier::awaited_from_abroad(events.ready()).await;
        }
    }

    /// Blocks as `wait_ready` does, at most this long. Tells whether there is something to take.
    pub fn wait_ready_blocking(&self, milliseconds: u64) -> bool {
        match self.0.get() {
            Some(events) => block::until_done(events.ready(), milliseconds),
            None => true,
        }
    }

    /// The next event, if there is one. Never waits.
    pub fn take_event(&self) -> Result<TakenEvent, LiveFlowError> {
        let events = self.0.or_forked("stream of events")?;
        Ok(match events.take() {
            Taken::Event(event) => TakenEvent::Event { event: *event },
            Taken::NothingYet => TakenEvent::NothingYet,
            Taken::End => TakenEvent::End,
        })
    }

    /// This consumer wants no more: what follows is the close of its open prompts, and the end.
    pub fn cancel(&self) {
        if let Some(events) = self.0.get() {
            events.cancel();
        }
    }
}
