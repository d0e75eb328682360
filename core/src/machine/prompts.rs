//! Which prompts there are, which is open, and how each of the others ended.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::ids::StepRunId;
use crate::json::Json;
use crate::session::{Prompt, Session, SessionStatus, StepRun};

use super::event::PromptCloseReason;
use super::kept_time;
use super::moment::Moment;
use super::settings::Settings;

/// How many closed prompts are remembered. A consumer that learns of a close later than that is
/// told `Unknown`.
const REMEMBERED: usize = 256;

/// What tells a prompt from the next round of the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    prompt: u64,
    #[serde(default, with = "kept_time")]
    changed_at: Option<SystemTime>,
}

impl Fingerprint {
    pub(super) fn of(session: &Session, run: &StepRun) -> Self {
        Self {
            prompt: fnv1a(run.prompt.as_ref().map_or("", Json::as_str)),
            changed_at: run.updated_at.or(session.updated_at),
        }
    }
}

/// One prompt's fate.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    Open(Box<Prompt>),
    Closed(PromptCloseReason),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) run: StepRunId,
    pub(super) round: u32,
    pub(super) fingerprint: Fingerprint,
    pub(super) fate: Fate,
    /// An answer of ours that may have arrived: if it shows up, it was ours.
    sent: Option<Json>,
    /// A snapshot has shown it answered, or the session at another run. If its run asks after that,
    /// it asks anew, even where no time tells so.
    left: bool,
    accepted: Option<Accepted>,
}

/// Our answer to a prompt was accepted.
#[derive(Debug, Clone, Copy)]
struct Accepted {
    at: Moment,
    /// The acceptance did not show the session. The prompt may have been touched just before it, so
    /// a lagging snapshot of it need not be one that we know.
    is_blind: bool,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Prompts {
    entries: Vec<Entry>,
}

/// How a prompt that somebody wants to answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Closed(PromptCloseReason),
    /// Nothing is known of it.
    Unheard,
}

impl Entry {
    pub(super) fn sent(&self) -> Option<&Json> {
        self.sent.as_ref()
    }

    /// Whether what its run asks now is still this. An answer that may have arrived may have been
    /// found wanting, and the question asked again in the same words.
    fn is_the_same(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint == *fingerprint
            || (self.sent.is_none() && self.fingerprint.prompt == fingerprint.prompt)
    }

    /// Whether a read begun then that shows its run asking so may show this, closed as it is: the
    /// service lags. If not, the run asks anew, however much it looks the same.
    fn may_lag(&self, fingerprint: &Fingerprint, begun: Moment, settings: &Settings) -> bool {
        let is_known = self.fingerprint == *fingerprint;
        match self.accepted {
            _ if self.left => false,
            None => is_known,
            // An effect that has not shown up a grace later never will.
            Some(accepted) if is_known => begun < accepted.at + settings.answer_grace,
            Some(accepted) => {
                accepted.is_blind
                    && self.fingerprint.prompt == fingerprint.prompt
                    && begun < accepted.at + settings.max_staleness
            }
        }
    }
}

impl Prompts {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn standing(&self, run: &StepRunId, round: u32) -> Standing {
        match self.find(run, round).map(|entry| &entry.fate) {
            Some(Fate::Open(_)) => Standing::Open,
            Some(Fate::Closed(reason)) => Standing::Closed(*reason),
            None if self.newest(run).is_some_and(|entry| entry.round > round) => {
                Standing::Closed(PromptCloseReason::Unknown)
            }
            None => Standing::Unheard,
        }
    }

    pub(super) fn fingerprint(&self, run: &StepRunId, round: u32) -> Option<&Fingerprint> {
        self.find(run, round).map(|entry| &entry.fingerprint)
    }

    /// Notes an answer that is being sent, so that it is recognised when it shows up; or that what
    /// was sent surely did not arrive.
    pub(super) fn remember_sent(&mut self, run: &StepRunId, round: u32, answer: Option<&Json>) {
        if let Some(entry) = self.find_mut(run, round) {
            entry.sent = answer.cloned();
        }
    }

