//! The calls of the caller: each gets one result, in time, and an answer arrives once, where it
//! belongs, or its caller is told.

use crate::error::LiveFlowError;
use crate::machine::{CallId, Moment};

use super::super::words::kind;
use super::service::{Delivery, Question};
use super::tally::Tally;

#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    deadline: Moment,
    /// What is to be answered, and how; nothing for a cancel.
    answer: Option<(Question, String)>,
    fate: Fate,
    /// Attempts of which something may have left.
    attempts: u32,
    /// The outcome of one of them was unknown.
    is_doubtful: bool,
    /// A later process took it over as being under way, perhaps after its result was told.
    is_restored: bool,
    /// A consumer was told that nobody knows what became of it.
    is_unresolved: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Fate {
    Waits,
    Succeeded,
    /// With the kind of its error.
    Failed(String),
    GivenUp,
    /// The process of its caller ended.
    Killed,
}

impl Calls {
    pub(super) fn new_answer(&mut self, question: Question, deadline: Moment) -> (CallId, String) {
        let text = format!("answer {}", self.calls.len());
        let answer = Some((question, text.clone()));
        (self.add(answer, deadline), text)
    }

    pub(super) fn new_cancel(&mut self, deadline: Moment) -> CallId {
        self.add(None, deadline)
    }

    fn add(&mut self, answer: Option<(Question, String)>, deadline: Moment) -> CallId {
        self.calls.push(Call {
            deadline,
            answer,
            fate: Fate::Waits,
            attempts: 0,
            is_doubtful: false,
            is_restored: false,
            is_unresolved: false,
        });
        CallId(self.calls.len() as u64 - 1)
    }

    fn get(&mut self, call: CallId) -> &mut Call {
        &mut self.calls[usize::try_from(call.0).unwrap()]
    }

    fn of_text(&mut self, text: &str) -> &mut Call {
        let is_it = |call: &&mut Call| call.answer.as_ref().is_some_and(|(_, own)| own == text);
        self.calls.iter_mut().find(is_it).expect("nobody answered that")
    }

    /// Gives up the call made so many calls ago, if it still waits.
    pub(super) fn give_up(&mut self, ago: usize) -> Option<CallId> {
        let at = self.calls.len().checked_sub(ago + 1)?;
        let call = &mut self.calls[at];
        if call.fate != Fate::Waits {
            return None;
        }
        call.fate = Fate::GivenUp;
        Some(CallId(at as u64))
    }

    /// The process ends; `kept` is the text of the checkpoint that it leaves behind.
    pub(super) fn killed(&mut self, kept: &str) {
        for call in &mut self.calls {
            let text = call.answer.as_ref().map(|(_, text)| format!("{text:?}"));
            let is_kept = text.is_some_and(|text| kept.contains(&text));
            call.is_restored |= is_kept;
            if call.fate == Fate::Waits || (call.fate == Fate::GivenUp && is_kept) {
                call.fate = Fate::Killed;
            }
        }
    }

    /// An attempt of this answer is to be begun.
    pub(super) fn may_send(&mut self, text: &str) {
        let call = self.of_text(text);
        assert_eq!(call.fate, Fate::Waits, "{text} is sent although nobody waits for it");
    }

    /// Something of an attempt may have left.
    pub(super) fn left(&mut self, text: &str, resend_answers: bool) {
        let call = self.of_text(text);
        call.attempts += 1;
        assert!(call.attempts == 1 || resend_answers, "{text} was sent twice without the right to");
    }

    /// Nobody knows what became of an attempt.
    pub(super) fn doubtful(&mut self, text: &str) {
        self.of_text(text).is_doubtful = true;
    }

    pub(super) fn answered(&mut self, call: CallId, result: Result<(), LiveFlowError>) {
        let call = self.get(call);
        let (_, text) = call.answer.clone().expect("an answer's result for a cancel");
        assert_eq!(call.fate, Fate::Waits, "a result for a call that waits for none: {text}");
        call.fate = match result {
            Ok(()) => Fate::Succeeded,
            Err(error) => {
                assert_eq!(error.context().answer.as_ref(), Some(&text), "the text is lost");
                Fate::Failed(kind(&error))
            }
        };
    }

    pub(super) fn cancelled(&mut self, call: CallId, is_ok: bool) {
        let call = self.get(call);
        assert_eq!((&call.answer, &call.fate), (&None, &Fate::Waits));
        call.fate = if is_ok { Fate::Succeeded } else { Fate::Failed(String::new()) };
    }

    /// A consumer was told that nobody knows what became of this answer.
    pub(super) fn unresolved(&mut self, text: &str) {
        let call = self.of_text(text);
        assert!(
            call.fate == Fate::GivenUp || call.is_restored,
            "unresolved although its caller was told: {call:?}"
        );
        call.is_unresolved = true;
    }

    pub(super) fn any_waits(&self) -> bool {
        self.calls.iter().any(|call| call.fate == Fate::Waits)
    }

    /// A result comes by its deadline, or with the end of what is on the wire by then.
    pub(super) fn assert_in_time(&self, now: Moment, answer: bool, cancel: bool) {
        for call in &self.calls {
            let on_the_wire = if call.answer.is_some() { answer } else { cancel };
            let is_late = call.fate == Fate::Waits && now > call.deadline && !on_the_wire;
            assert!(!is_late, "no result by the deadline: {call:?}");
        }
    }

    pub(super) fn assert_all_settled(&self) {
        assert!(!self.any_waits(), "calls without a result: {:?}", self.calls);
    }

    /// In the end: what became of each answer. What succeeded has arrived, and what arrives twice,
    /// elsewhere, or after it failed for sure breaks the promise about places.
    pub(super) fn judge(&self, delivered: &[Delivery], ended_early: bool) -> Tally {
        let mut tally = Tally { sessions: 1, ..Tally::default() };
        for call in &self.calls {
            let Some((question, text)) = &call.answer else { continue };
            let arrived: Vec<_> = delivered.iter().filter(|d| d.text == *text).collect();
            let elsewhere = arrived.iter().any(|delivery| delivery.question != *question);
            let has_left = call.attempts > 0;
            tally.answers += u64::from(has_left);
            tally.arrived += u64::from(arrived.len() == 1 && !elsewhere);
            tally.doubled += u64::from(arrived.len() > 1);
            tally.misdirected += u64::from(elsewhere);
            if let Fate::Failed(error) = &call.fate {
                tally.denied += u64::from(!arrived.is_empty() && error != "OutcomeUnknown");
            }
            if arrived.is_empty() && has_left {
                let is_told = call.is_told(ended_early);
                tally.handed_back += u64::from(is_told);
                tally.lost += u64::from(!is_told);
            }
        }
        tally
    }
}

impl Call {
    /// Whether somebody has the text of this answer and knows that it may not have arrived.
    fn is_told(&self, ended_early: bool) -> bool {
        match self.fate {
            Fate::Failed(_) => true,
            Fate::Waits | Fate::Succeeded => false,
            // Whoever gave it up has the text. Where it may have arrived somebody is told of that,
            // unless the watch is over by then.
            Fate::GivenUp => self.is_unresolved || !self.is_doubtful || ended_early,
            Fate::Killed => self.is_unresolved,
        }
    }
}
