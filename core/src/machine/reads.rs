//! Which reads count: the newest snapshot that is believed, and why a newer answer may not be.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::session::{Session, SessionStatus};

use super::moment::Moment;
use super::settings::{JUST_AFTER, VERIFIED_FOR};

/// What is known of the session, and the reads that did not fit to it.
#[derive(Debug, Default)]
pub(super) struct Reads {
    known: Option<Arc<Session>>,
    /// When the session had last changed by the knowledge of the process before this one.
    known_before: Option<SystemTime>,
    /// The read that last showed `known` to be so: when it was begun, and until when it may be
    /// acted upon.
    confirmed: Option<(Moment, Moment)>,
    /// When the newest read was begun that was looked at, whether it was believed or not.
    looked: Option<Moment>,
    /// When the newest write ended. A read begun before then may show the world before it.
    write_ended: Option<Moment>,
    stale_in_a_row: u32,
    stale_since: Option<Moment>,
}

/// What became of one read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the newest knowledge, and differs from what was known.
    Changed,
    /// It confirms what was known.
    Confirmed,
    /// It was begun before a write ended, so it tells nothing about now.
    Overtaken,
    /// It shows an older state than one already seen.
    Stale,
}

/// How a snapshot stands to the known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Newer,
    Older,
    /// Older, and a finished run would be unfinished by it: never believed.
    Unfinishes,
}

impl Reads {
    /// Goes on after a restart: what is older than this is stale, though nothing else is known.
    pub(super) fn restarted(known_before: Option<SystemTime>) -> Self {
        Self { known_before, ..Self::default() }
    }

    /// When the session had last changed, as far as is known, by the service's clock.
    pub(super) fn updated_at(&self) -> Option<SystemTime> {
        self.known.as_ref().map_or(self.known_before, |known| known.updated_at)
    }

    pub(super) fn known(&self) -> Option<&Arc<Session>> {
        self.known.as_ref()
    }

    /// When the read was begun that last showed `known` to be so.
    pub(super) fn confirmed(&self) -> Option<Moment> {
        self.confirmed.map(|(begun, _)| begun)
    }

    /// Until when a write may be begun that relies on the newest read.
    pub(super) fn verified_until(&self) -> Option<Moment> {
        self.confirmed.map(|(_, until)| until)
    }

    /// Whether a read has been looked at that was begun at `since` or later. Whoever wanted one then
    /// has had it, even if it did not tell; the next comes by the schedule.
    pub(super) fn has_looked_since(&self, since: Moment) -> bool {
        self.looked.is_some_and(|looked| looked >= since)
    }

    pub(super) fn write_ended(&mut self, now: Moment) {
        self.write_ended = Some(now);
    }

    /// A read that found the same as `known`.
    pub(super) fn unchanged(&mut self, now: Moment, begun: Moment) -> Verdict {
        if self.is_overtaken(begun) {
            return Verdict::Overtaken;
        }
        self.looked = Some(begun);
        self.believe_so_far();
        self.confirmed = Some((begun, verified_until(now, begun)));
        Verdict::Confirmed
    }

    /// A read that brought a snapshot.
    pub(super) fn judge(
        &mut self,
        now: Moment,
        begun: Moment,
        session: Arc<Session>,
        max_staleness: Duration,
    ) -> Verdict {
        // An end is an end, whenever the read was begun and whatever its times say.
        let is_end = session.status.is_end();
        if !is_end && self.is_overtaken(begun) {
            return Verdict::Overtaken;
        }
        self.looked = Some(begun);
        if !is_end && self.is_stale(now, begun, &session, max_staleness) {
            return Verdict::Stale;
        }
        self.believe_so_far();
        self.confirmed = Some((begun, verified_until(now, begun)));
        if self.known.as_deref() == Some(&*session) {
            return Verdict::Confirmed;
        }
        self.known = Some(session);
        Verdict::Changed
    }

    fn is_overtaken(&self, begun: Moment) -> bool {
        self.write_ended.is_some_and(|ended| begun < ended)
    }

    fn is_stale(
        &mut self,
        now: Moment,
        begun: Moment,
        session: &Session,
        max_staleness: Duration,
    ) -> bool {
        let age = match self.known.as_deref() {
            Some(known) => age(known, session),
            None if session.updated_at.is_some_and(|at| Some(at) < self.known_before) => Age::Older,
            None => Age::Newer,
        };
        if age == Age::Newer {
            return false;
        }
        self.stale_in_a_row += 1;
        let since = *self.stale_since.get_or_insert(now);
        // By when it was begun: a slow answer is no newer for having been under way for long.
        let insists = self.stale_in_a_row >= 3 && begun.since(since) > max_staleness;
        !(insists && age == Age::Older)
    }

