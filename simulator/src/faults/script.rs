//! The rules in force, and which of them a request meets.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Fault, FaultRule, LatencyWhen};
use crate::routes::table::Call;
use crate::session::{Status, body::View};

#[derive(Debug)]
pub(crate) struct Script {
    rules: Vec<RuleState>,
    rng: fastrand::Rng,
}

/// A rule and how often it was looked at and struck.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RuleState {
    /// As it was added.
    pub rule: FaultRule,
    /// Requests that it matches.
    pub seen: u64,
    /// Requests that it struck.
    pub fired: u64,
}

/// What the rules look at.
pub(crate) struct Facts<'a> {
    pub(crate) call: Call,
    pub(crate) flow: Option<Uuid>,
    pub(crate) session: Option<Uuid>,
    pub(crate) status_of: &'a dyn Fn(Uuid) -> Option<Status>,
}

/// What goes wrong with one request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) names: Vec<&'static str>,
    pub(crate) before_effect: Duration,
    pub(crate) after_effect: Duration,
    /// Answers that another client gives first.
    pub(crate) elsewhere: Vec<(Uuid, Value)>,
    pub(crate) view: View,
    /// The fault that decides the answer.
    pub(crate) answer: Option<Fault>,
}

impl Script {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), rng: fastrand::Rng::with_seed(seed) }
    }

    pub(crate) fn add(&mut self, rules: Vec<FaultRule>) {
        self.rules.extend(rules.into_iter().map(|rule| RuleState { rule, seen: 0, fired: 0 }));
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[RuleState] {
        &self.rules
    }

    pub(crate) fn plan(&mut self, facts: &Facts<'_>) -> Plan {
        let mut plan = Plan::default();
        for state in &mut self.rules {
            if !state.rule.matches(facts) {
                continue;
            }
            state.seen += 1;
            if plan.answer.is_some() || !state.is_due(&mut self.rng) {
                continue;
            }
            if plan.meets(&state.rule, facts) {
                state.fired += 1;
                plan.names.push(state.rule.fault.name());
            }
        }
        plan
    }
}

impl FaultRule {
    fn matches(&self, facts: &Facts<'_>) -> bool {
        self.on.is_none_or(|call| call == facts.call)
            && (self.session.is_none() || self.session == facts.session)
            && (self.flow.is_none() || self.flow == facts.flow)
            && (self.while_status.is_none()
                || self.while_status == facts.session.and_then(facts.status_of))
    }
}

impl RuleState {
    fn is_due(&self, rng: &mut fastrand::Rng) -> bool {
        let rule = &self.rule;
        if let Some(nth) = &rule.nth {
            return nth.0.contains(&self.seen);
        }
        self.seen >= rule.from.unwrap_or(1)
            && rule.times.is_none_or(|times| self.fired < times)
            && rule.probability.is_none_or(|chance| rng.f64() < chance)
    }
}

