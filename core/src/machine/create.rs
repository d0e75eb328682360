//! One create on its way: sent again only when it surely never reached the service; when nobody knows,
//! the list of sessions is looked at.
//!
//! Stages: `Sending` → over; or `BackingOff` (it never left, or the service asked to wait), `Looking`
//! (it may have taken effect: is there a session that is surely, or allowed to be, ours?).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::ClientConfig;
use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};
use crate::json::Json;
use crate::session::Session;

use super::dice::Dice;
use super::io::WriteResult;
use super::moment::Moment;
use super::{schedule, stages};

/// `Date` has whole seconds, so a session may seem to be created up to one before it was asked for.
pub(crate) const CLOCK_GRAIN: Duration = Duration::from_secs(1);

/// Where nothing is adopted a session that seems a little too old is reported all the same: clocks
/// that do not run alike must not hide the one that was made.
pub(crate) const REPORTED_AGE: Duration = Duration::from_secs(300);

/// The pause between two looks at the list while a marked session may still show up.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How many fitting sessions an `OutcomeUnknown` reports at most.
const REPORTED: usize = 10;

#[derive(Debug)]
pub(crate) struct CreateMachine {
    rules: Rules,
    dice: Dice,
    deadline: Moment,
    stage: Stage,
    failures: u32,
    refreshed: bool,
    recreated: bool,
    last_error: Option<LiveFlowError>,
}

/// What may be done about a create whose outcome is not known.
#[derive(Debug)]
struct Rules {
    retry: crate::config::RetryConfig,
    max_retry_after: Duration,
    grace: Duration,
    can_refresh_credentials: bool,
    /// Our session carries a mark: any that carries it is ours.
    is_marked: bool,
    adopt: bool,
    recreate: bool,
}

#[derive(Debug)]
enum Stage {
    Sending,
    BackingOff,
    Looking(Looking),
}

#[derive(Debug)]
struct Looking {
    /// When the attempt ended whose effect is being looked for.
    ended: Moment,
    /// It certainly took effect, so it must not be sent again.
    took_effect: bool,
    /// The first look that showed a single fit: when it was begun, and what it showed.
    first_fit: Option<(Moment, Arc<Session>)>,
    seen: Vec<Arc<Session>>,
    failures: u32,
}

/// What came of the step that was asked for.
#[derive(Debug)]
pub(crate) enum CreateInput {
    Sent(WriteResult),
    /// A look at the list: when it was begun, and the sessions that fit ([`fits`]).
    Listed {
        begun: Moment,
        result: Result<Vec<Session>, Failure>,
    },
    Waited,
    /// Nothing more can be sent or looked at: the client is closed, or the deadline has passed.
    Stopped(LiveFlowError),
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum CreateStep {
    Send { fresh_credentials: bool },
    List,
    WaitUntil(Moment),
    Done(Result<Arc<Session>, LiveFlowError>),
}

impl CreateMachine {
    /// `alone` says that no other equal create of this client is unsettled.
    pub(crate) fn new(config: &ClientConfig, alone: bool, seed: u64, deadline: Moment) -> Self {
        let is_marked = config.correlation_member.is_some();
        Self {
            rules: Rules {
                retry: config.retry,
                max_retry_after: config.max_retry_after,
                grace: config.answer_grace,
                can_refresh_credentials: config.credentials.is_some(),
                is_marked,
                adopt: is_marked || (config.adopt_created && alone),
                recreate: config.recreate_when_unseen,
            },
            dice: Dice::new(seed),
            deadline,
            stage: Stage::Sending,
            failures: 0,
            refreshed: false,
            recreated: false,
            last_error: None,
        }
    }

