//! What a client knows to be its own doing, for when the outcome of a create is unknown.

use std::collections::{HashSet, VecDeque};

use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;

/// How many sessions are remembered. The newest count: an older one was there before the create whose
/// outcome is unknown, and does not fit it anyway.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct OwnSessions {
    ids: HashSet<SessionId>,
    by_age: VecDeque<SessionId>,
    /// Creates under way, to tell whether an equal one is unsettled.
    pub(super) creating: Vec<(LiveFlowId, Json)>,
}

impl OwnSessions {
    /// This session was created or watched here.
    pub(super) fn remember(&mut self, session: &SessionId) {
        if !self.ids.insert(session.clone()) {
            return;
        }
        self.by_age.push_back(session.clone());
        if self.by_age.len() > REMEMBERED
            && let Some(oldest) = self.by_age.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    pub(super) fn ids(&self) -> HashSet<SessionId> {
        self.ids.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> SessionId {
        SessionId::parse(&format!("00000000-0000-0000-0000-{number:012}")).unwrap()
    }

    #[test]
    fn the_newest_are_remembered_and_no_more_than_that() {
        let mut own = OwnSessions::default();
        for number in 0..REMEMBERED + 5 {
            own.remember(&id(number));
            own.remember(&id(number));
        }
        assert_eq!((own.ids.len(), own.by_age.len()), (REMEMBERED, REMEMBERED));
        assert!(!own.ids.contains(&id(4)));
        assert!(own.ids.contains(&id(5)));
        assert!(own.ids.contains(&id(REMEMBERED + 4)));
    }
}