impl Plan {
    /// Adds a fault. False when it finds nothing to strike.
    fn meets(&mut self, rule: &FaultRule, facts: &Facts<'_>) -> bool {
        match &rule.fault {
            Fault::Latency { ms, when: LatencyWhen::BeforeEffect } => {
                self.before_effect += Duration::from_millis(*ms);
            }
            Fault::Latency { ms, when: LatencyWhen::AfterEffect } => {
                self.after_effect += Duration::from_millis(*ms);
            }
            Fault::AnsweredElsewhere { answer } => {
                let Some(session) = rule.session.or(facts.session) else { return false };
                if (facts.status_of)(session) != Some(Status::Waiting)
                    || self.elsewhere.iter().any(|(other, _)| *other == session)
                {
                    return false;
                }
                self.elsewhere.push((session, answer.clone()));
            }
            Fault::UnknownStatus { word } => self.view.status_word = Some(word.clone()),
            Fault::StaleRead { changes } => self.view.changes_ago = *changes,
            fault => self.answer = Some(fault.clone()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SESSION: Uuid = Uuid::from_u128(1);

    fn script(rules: impl IntoIterator<Item = FaultRule>) -> Script {
        let mut script = Script::new(7);
        script.add(rules.into_iter().collect());
        script
    }

    fn ask(script: &mut Script, call: Call, status: Status) -> Vec<&'static str> {
        let status_of = |_| Some(status);
        let facts = Facts { call, flow: None, session: Some(SESSION), status_of: &status_of };
        script.plan(&facts).names
    }

    fn poll(script: &mut Script) -> Vec<&'static str> {
        ask(script, Call::GetSession, Status::Running)
    }

    fn empty() -> FaultRule {
        FaultRule::new(Call::GetSession, Fault::EmptyBody {})
    }

    #[test]
    fn without_a_count_a_rule_strikes_each_time_but_only_its_call() {
        let mut script = script([empty()]);
        assert_eq!(poll(&mut script), ["empty_body"]);
        assert!(ask(&mut script, Call::GetSessions, Status::Running).is_empty());
        assert_eq!(poll(&mut script), ["empty_body"]);
    }

    #[test]
    fn nth_counts_the_requests_that_match() {
        let mut script = script([empty().nth([2, 3])]);
        let struck: Vec<bool> = (0..4).map(|_| !poll(&mut script).is_empty()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }

    #[test]
    fn from_and_times_make_a_window() {
        let mut script = script([empty().from(2).times(2)]);
        let struck: Vec<bool> = (0..5).map(|_| !poll(&mut script).is_empty()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn a_rule_behind_an_answering_one_is_not_used_up() {
        let hold = FaultRule::new(Call::GetSession, Fault::MalformedBody {});
        let mut script = script([empty().times(1), hold.times(1)]);
        assert_eq!(poll(&mut script), ["empty_body"]);
        assert_eq!(poll(&mut script), ["malformed_body"]);
        assert!(poll(&mut script).is_empty());
        assert_eq!(script.rules().iter().map(|it| (it.seen, it.fired)).max(), Some((3, 1)));
    }

    #[test]
    fn passing_faults_add_up_before_an_answering_one() {
        let slow = |ms| Fault::Latency { ms, when: LatencyWhen::BeforeEffect };
        let mut script = script([
            FaultRule::any(slow(5)),
            FaultRule::any(slow(6)),
            FaultRule::any(Fault::StaleRead { changes: 2 }),
            empty(),
            FaultRule::any(slow(100)),
        ]);
        let facts =
            Facts { call: Call::GetSession, flow: None, session: None, status_of: &|_| None };
        let plan = script.plan(&facts);
        assert_eq!(plan.before_effect, Duration::from_millis(11));
        assert_eq!(plan.view.changes_ago, 2);
        assert_eq!(plan.answer, Some(Fault::EmptyBody {}));
    }

    #[test]
    fn an_answer_from_elsewhere_waits_for_an_open_prompt() {
        let fault = Fault::AnsweredElsewhere { answer: json!("x") };
        let mut script = script([FaultRule::new(Call::GetSession, fault).times(1)]);
        assert!(poll(&mut script).is_empty());
        assert_eq!(ask(&mut script, Call::GetSession, Status::Waiting), ["answered_elsewhere"]);
        assert!(ask(&mut script, Call::GetSession, Status::Waiting).is_empty());
    }

    #[test]
    fn conditions_on_session_flow_and_status_must_hold() {
        let mut other = script([empty().session(Uuid::from_u128(2)), empty().flow(SESSION)]);
        assert!(poll(&mut other).is_empty());
        let mut waiting = script([empty().during(Status::Waiting).nth([1])]);
        assert!(poll(&mut waiting).is_empty());
        assert_eq!(ask(&mut waiting, Call::GetSession, Status::Waiting), ["empty_body"]);
    }

    #[test]
    fn chances_come_from_the_seed() {
        let struck = |seed| {
            let mut script = Script::new(seed);
            script.add(vec![empty().probability(0.3)]);
            (0..200).map(|_| !poll(&mut script).is_empty()).collect::<Vec<_>>()
        };
        assert_eq!(struck(1), struck(1));
        assert_ne!(struck(1), struck(2));
        let often = struck(1).iter().filter(|struck| **struck).count();
        assert!((30..=90).contains(&often), "{often} of 200");
    }
}
