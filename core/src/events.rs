//! One consumer's stream of events.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::engine::Watch;
use crate::machine::{Cursor, Input, Look, SessionEvent};

/// The events of one session, for one consumer: it pulls them at its own pace.
///
/// A new stream is first told the present: the status, the known steps, the open prompt. The last
/// event is the terminal one. Dropping a pull loses nothing.
#[derive(Debug)]
pub struct Events {
    watch: Arc<Watch>,
    place: Mutex<Place>,
    is_cancelled: AtomicBool,
    cancelled: Notify,
}

#[derive(Debug, Default)]
struct Place {
    cursor: Cursor,
    /// What has been told in full.
    told: Option<Arc<Look>>,
    /// The newest unresolved answer that the consumer has surely taken in.
    acknowledged: u64,
}

/// What [`Events::take`] finds.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// The next event.
    Event(Box<SessionEvent>),
    /// Nothing has happened that was not told.
    NothingYet,
    /// The terminal event has been told; nothing follows.
    End,
}

impl Events {
    pub(crate) fn new(watch: Arc<Watch>) -> Self {
        Self {
            watch,
            place: Mutex::new(Place::default()),
            is_cancelled: AtomicBool::new(false),
            cancelled: Notify::new(),
        }
    }

    /// The next event, or none after the terminal one.
    ///
    /// Dropping the future before it is ready loses no event.
    pub async fn next(&self) -> Option<SessionEvent> {
        loop {
            match self.take() {
                Taken::Event(event) => return Some(*event),
                Taken::End => return None,
                Taken::NothingYet => self.ready().await,
            }
        }
    }

    /// Waits until there may be something to take. It carries no data, so that cancelling the wait
    /// at any moment loses nothing.
    pub async fn ready(&self) {
        let cancelled = self.cancelled.notified();
        tokio::pin!(cancelled);
        // From here on a cancel is noticed, even one between the check and the wait.
        cancelled.as_mut().enable();
        let told = {
            let place = self.place();
            if place.cursor.has_ended() || self.is_cancelled.load(Ordering::Acquire) {
                return;
            }
            match &place.told {
                Some(told) => Arc::clone(told),
                None => return,
            }
        };
        tokio::select! {
            _ = self.watch.view.differs_from(&told) => {}
            () = &mut cancelled => {}
        }
    }

    /// The next event, if there is one; it does not wait.
    pub fn take(&self) -> Taken {
        let mut place = self.place();
        self.acknowledge(&mut place);
        if place.cursor.has_ended() {
            return Taken::End;
        }
        if self.is_cancelled.load(Ordering::Acquire) {
            return match place.cursor.stop() {
                Some(event) => Taken::Event(Box::new(event)),
                None => Taken::End,
            };
        }
        // Asked for before the look, because the last look is published before that.
        let is_abandoned = self.watch.view.is_abandoned();
        let look = self.watch.view.now();
        if let Some(event) = place.cursor.next(&look) {
            return Taken::Event(Box::new(event));
        }
        if is_abandoned {
            // The engine is gone without a word, as after a shutdown of the runtime.
            return place.cursor.stop().map_or(Taken::End, |event| Taken::Event(Box::new(event)));
        }
        place.told = Some(look);
        Taken::NothingYet
    }

    /// Who comes back for more has taken in what it was told before. Until then an unresolved answer
    /// stays in the checkpoint, so that it does not go with the process.
    fn acknowledge(&self, place: &mut Place) {
        let number = place.cursor.unresolved_told();
        if std::mem::replace(&mut place.acknowledged, number) < number {
            self.watch.tell(Input::UnresolvedTold { number });
        }
    }

    /// Ends this stream alone: what follows is the close of its open prompts, then `WatchEnded`.
    /// The watch goes on for everybody else.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.cancelled.notify_waiters();
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
