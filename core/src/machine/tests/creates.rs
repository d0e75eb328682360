//! "Create".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::config::ClientConfig;
use crate::error::LiveFlowError;
use crate::failure::{Failure, FailureKind};
use crate::json::Json;
use crate::machine::{
    CLOCK_GRAIN, ClockDifference, CreateInput, CreateMachine, CreateStep, Moment, REPORTED_AGE,
    Wanted, WriteResult,
};
use crate::session::Session;

use super::harness::{TOTAL, seconds};
use super::shown::{SESSION, Shown, running, shown};
use super::words::{failure, kind, status, status_after};

const OTHER: &str = "99999999-2222-3333-4444-555555555555";

struct Create {
    machine: CreateMachine,
    now: Moment,
    step: CreateStep,
}

impl Create {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut ClientConfig)) -> Self {
        Self::among_others(change, true)
    }

    /// `alone` as the machine has it: no other equal create is unsettled.
    fn among_others(change: impl FnOnce(&mut ClientConfig), alone: bool) -> Self {
        let mut config = ClientConfig::new("key");
        change(&mut config);
        let now = Moment::after_origin(Duration::from_secs(1000));
        Self {
            machine: CreateMachine::new(&config, alone, 7, now + TOTAL * 3),
            now,
            step: CreateStep::Send { fresh_credentials: false },
        }
    }

    fn tell(&mut self, input: CreateInput) {
        self.step = self.machine.handle(self.now, input);
    }

    fn sent(&mut self, result: WriteResult) {
        assert!(matches!(self.step, CreateStep::Send { .. }), "{:?}", self.step);
        self.tell(CreateInput::Sent(result));
    }

    fn unknown(mut self) -> Self {
        self.sent(Err(failure(FailureKind::NoStatus)));
        self
    }

    fn listed(&mut self, fits: &[&Shown]) {
        assert!(matches!(self.step, CreateStep::List), "{:?}", self.step);
        let fits = fits.iter().map(|shown| Session::clone(&shown.session())).collect();
        self.tell(CreateInput::Listed { begun: self.now, result: Ok(fits) });
    }

    fn list_fails(&mut self, failure: Failure) {
        assert!(matches!(self.step, CreateStep::List), "{:?}", self.step);
        self.tell(CreateInput::Listed { begun: self.now, result: Err(failure) });
    }

    /// Waits as asked; says how long that was.
    fn waited(&mut self) -> f64 {
        let CreateStep::WaitUntil(until) = self.step else { panic!("{:?}", self.step) };
        let span = until.since(self.now).as_secs_f64();
        self.now = self.now.max(until);
        self.tell(CreateInput::Waited);
        span
    }

    fn wants_send(&self) -> bool {
        matches!(self.step, CreateStep::Send { .. })
    }

    fn result(self) -> Result<String, LiveFlowError> {
        let CreateStep::Done(result) = self.step else { panic!("{:?}", self.step) };
        result.map(|session| session.id.to_string())
    }

    /// The error, and the candidates that it reports.
    fn error(self) -> (LiveFlowError, usize) {
        let error = self.result().unwrap_err();
        let seen = match &error {
            LiveFlowError::OutcomeUnknown { candidates, .. } => candidates.len(),
            _ => 0,
        };
        (error, seen)
    }
}

fn adopts(config: &mut ClientConfig) {
    config.adopt_created = true;
}

fn marks(config: &mut ClientConfig) {
    config.correlation_member = Some("mark".to_owned());
}

fn recreates(config: &mut ClientConfig) {
    config.recreate_when_unseen = true;
}

#[test]
fn a_look_that_fails_is_repeated_with_backoff() {
    let mut create = Create::with(adopts).unknown();
    for longest in [0.5, 1.0, 2.0, 4.0] {
        create.list_fails(failure(FailureKind::NoStatus));
        let waited = create.waited();
        assert!((longest / 2.0..=longest).contains(&waited), "{waited}");
    }
}

#[test]
fn accepted_with_a_session_it_is_done() {
    let mut create = Create::new();
    create.sent(Ok(Some(running().session())));
    assert_eq!(create.result().unwrap(), SESSION);
}