    pub(super) fn close(&mut self, run: &StepRunId, round: u32, reason: PromptCloseReason) {
        if let Some(entry) = self.find_mut(run, round)
            && matches!(entry.fate, Fate::Open(_))
        {
            entry.fate = Fate::Closed(reason);
        }
    }

    /// The answer to this prompt was accepted. `shown` is the session as the acceptance showed it:
    /// if it still asks in the same words, that is the old round; in other words, a new one.
    pub(super) fn accepted(
        &mut self,
        now: Moment,
        run: &StepRunId,
        round: u32,
        shown: Option<&Session>,
    ) {
        self.close(run, round, PromptCloseReason::Answered);
        let Some(entry) = self.find_mut(run, round) else { return };
        entry.accepted = Some(Accepted { at: now, is_blind: shown.is_none() });
        if let Some((session, shown)) = shown.and_then(|session| Some((session, session.run(run)?)))
        {
            let fingerprint = Fingerprint::of(session, shown);
            let still_asks = fingerprint.prompt == entry.fingerprint.prompt
                && fingerprint.changed_at >= entry.fingerprint.changed_at;
            if shown.user_input.is_some() || still_asks {
                entry.fingerprint = fingerprint;
            }
        }
    }

    /// Goes on after a restart: what was accepted before it may still take a grace to show up.
    pub(super) fn restarted(mut self, now: Moment) -> Self {
        for entry in &mut self.entries {
            if entry.fate == Fate::Closed(PromptCloseReason::Answered) {
                entry.accepted = Some(Accepted { at: now, is_blind: true });
            }
        }
        self
    }

    /// Takes in what a believed snapshot shows that was read by a call begun then. Says whether a
    /// prompt was opened or closed by it.
    pub(super) fn observe(
        &mut self,
        begun: Moment,
        settings: &Settings,
        session: &Session,
    ) -> bool {
        let asking = asking(session);
        let current = current(session, asking);
        let mut is_changed = false;
        for entry in self.entries.iter_mut().filter(|entry| !entry.left) {
            let run = session.run(&entry.run);
            let moved_on = current.is_some_and(|current| current.id != entry.run);
            entry.left = moved_on || run.is_some_and(|run| run.user_input.is_some());
            if let Fate::Open(_) = entry.fate
                && let Some(reason) = closed_by(session, run, moved_on, entry.sent.as_ref())
            {
                entry.fate = Fate::Closed(reason);
                is_changed = true;
            }
        }
        if let Some(run) = asking {
            is_changed |= self.observe_asking(begun, settings, session, run);
        }
        self.forget_oldest();
        is_changed
    }

    /// Says whether it opened a prompt.
    fn observe_asking(
        &mut self,
        begun: Moment,
        settings: &Settings,
        session: &Session,
        run: &StepRun,
    ) -> bool {
        let fingerprint = Fingerprint::of(session, run);
        let answered = run.user_input.is_some();
        let open = |round| Fate::Open(Box::new(Prompt::of(run, round)));
        match self.entries.iter_mut().rev().find(|entry| entry.run == run.id) {
            None => {
                let fate = if answered {
                    Fate::Closed(PromptCloseReason::AnsweredElsewhere)
                } else {
                    open(0)
                };
                self.add(run.id.clone(), 0, fingerprint, fate);
                self.entries.last_mut().into_iter().for_each(|entry| entry.left = answered);
                true
            }
            // Already closed above by its answer, or still so; asking again clears the answer first.
            Some(entry) if answered => {
                entry.fingerprint = fingerprint;
                false
            }
            Some(entry) => match entry.fate {
                // The same question: perhaps touched, or known from a checkpoint without its words.
                Fate::Open(_) if entry.is_the_same(&fingerprint) => {
                    entry.fingerprint = fingerprint;
                    entry.fate = open(entry.round);
                    false
                }
                // Still shown although it was answered.
                Fate::Closed(_) if entry.may_lag(&fingerprint, begun, settings) => false,
                Fate::Open(_) | Fate::Closed(_) => {
                    if let Fate::Open(_) = entry.fate {
                        entry.fate = Fate::Closed(PromptCloseReason::Unknown);
                    }
                    let round = entry.round + 1;
                    self.add(run.id.clone(), round, fingerprint, open(round));
                    true
                }
            },
        }
    }