    fn believe_so_far(&mut self) {
        self.stale_in_a_row = 0;
        self.stale_since = None;
    }
}

/// A read counts for so long from its beginning. A service whose reads themselves take that long can
/// still be answered: right after the read.
fn verified_until(now: Moment, begun: Moment) -> Moment {
    (begun + VERIFIED_FOR).max(now + JUST_AFTER)
}

fn age(known: &Session, new: &Session) -> Age {
    let unfinishes = known
        .runs()
        .any(|run| run.status.is_end() && new.run(&run.id).is_some_and(|new| !new.status.is_end()));
    let older = || if unfinishes { Age::Unfinishes } else { Age::Older };
    match (known.updated_at, new.updated_at) {
        (Some(known), Some(new)) if new > known => return Age::Newer,
        (Some(known), Some(new)) if new < known => return older(),
        _ => {}
    }
    let goes_back = known.runs().any(|run| match new.run(&run.id) {
        None => true,
        Some(new) => {
            let unanswered = run.user_input.is_some()
                && new.user_input.is_none()
                && new.status == SessionStatus::WaitingForUserInput;
            (run.status.is_end() && !new.status.is_end()) || unanswered
        }
    });
    if goes_back { older() } else { Age::Newer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::shown::{Shown, asking, failed, run, shown};

    const MAX_STALENESS: Duration = Duration::from_secs(10);

    fn at(second: u64) -> Moment {
        Moment::after_origin(Duration::from_secs(second))
    }

    fn judge(reads: &mut Reads, begun: u64, shown: &Shown) -> Verdict {
        reads.judge(at(begun), at(begun), shown.session(), MAX_STALENESS)
    }

    #[test]
    fn a_read_begun_before_a_write_ended_is_dropped() {
        let mut reads = Reads::default();
        reads.write_ended(at(5));
        assert_eq!(judge(&mut reads, 4, &asking()), Verdict::Overtaken);
        assert_eq!(reads.unchanged(at(6), at(4)), Verdict::Overtaken);
        assert!(reads.known().is_none() && !reads.has_looked_since(at(4)));
        assert_eq!(judge(&mut reads, 5, &asking()), Verdict::Changed);
    }

    #[test]
    fn unless_it_shows_an_end() {
        let mut reads = Reads::default();
        reads.write_ended(at(5));
        assert_eq!(judge(&mut reads, 4, &failed()), Verdict::Changed);
    }

    #[test]
    fn a_stale_read_was_looked_at_and_confirms_nothing() {
        let mut reads = Reads::default();
        judge(&mut reads, 1, &asking());
        assert_eq!(judge(&mut reads, 2, &asking().updated(9)), Verdict::Stale);
        assert_eq!(reads.confirmed(), Some(at(1)));
        assert!(reads.has_looked_since(at(2)));
    }

    #[test]
    fn a_read_can_be_acted_upon_for_a_second_from_its_beginning_or_right_after_it() {
        for (begun, ended, until) in [(10.0, 10.2, 11.0), (10.0, 14.0, 14.1)] {
            let moment = |second| Moment::after_origin(Duration::from_secs_f64(second));
            assert_eq!(verified_until(moment(ended), moment(begun)), moment(until));
        }
    }

    #[test]
    fn what_makes_a_snapshot_older_and_what_does_not() {
        let one = |status: &str| shown("RUNNING").past(run("a", status));
        let waiting = || run("a", "WAITING_FOR_USER_INPUT");
        let cases = [
            (one("RUNNING").updated(2), one("RUNNING").updated(1), Age::Older),
            (one("FINISHED").updated(2), one("RUNNING").updated(1), Age::Unfinishes),
            (one("FINISHED").updated(1), one("RUNNING").updated(2), Age::Newer),
            (one("RUNNING"), shown("RUNNING"), Age::Older),
            (one("RUNNING"), one("WAITING_FOR_USER_INPUT"), Age::Newer),
            (one("FINISHED"), one("RUNNING"), Age::Unfinishes),
            (
                shown("RUNNING").past(waiting().answered("x")),
                shown("X").past(waiting()),
                Age::Older,
            ),
            (
                shown("RUNNING").past(waiting()),
                shown("X").past(waiting().answered("x")),
                Age::Newer,
            ),
            // One of the times is missing: the runs decide.
            (one("RUNNING").updated(9), one("FINISHED"), Age::Newer),
            (one("RUNNING"), shown("RUNNING").updated(9), Age::Older),
        ];
        for (known, new, expected) in cases {
            assert_eq!(age(&known.session(), &new.session()), expected, "{known:?} {new:?}");
        }
    }
}