#[test]
fn never_left_it_is_sent_again_with_backoff() {
    let mut create = Create::new();
    for longest in [0.5, 1.0, 2.0] {
        create.sent(Err(failure(FailureKind::NeverLeft)));
        let waited = create.waited();
        assert!((longest / 2.0..=longest).contains(&waited), "{waited}");
    }
    create.sent(Ok(Some(running().session())));
    create.result().unwrap();
}

#[test]
fn held_with_425_or_429_it_is_sent_again_after_the_hold() {
    for code in [425, 429] {
        let mut create = Create::new();
        create.sent(Err(status_after(code, 7)));
        assert!((7.0..=7.7).contains(&create.waited()));
        assert!(create.wants_send());
    }
}

#[test]
fn never_left_until_the_deadline_it_is_surfaced() {
    let mut create = Create::new();
    let error = loop {
        create.sent(Err(failure(FailureKind::NeverLeft)));
        match create.step {
            CreateStep::Done(_) => break create.error().0,
            _ => create.waited(),
        };
    };
    assert_eq!(kind(&error), "Network");
}

#[test]
fn a_hold_beyond_the_deadline_is_surfaced_at_once() {
    let mut create = Create::with(|config| config.max_retry_after = Duration::from_secs(9000));
    create.sent(Err(status_after(429, 8000)));
    assert_eq!(kind(&create.error().0), "RateLimited");
}

#[test]
fn other_4xx_are_surfaced() {
    for (code, error) in [
        (400, "InvalidRequest"),
        (403, "PermissionDenied"),
        (404, "NotFound"),
        (422, "InvalidRequest"),
    ] {
        let mut create = Create::new();
        create.sent(Err(status(code)));
        assert_eq!(kind(&create.error().0), error);
    }
    let mut create = Create::new();
    create.sent(Err(failure(FailureKind::Untrusted)));
    assert_eq!(kind(&create.error().0), "Network");
}

#[test]
fn refused_with_401_it_is_sent_once_more_with_fresh_credentials_if_there_is_a_provider() {
    let mut create = Create::new();
    create.sent(Err(status(401)));
    assert_eq!(kind(&create.error().0), "Authentication");
    let mut create = Create::with(|config| config.credentials = Some(std::sync::Arc::new(Nobody)));
    create.sent(Err(status(401)));
    assert!(matches!(create.step, CreateStep::Send { fresh_credentials: true }));
    create.sent(Err(status(401)));
    assert_eq!(kind(&create.error().0), "Authentication");
}

struct Nobody;