    /// Adds a prompt, a new one or one that a checkpoint kept: who asked, which round, its
    /// fingerprint, and how it stands.
    pub(super) fn add(&mut self, run: StepRunId, round: u32, fingerprint: Fingerprint, fate: Fate) {
        self.entries.push(Entry {
            run,
            round,
            fingerprint,
            fate,
            sent: None,
            left: false,
            accepted: None,
        });
    }

    fn forget_oldest(&mut self) {
        let mut excess = self.entries.len().saturating_sub(REMEMBERED);
        self.entries.retain(|entry| {
            let forget = excess > 0 && matches!(entry.fate, Fate::Closed(_));
            excess -= usize::from(forget);
            !forget
        });
    }

    fn find(&self, run: &StepRunId, round: u32) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.run == *run && entry.round == round)
    }

    fn find_mut(&mut self, run: &StepRunId, round: u32) -> Option<&mut Entry> {
        self.entries.iter_mut().rev().find(|entry| entry.run == *run && entry.round == round)
    }

    fn newest(&self, run: &StepRunId) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.run == *run)
    }
}

/// The run that asks in this snapshot, answered or not.
pub(super) fn asking(session: &Session) -> Option<&StepRun> {
    if session.status != SessionStatus::WaitingForUserInput {
        return None;
    }
    let run = match &session.current_step {
        Some(run) => run,
        // Without a current step only `steps` counts.
        None => session
            .steps
            .iter()
            .rev()
            .find(|run| run.status == SessionStatus::WaitingForUserInput)?,
    };
    (!run.status.is_end()).then_some(run)
}

/// Whether this snapshot leaves no doubt about what the session asks, if it asks anything.
pub(super) fn tells_what_is_asked(session: &Session) -> bool {
    match session.status {
        SessionStatus::Unrecognised => false,
        SessionStatus::WaitingForUserInput => asking(session).is_some(),
        _ => true,
    }
}

/// The run that the session is at, where this snapshot tells.
fn current<'a>(session: &'a Session, asking: Option<&'a StepRun>) -> Option<&'a StepRun> {
    match session.status {
        SessionStatus::Unrecognised => None,
        _ => session.current_step.as_ref().or(asking),
    }
}

/// Whether this snapshot shows an open prompt to be over, and how.
fn closed_by(
    session: &Session,
    run: Option<&StepRun>,
    moved_on: bool,
    sent: Option<&Json>,
) -> Option<PromptCloseReason> {
    if let Some(input) = run.and_then(|run| run.user_input.as_ref()) {
        let ours = sent.is_some_and(|sent| same_answer(sent, input));
        return Some(if ours {
            PromptCloseReason::Answered
        } else {
            PromptCloseReason::AnsweredElsewhere
        });
    }
    if session.status.is_end() {
        return Some(PromptCloseReason::SessionEnded);
    }
    let ended = run.is_some_and(|run| run.status.is_end());
    (ended || moved_on).then_some(PromptCloseReason::Unknown)
}

/// Whether the service shows this answer: exactly, trimmed, or as JSON of the same meaning.
pub(super) fn same_answer(sent: &Json, shown: &Json) -> bool {
    sent.means_the_same(shown) || sent.to_text().trim() == shown.to_text().trim()
}

