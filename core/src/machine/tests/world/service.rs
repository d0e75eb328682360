//! A service with one session: it works, asks, validates, ends; it remembers what it showed when, so
//! that a lagging replica can show it again, and what was delivered to which of its questions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::Moment;
use crate::session::{Session, StatusAliases, decode_session};

use super::super::shown::{SESSION, flow};

/// What the session does, one step after the other.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) times: Times,
    /// A question that is asked again is asked in the same words.
    pub(crate) repeats_words: bool,
    pub(crate) fails: bool,
}

impl Plan {
    /// Whether replicas may lag: without times a lagging replica's question cannot be told from the
    /// one asked again.
    pub(crate) fn may_lag(&self) -> bool {
        let again = |step: &Step| matches!(step, Step::Ask { rejections, .. } if *rejections > 0);
        self.times == Times::Exact || !self.steps.iter().any(again)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Work {
        millis: u16,
    },
    /// Asks, and refuses so many answers by asking again.
    Ask {
        rejections: u8,
        thinks: u16,
    },
}

/// What `updated_at` is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// It rises with every change.
    Exact,
    /// Whole seconds, so that it may not rise.
    Coarse,
    None,
}

/// The service was down, and came back with what it had known before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) since: Moment,
    pub(crate) until: Moment,
    /// Until when it shows what it had known when it went down.
    pub(crate) stale_until: Moment,
}

impl Outage {
    pub(crate) fn is_down(self, at: Moment) -> bool {
        self.since <= at && at < self.until
    }

    pub(crate) fn is_stale(self, at: Moment) -> bool {
        self.since <= at && at < self.stale_until
    }
}

/// One question: the run, and how often it has asked before.
pub(crate) type Question = (String, u32);

/// An answer that the service took.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    pub(crate) text: String,
    pub(crate) question: Question,
}

#[derive(Debug)]
pub(crate) struct Service {
    plan: Plan,
    status: &'static str,
    runs: Vec<Run>,
    /// The step that is next to begin.
    next: usize,
    /// When the work at hand is done.
    until: Option<Moment>,
    changes: u64,
    pub(crate) delivered: Vec<Delivery>,
    /// What it showed from when on; nothing once it was deleted.
    history: Vec<(Moment, Option<Arc<Session>>)>,
    /// The question that each body it has shown asks.
    questions: HashMap<String, Question>,
}

#[derive(Debug)]
struct Run {
    step: usize,
    status: &'static str,
    round: u32,
    user_input: Option<String>,
    changed: String,
}

impl Service {
    pub(crate) fn new(plan: Plan, now: Moment) -> Self {
        let mut service = Self {
            plan,
            status: "NEW",
            runs: Vec::new(),
            next: 0,
            until: Some(now + Duration::from_millis(100)),
            changes: 0,
            delivered: Vec::new(),
            history: Vec::new(),
            questions: HashMap::new(),
        };
        service.changed(now);
        service
    }

    /// Does everything that is due by `now`.
    pub(crate) fn advance(&mut self, now: Moment) {
        while let Some(at) = self.until.filter(|at| *at <= now) {
            self.until = None;
            self.work_done(at);
            self.changed(at);
        }
    }

    fn work_done(&mut self, at: Moment) {
        if let Some(run) = self.runs.last_mut()
            && let Step::Ask { rejections, .. } = self.plan.steps[run.step]
            && run.status == "RUNNING"
            && run.round < u32::from(rejections)
        {
            run.round += 1;
            run.user_input = None;
            run.status = "WAITING_FOR_USER_INPUT";
            self.status = "WAITING_FOR_USER_INPUT";
            return;
        }
        if let Some(run) = self.runs.last_mut() {
            run.status = "FINISHED";
        }
        match self.plan.steps.get(self.next) {
            None if self.plan.fails => self.status = "FAILED",
            None => self.status = "FINISHED",
            Some(step) => {
                let status = match step {
                    Step::Work { millis } => {
                        self.until = Some(at + Duration::from_millis(u64::from(*millis)));
                        "RUNNING"
                    }
                    Step::Ask { .. } => "WAITING_FOR_USER_INPUT",
                };
                self.status = status;
                self.runs.push(Run {
                    step: self.next,
                    status,
                    round: 0,
                    user_input: None,
                    changed: String::new(),
                });
                self.next += 1;
            }
        }
    }