impl crate::config::CredentialsProvider for Nobody {
    fn headers(
        &self,
        _request: crate::config::CredentialsRequest,
    ) -> crate::config::HostFuture<Vec<(String, String)>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

// Accepted, but nobody can say what was made.

#[test]
fn accepted_without_a_readable_session_it_looks_and_never_sends_again() {
    for result in
        [Ok(None), Err(failure(FailureKind::Unreadable)), Err(failure(FailureKind::TooLarge))]
    {
        let mut create = Create::with(|config| {
            adopts(config);
            recreates(config);
        });
        create.sent(result);
        create.listed(&[]);
        create.waited();
        create.listed(&[]);
        assert!(!create.wants_send());
        let (error, _) = create.error();
        assert_eq!(kind(&error), "OutcomeUnknown");
        assert!(error.to_string().contains("accepted the create"), "{error}");
    }
}

// Unknown.

#[test]
fn unknown_without_adoption_it_reports_the_candidates_at_once() {
    for unknown in [
        FailureKind::NoStatus,
        FailureKind::Status(408),
        FailureKind::Status(502),
        FailureKind::Status(303),
    ] {
        let mut create = Create::new();
        create.sent(Err(failure(unknown)));
        create.listed(&[&running(), &running().with("id", OTHER)]);
        let (error, seen) = create.error();
        assert_eq!((kind(&error), seen), ("OutcomeUnknown".to_owned(), 2));
        assert!(!error.is_retryable(), "to send it again might be to create two");
    }
}

#[test]
fn unknown_without_adoption_and_without_a_candidate_it_is_reported_at_once() {
    let mut create = Create::new().unknown();
    create.listed(&[]);
    let (error, seen) = create.error();
    assert_eq!((kind(&error), seen), ("OutcomeUnknown".to_owned(), 0));
}

#[test]
fn a_single_candidate_is_not_adopted_by_default() {
    let mut create = Create::new().unknown();
    create.listed(&[&running()]);
    assert_eq!(create.error().1, 1);
}

#[test]
fn at_most_ten_candidates_are_reported() {
    let mut create = Create::new().unknown();
    let session = running();
    create.listed(&vec![&session; 30]);
    assert_eq!(create.error().1, 10);
}

#[test]
fn a_marked_session_is_adopted_when_it_is_seen() {
    let mut create = Create::with(marks).unknown();
    create.listed(&[]);
    assert!((1.0..3.0).contains(&create.waited()));
    create.listed(&[&running()]);
    assert_eq!(create.result().unwrap(), SESSION);
}

#[test]
fn a_marked_session_that_is_not_seen_within_the_grace_is_unknown() {
    let mut create = Create::with(marks).unknown();
    let begun = create.now;
    loop {
        create.listed(&[]);
        match create.step {
            CreateStep::Done(_) => break,
            _ => create.waited(),
        };
        assert!(create.now.since(begun) <= seconds(46.0));
    }
    assert!(create.now.since(begun) >= seconds(45.0));
    assert_eq!(kind(&create.error().0), "OutcomeUnknown");
}

#[test]
fn with_adopt_created_a_single_fit_in_two_looks_a_grace_apart_is_adopted() {
    let mut create = Create::with(adopts).unknown();
    create.listed(&[&running()]);
    assert!((create.waited() - 45.0).abs() < 0.001);
    create.listed(&[&running()]);
    assert_eq!(create.result().unwrap(), SESSION);
}

#[test]
fn a_fit_first_seen_late_is_looked_at_a_grace_later_too() {
    let mut create = Create::with(adopts).unknown();
    create.now = create.now + seconds(40.0);
    create.listed(&[&running()]);
    assert!((create.waited() - 45.0).abs() < 0.001);
    create.listed(&[&running()]);
    assert_eq!(create.result().unwrap(), SESSION);
}

#[test]
fn two_looks_that_do_not_agree_are_an_unknown_outcome() {
    let mut create = Create::with(adopts).unknown();
    create.listed(&[&running()]);
    create.waited();
    create.listed(&[&running().with("id", OTHER)]);
    assert_eq!(kind(&create.error().0), "OutcomeUnknown");
}

#[test]
fn two_fits_are_an_unknown_outcome_even_with_adopt_created() {
    let mut create = Create::with(adopts).unknown();
    create.listed(&[&running()]);
    create.waited();
    create.listed(&[&running(), &running().with("id", OTHER)]);
    let (error, seen) = create.error();
    assert_eq!((kind(&error), seen), ("OutcomeUnknown".to_owned(), 2));
}

#[test]
fn with_another_equal_create_unsettled_nothing_is_adopted() {
    let mut create = Create::among_others(adopts, false).unknown();
    create.listed(&[&running()]);
    assert_eq!(create.error().1, 1);
}

#[test]
fn with_recreate_when_unseen_it_is_sent_once_more_when_none_is_seen_after_the_grace() {
    let mut create = Create::with(recreates).unknown();
    create.listed(&[]);
    assert!((create.waited() - 45.0).abs() < 0.001);
    create.listed(&[]);
    create.sent(Err(failure(FailureKind::NoStatus)));
    create.listed(&[]);
    create.waited();
    create.listed(&[]);
    assert_eq!(kind(&create.error().0), "OutcomeUnknown", "once");
}

#[test]
fn without_recreate_when_unseen_it_is_not_sent_again() {
    for config in [|_: &mut ClientConfig| (), adopts, marks] {
        let mut create = Create::with(config).unknown();
        loop {
            create.listed(&[]);
            match create.step {
                CreateStep::Done(_) => break,
                _ => create.waited(),
            };
        }
        assert_eq!(kind(&create.error().0), "OutcomeUnknown");
    }
}

#[test]
fn one_that_was_seen_and_is_gone_is_not_created_again() {
    let mut create = Create::with(|config| {
        adopts(config);
        recreates(config);
    })
    .unknown();
    create.listed(&[&running()]);
    create.waited();
    create.listed(&[]);
    assert_eq!(kind(&create.error().0), "OutcomeUnknown");
}

#[test]
fn a_list_that_fails_for_now_is_looked_at_again() {
    let mut create = Create::new().unknown();
    create.list_fails(status_after(503, 7));
    assert!((7.0..=7.7).contains(&create.waited()));
    create.listed(&[&running()]);
    assert_eq!(create.error().1, 1);
}

#[test]
fn a_list_that_cannot_be_had_leaves_the_outcome_unknown() {
    let mut create = Create::new().unknown();
    create.list_fails(status(403));
    assert_eq!(kind(&create.error().0), "OutcomeUnknown");
}

#[test]
fn at_the_deadline_it_is_unknown_with_what_was_seen() {
    let mut create =
        Create::with(|config| (config.adopt_created, config.answer_grace) = (true, TOTAL * 4));
    create.sent(Err(failure(FailureKind::NoStatus)));
    create.listed(&[&running()]);
    assert_eq!(create.error().1, 1);
}

#[test]
fn stopped_before_anything_was_sent_it_says_what_kept_it() {
    let mut create = Create::new();
    create.sent(Err(failure(FailureKind::NeverLeft)));
    create.waited();
    let late = LiveFlowError::RequestTimeout { context: crate::error::ErrorContext::new("late") };
    create.tell(CreateInput::Stopped(late));
    assert_eq!(kind(&create.error().0), "Network");
    let mut create = Create::new();
    create.sent(Err(failure(FailureKind::NeverLeft)));
    create.tell(CreateInput::Stopped(LiveFlowError::closed("closed")));
    assert_eq!(kind(&create.error().0), "Closed");
}

#[test]
fn stopped_while_it_looks_for_what_became_of_it_is_an_unknown_outcome() {
    let mut create = Create::with(adopts).unknown();
    create.listed(&[&running()]);
    create.tell(CreateInput::Stopped(LiveFlowError::closed("closed")));
    let (error, seen) = create.error();
    assert_eq!((kind(&error), seen), ("OutcomeUnknown".to_owned(), 1));
}

// Which sessions fit.

fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_704_067_200 + second)
}