    pub(crate) fn handle(&mut self, now: Moment, input: CreateInput) -> CreateStep {
        match input {
            CreateInput::Sent(Ok(Some(session))) => self.done(Ok(session)),
            CreateInput::Sent(Ok(None)) => self.look(now, true),
            CreateInput::Sent(Err(failure)) => self.attempt_failed(now, failure),
            CreateInput::Waited if matches!(self.stage, Stage::Looking(_)) => CreateStep::List,
            CreateInput::Waited => {
                self.enter(Stage::Sending);
                CreateStep::Send { fresh_credentials: false }
            }
            CreateInput::Listed { begun, result } => self.listed(now, begun, result),
            CreateInput::Stopped(_) if matches!(self.stage, Stage::Looking(_)) => self.unknown(),
            CreateInput::Stopped(error @ LiveFlowError::Closed { .. }) => self.done(Err(error)),
            CreateInput::Stopped(late) => {
                // What kept it from being sent until then tells more than that it was late.
                let error = self.last_error.take().unwrap_or(late);
                self.done(Err(error))
            }
        }
    }

    fn attempt_failed(&mut self, now: Moment, failure: Failure) -> CreateStep {
        self.last_error = Some(failure.error.clone());
        match failure.kind {
            _ if failure.is_outcome_unknown() => self.look(now, false),
            FailureKind::Unreadable | FailureKind::TooLarge => self.look(now, true),
            FailureKind::NeverLeft | FailureKind::Status(425 | 429) => {
                self.failures += 1;
                let until = now + self.pause(self.failures, &failure);
                if until >= self.deadline {
                    return self.done(Err(failure.error));
                }
                self.enter(Stage::BackingOff);
                CreateStep::WaitUntil(until)
            }
            FailureKind::Status(401) if self.rules.can_refresh_credentials && !self.refreshed => {
                self.refreshed = true;
                CreateStep::Send { fresh_credentials: true }
            }
            _ => self.done(Err(failure.error)),
        }
    }

    fn look(&mut self, now: Moment, took_effect: bool) -> CreateStep {
        self.enter(Stage::Looking(Looking {
            ended: now,
            took_effect,
            first_fit: None,
            seen: Vec::new(),
            failures: 0,
        }));
        CreateStep::List
    }

    fn listed(
        &mut self,
        now: Moment,
        begun: Moment,
        result: Result<Vec<Session>, Failure>,
    ) -> CreateStep {
        let Stage::Looking(looking) = &mut self.stage else {
            return self.unknown();
        };
        match result {
            Ok(fits) => {
                looking.seen = fits.into_iter().map(Arc::new).collect();
                self.judge(now, begun)
            }
            Err(failure) if failure.is_transient_for_reads() => {
                looking.failures += 1;
                let failures = looking.failures;
                let until = now + self.pause(failures, &failure);
                self.wait_until(until)
            }
            Err(_) => self.unknown(),
        }
    }

    /// What the sessions that fit mean.
    fn judge(&mut self, now: Moment, begun: Moment) -> CreateStep {
        let Stage::Looking(looking) = &mut self.stage else {
            return self.unknown();
        };
        let settled_at = looking.ended + self.rules.grace;
        match looking.seen.as_slice() {
            [only] if self.rules.is_marked => {
                let only = Arc::clone(only);
                self.done(Ok(only))
            }
            [only] if self.rules.adopt => {
                let only = Arc::clone(only);
                let (first_begun, first) =
                    looking.first_fit.get_or_insert((begun, Arc::clone(&only)));
                // Two looks, a grace apart, have to agree.
                let agree_at = *first_begun + self.rules.grace;
                if first.id != only.id {
                    self.unknown()
                } else if begun >= agree_at {
                    self.done(Ok(only))
                } else {
                    self.wait_until(agree_at)
                }
            }
            [] if begun >= settled_at => {
                // One that was there and is gone had been created.
                let was_seen = looking.took_effect || looking.first_fit.is_some();
                if !self.rules.recreate || was_seen || self.recreated {
                    return self.unknown();
                }
                self.recreated = true;
                self.enter(Stage::Sending);
                CreateStep::Send { fresh_credentials: false }
            }
            [] if self.rules.is_marked => {
                self.wait_until((now + LOOK_AGAIN).min(settled_at.max(now)))
            }
            [] if self.rules.adopt || self.rules.recreate => self.wait_until(settled_at),
            _ => self.unknown(),
        }
    }