    /// Somebody sends input. It names no question: whichever is asked gets it.
    pub(crate) fn submit(&mut self, now: Moment, text: &str) -> bool {
        self.advance(now);
        let Some(question) = self.asked() else { return false };
        self.delivered.push(Delivery { text: text.to_owned(), question });
        let Some(run) = self.runs.last_mut() else { return false };
        run.user_input = Some(text.to_owned());
        run.status = "RUNNING";
        self.status = "RUNNING";
        let thinks = match self.plan.steps[run.step] {
            Step::Ask { thinks, .. } => thinks,
            Step::Work { .. } => 0,
        };
        self.until = Some(now + Duration::from_millis(u64::from(thinks)));
        self.changed(now);
        self.advance(now);
        true
    }

    /// Ends the session; `deletes` it altogether.
    pub(crate) fn cancel(&mut self, now: Moment, deletes: bool) -> bool {
        self.advance(now);
        if self.has_ended() {
            return false;
        }
        self.status = "FAILED";
        self.until = None;
        if let Some(run) = self.runs.last_mut().filter(|run| run.status != "FINISHED") {
            run.status = "FAILED";
        }
        self.changed(now);
        if deletes {
            self.history.push((now, None));
        }
        true
    }

    /// The session's times change, and nothing else.
    pub(crate) fn touch(&mut self, now: Moment) {
        self.advance(now);
        if !self.has_ended() {
            self.changed(now);
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status, "FINISHED" | "FAILED")
    }

    /// What is asked now.
    pub(crate) fn asked(&self) -> Option<Question> {
        let run = self.runs.last()?;
        (self.status == "WAITING_FOR_USER_INPUT").then(|| (name(run), run.round))
    }

    /// When it last showed something new.
    pub(crate) fn last_change(&self) -> Moment {
        self.history.last().map_or(Moment::default(), |(since, _)| *since)
    }

    /// What it showed at `at`; `None` if it was deleted by then.
    pub(crate) fn shown_at(&self, at: Moment) -> Option<Arc<Session>> {
        let shown = self.history.iter().rev().find(|(since, _)| *since <= at);
        shown.unwrap_or(&self.history[0]).1.clone()
    }

    /// What it shows now, with this member changed.
    pub(crate) fn with(&mut self, shown: &Session, member: &str, value: Value) -> Arc<Session> {
        let question = self.questions.get(shown.raw_json.as_str()).cloned();
        let mut body = shown.raw_json.to_value();
        body[member] = value;
        self.decode(&body, question)
    }

    /// The question that this snapshot asks.
    pub(crate) fn question_of(&self, shown: &Session) -> Option<&Question> {
        self.questions.get(shown.raw_json.as_str())
    }

    fn changed(&mut self, at: Moment) {
        self.changes += 1;
        let time = match self.plan.times {
            Times::Exact => {
                format!("2024-01-01T00:{:02}:{:02}.5Z", self.changes / 60, self.changes % 60)
            }
            Times::Coarse => super::super::shown::time(at.since(Moment::default()).as_secs()),
            Times::None => String::new(),
        };
        if let Some(run) = self.runs.last_mut() {
            run.changed.clone_from(&time);
        }
        let runs: Vec<Value> = self.runs.iter().map(|run| self.run_as_json(run)).collect();
        let current = if self.has_ended() { None } else { runs.last().cloned() };
        let mut body = json!({
            "id": SESSION, "status": self.status, "steps": runs, "current_step": current,
        });
        if !time.is_empty() {
            body["updated_at"] = time.into();
        }
        let question = self.asked();
        let session = self.decode(&body, question);
        self.history.push((at, Some(session)));
    }

    fn run_as_json(&self, run: &Run) -> Value {
        let mut body = json!({ "id": name(run), "status": run.status });
        if let Step::Ask { .. } = self.plan.steps[run.step] {
            let round = if self.plan.repeats_words { 0 } else { run.round };
            body["prompt"] = format!("Question {} for the {round}th time?", run.step).into();
            body["user_input"] = run.user_input.clone().into();
        }
        if !run.changed.is_empty() {
            body["updated_at"] = run.changed.clone().into();
        }
        body
    }

    fn decode(&mut self, body: &Value, question: Option<Question>) -> Arc<Session> {
        let body = body.to_string();
        let session =
            decode_session(body.as_bytes(), &flow(), None, &StatusAliases::default()).unwrap();
        if let Some(question) = question {
            self.questions.insert(body, question);
        }
        Arc::new(session)
    }
}

fn name(run: &Run) -> String {
    format!("run-{}", run.step)
}