fn wanted() -> Wanted {
    Wanted {
        inputs: Json::parse(r#"{"company": "ACME", "year": 2024}"#).unwrap(),
        mark: None,
        sent_at: at(100),
        slack: CLOCK_GRAIN,
    }
}

fn listed() -> Shown {
    shown("NEW")
        .with("inputs", json!({ "year": 2024, "company": "ACME" }))
        .with("created_at", super::shown::time(101))
}

#[test]
fn a_session_with_json_equal_inputs_created_since_fits() {
    assert!(wanted().fits(&listed().session(), ClockDifference::Unknown));
}

#[test]
fn a_session_with_other_inputs_or_none_does_not_fit() {
    for inputs in [json!({ "company": "ACME" }), json!(null), json!({})] {
        let session = listed().with("inputs", inputs).session();
        assert!(!wanted().fits(&session, ClockDifference::Unknown));
    }
}

#[test]
fn a_session_created_before_it_was_sent_does_not_fit_by_the_services_clock() {
    let session = |second| listed().with("created_at", super::shown::time(second)).session();
    assert!(!wanted().fits(&session(90), ClockDifference::Unknown));
    assert!(wanted().fits(&session(90), ClockDifference::between(at(100), Some(at(80)))));
    assert!(!wanted().fits(&session(110), ClockDifference::between(at(100), Some(at(150)))));
    assert!(wanted().fits(&session(151), ClockDifference::between(at(100), Some(at(150)))));
    assert!(wanted().fits(&session(99), ClockDifference::Unknown), "whole seconds");
}

#[test]
fn with_a_mark_only_the_mark_counts() {
    let mark = Some(("mark".to_owned(), "m-1".to_owned()));
    let wanted = Wanted { mark, ..wanted() };
    let marked = |mark: &str| {
        listed().with("inputs", json!({ "mark": mark })).with("created_at", super::shown::time(1))
    };
    assert!(wanted.fits(&marked("m-1").session(), ClockDifference::Unknown));
    assert!(!wanted.fits(&marked("m-2").session(), ClockDifference::Unknown));
    assert!(!wanted.fits(&listed().session(), ClockDifference::Unknown));
}

#[test]
fn where_nothing_is_adopted_a_session_that_seems_a_little_too_old_is_reported_all_the_same() {
    let older = listed().with("created_at", super::shown::time(40)).session();
    assert!(!wanted().fits(&older, ClockDifference::Unknown), "not fit for adoption");
    let reported = Wanted { slack: REPORTED_AGE, ..wanted() };
    assert!(reported.fits(&older, ClockDifference::Unknown));
}