/// FNV-1a: stable across versions of this library, because checkpoints keep it.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::shown::{asking as asks, run, shown, waiting_at};

    fn json(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    #[test]
    fn an_answer_is_recognised_exactly_trimmed_or_by_its_meaning() {
        for (sent, shown, is_same) in [
            (r#""1000""#, r#""1000""#, true),
            (r#""1000 ""#, r#"" 1000\n""#, true),
            (r#""1000""#, "1000", true),
            (r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true),
            (r#""1000""#, r#""1001""#, false),
            (r#""yes""#, r#""Yes""#, false),
            (r#"{"a":1}"#, r#"{"a":2}"#, false),
        ] {
            assert_eq!(same_answer(&json(sent), &json(shown)), is_same, "{sent} {shown}");
        }
    }

    #[test]
    fn the_hash_of_a_prompt_stays_as_it_is_because_checkpoints_keep_it() {
        assert_eq!(fnv1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_fingerprint_takes_the_time_of_the_run_before_that_of_the_session() {
        let of = |shown: &crate::machine::tests::shown::Shown| {
            let session = shown.session();
            Fingerprint::of(&session, session.current_step.as_ref().unwrap())
        };
        let ask = || run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
        assert_eq!(of(&waiting_at(ask()).updated(5)), of(&waiting_at(ask().updated(5)).updated(9)));
        assert_ne!(of(&waiting_at(ask()).updated(5)), of(&waiting_at(ask()).updated(6)));
        assert_ne!(of(&waiting_at(ask())), of(&waiting_at(ask().asks("Name?"))));
    }

    #[test]
    fn the_run_that_asks_is_the_current_one_or_else_the_last_that_waits() {
        let waits = |id: &str| run(id, "WAITING_FOR_USER_INPUT");
        let id = |shown: crate::machine::tests::shown::Shown| {
            asking(&shown.session()).map(|run| run.id.to_string())
        };
        let waiting = || shown("WAITING_FOR_USER_INPUT");
        assert_eq!(id(waiting().past(waits("a")).at(waits("b"))).as_deref(), Some("b"));
        assert_eq!(id(waiting().past(waits("a")).past(waits("b"))).as_deref(), Some("b"));
        assert_eq!(id(waiting().past(waits("a")).at(run("b", "FINISHED"))), None);
        assert_eq!(id(waiting().past(run("a", "RUNNING"))), None);
        assert_eq!(id(shown("RUNNING").at(waits("a"))), None);
    }

    #[test]
    fn closed_prompts_are_remembered_up_to_a_limit_and_open_ones_always() {
        let mut prompts = Prompts::default();
        let settings = Settings::from(&crate::config::ClientConfig::new("key"));
        let session = asks().session();
        let fingerprint = Fingerprint::of(&session, session.current_step.as_ref().unwrap());
        let closed = Fate::Closed(PromptCloseReason::Answered);
        prompts.observe(Moment::default(), &settings, &session);
        for number in 0..1000 {
            let run = StepRunId::new(format!("other-{number}"));
            prompts.add(run, 0, fingerprint.clone(), closed.clone());
        }
        prompts.observe(Moment::default(), &settings, &session);
        assert_eq!(prompts.entries().len(), REMEMBERED);
        assert_eq!(prompts.standing(&StepRunId::new("ask"), 0), Standing::Open);
        assert_eq!(prompts.standing(&StepRunId::new("other-0"), 0), Standing::Unheard);
        let newest = prompts.standing(&StepRunId::new("other-999"), 0);
        assert_eq!(newest, Standing::Closed(PromptCloseReason::Answered));
    }

    #[test]
    fn of_a_round_that_was_forgotten_a_later_one_tells_that_it_is_closed() {
        let mut prompts = Prompts::default();
        let session = asks().session();
        let fingerprint = Fingerprint::of(&session, session.current_step.as_ref().unwrap());
        let run = StepRunId::new("ask");
        prompts.add(run.clone(), 1, fingerprint, Fate::Closed(PromptCloseReason::Answered));
        assert_eq!(prompts.standing(&run, 0), Standing::Closed(PromptCloseReason::Unknown));
        assert_eq!(prompts.standing(&run, 2), Standing::Unheard);
    }

    #[test]
    fn a_status_that_nobody_knows_and_a_wait_for_nothing_leave_in_doubt_what_is_asked() {
        let waits = || run("ask", "WAITING_FOR_USER_INPUT");
        for (shown, tells) in [
            (asks(), true),
            (shown("RUNNING").at(waits()), true),
            (shown("FINISHED"), true),
            (shown("PAUSED").at(waits()), false),
            (shown("WAITING_FOR_USER_INPUT"), false),
        ] {
            let session = shown.session();
            assert_eq!(tells_what_is_asked(&session), tells, "{:?}", session.raw_json);
        }
    }
}