    /// How long to wait after so many failures in a row: as the service asked, and no less than the
    /// backoff.
    fn pause(&mut self, failures: u32, failure: &Failure) -> Duration {
        let backoff = schedule::backoff(&self.rules.retry, failures, self.dice.unit());
        let hint = failure
            .retry_after
            .map(|hint| schedule::hinted(hint, self.rules.max_retry_after, self.dice.unit()));
        hint.map_or(backoff, |hint| hint.max(backoff))
    }

    fn wait_until(&mut self, until: Moment) -> CreateStep {
        if until >= self.deadline { self.unknown() } else { CreateStep::WaitUntil(until) }
    }

    fn unknown(&mut self) -> CreateStep {
        let (candidates, took_effect) = match &self.stage {
            Stage::Looking(looking) => (looking.seen.as_slice(), looking.took_effect),
            _ => (&[][..], false),
        };
        let what = if took_effect {
            "the service accepted the create but did not say which session it made"
        } else {
            "nothing shows whether the session was created"
        };
        let cause =
            self.last_error.as_ref().map(|error| format!(" (last: {error})")).unwrap_or_default();
        let error = LiveFlowError::OutcomeUnknown {
            context: ErrorContext {
                reason: format!(
                    "{what}{cause}; look at `candidates`, and at the flow's sessions, before you \
                     create another one"
                ),
                // To send it again without a look might be to create another one.
                retryable: false,
                ..self.last_error.as_ref().map(|e| e.context().clone()).unwrap_or_default()
            },
            candidates: candidates.iter().take(REPORTED).map(|seen| (**seen).clone()).collect(),
        };
        self.done(Err(error))
    }

    fn done(&mut self, result: Result<Arc<Session>, LiveFlowError>) -> CreateStep {
        stages::check(stages::CREATE, self.stage.name(), "End");
        CreateStep::Done(result)
    }

    fn enter(&mut self, stage: Stage) {
        stages::check(stages::CREATE, self.stage.name(), stage.name());
        self.stage = stage;
    }
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Sending => "Sending",
            Self::BackingOff => "BackingOff",
            Self::Looking(_) => "Looking",
        }
    }
}

/// What a session must be like to be the one that a create of unknown outcome brought about.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) inputs: Json,
    /// The member of the inputs that holds the unique mark, and the mark.
    pub(crate) mark: Option<(String, String)>,
    /// When the create was first sent, by this machine's wall clock.
    pub(crate) sent_at: SystemTime,
    /// How much older than that it may seem.
    pub(crate) slack: Duration,
}

impl Wanted {
    /// Whether this session fits. `clock_ahead` is how far the service's clock is ahead of ours, or
    /// behind.
    pub(crate) fn fits(&self, session: &Session, clock: ClockDifference) -> bool {
        let Some(inputs) = &session.inputs else { return false };
        if let Some((member, mark)) = &self.mark {
            return inputs.to_value().get(member).and_then(|m| m.as_str()) == Some(mark);
        }
        let not_before = clock.at_the_service(self.sent_at) - self.slack;
        inputs.means_the_same(&self.inputs)
            && session.created_at.is_none_or(|created| created >= not_before)
    }
}

/// How the service's clock differs from ours.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum ClockDifference {
    #[default]
    Unknown,
    Ahead(Duration),
    Behind(Duration),
}

impl ClockDifference {
    pub(crate) fn between(ours: SystemTime, service: Option<SystemTime>) -> Self {
        match service.map(|service| service.duration_since(ours)) {
            None => Self::Unknown,
            Some(Ok(ahead)) => Self::Ahead(ahead),
            Some(Err(behind)) => Self::Behind(behind.duration()),
        }
    }

    fn at_the_service(self, ours: SystemTime) -> SystemTime {
        match self {
            Self::Unknown => ours,
            Self::Ahead(by) => ours + by,
            Self::Behind(by) => ours - by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_clock_may_be_ahead_or_behind_or_unknown() {
        let at = |second| std::time::UNIX_EPOCH + Duration::from_secs(second);
        for (ours, service, sent, expected) in [
            (100, Some(130), 90, 120),
            (100, Some(80), 90, 70),
            (100, Some(100), 90, 90),
            (100, None, 90, 90),
        ] {
            let difference = ClockDifference::between(at(ours), service.map(at));
            assert_eq!(difference.at_the_service(at(sent)), at(expected));
        }
    }
}
