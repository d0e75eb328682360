//! What outlives the process: enough to go on with a session after a restart.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::error::{LiveFlowError, Result};
use crate::ids::{LiveFlowId, SessionId, StepRunId};
use crate::json::Json;
use crate::session::Prompt;

use super::event::PromptCloseReason;
use super::kept_time;
use super::prompts::{Fate, Fingerprint, Prompts};

/// The form of checkpoint that this version writes and reads.
const VERSION: u32 = 1;

/// A session's checkpoint. Its text form ([`Checkpoint::to_text`]) can be kept anywhere; it holds
/// the text of an answer that is under way, so keep it as safe as the answers themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    live_flow_id: LiveFlowId,
    session_id: SessionId,
    #[serde(default)]
    number: u64,
    /// When the session had last changed: what a replica of the service shows of before is stale.
    #[serde(default, with = "kept_time")]
    updated_at: Option<SystemTime>,
    #[serde(default)]
    prompts: Vec<KeptPrompt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Box<KeptAnswer>>,
    /// Answers that no consumer has been told of yet: they may not have arrived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unresolved: Vec<KeptAnswer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptPrompt {
    run: StepRunId,
    round: u32,
    fingerprint: Fingerprint,
    /// How it ended; none while it is open.
    closed: Option<Closed>,
    /// While it is open: an answer of ours that may have arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<Json>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Closed {
    Answered,
    AnsweredElsewhere,
    SessionEnded,
    Unknown,
}

/// An answer that was under way, or that is unresolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    pub(super) run: StepRunId,
    pub(super) round: u32,
    pub(super) step_name: Option<String>,
    pub(super) prompt_text: String,
    pub(super) prompt_kind: Option<String>,
    pub(super) prompt_raw: Option<Json>,
    pub(super) answer: Json,
    pub(super) idempotency_key: String,
    /// When it was stored, by the wall clock, in milliseconds since 1970: for people who look.
    pub(super) time: u64,
}

impl KeptAnswer {
    pub(super) fn prompt(&self) -> Prompt {
        Prompt {
            run_id: self.run.clone(),
            round: self.round,
            step_name: self.step_name.clone(),
            text: self.prompt_text.clone(),
            kind: self.prompt_kind.clone(),
            raw: self.prompt_raw.clone(),
        }
    }
}

impl Checkpoint {
    pub(super) fn new(
        live_flow_id: LiveFlowId,
        session_id: SessionId,
        number: u64,
        updated_at: Option<SystemTime>,
        prompts: &Prompts,
        answer: Option<KeptAnswer>,
        unresolved: Vec<KeptAnswer>,
    ) -> Self {
        let prompts = prompts
            .entries()
            .iter()
            .map(|entry| KeptPrompt {
                run: entry.run.clone(),
                round: entry.round,
                fingerprint: entry.fingerprint.clone(),
                closed: match entry.fate {
                    Fate::Open(_) => None,
                    Fate::Closed(reason) => Some(reason.into()),
                },
                sent: entry.sent().filter(|_| matches!(entry.fate, Fate::Open(_))).cloned(),
            })
            .collect();
        Self {
            version: VERSION,
            live_flow_id,
            session_id,
            number,
            updated_at,
            prompts,
            answer: answer.map(Box::new),
            unresolved,
        }
    }

    /// The flow of the session.
    pub fn live_flow_id(&self) -> &LiveFlowId {
        &self.live_flow_id
    }

    /// The session.
    pub fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// Rises with each checkpoint of one session.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The text to keep.
    pub fn to_text(&self) -> String {
        // Strings and numbers only: this cannot fail, and an empty text is refused when read.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Checkpoint::to_text`] gave. A damaged one, or one of a newer version, is
    /// `InvalidRequest` naming `checkpoint`.
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let refuse = |reason: String| LiveFlowError::invalid_argument("checkpoint", reason);
        // Only the place: what stands there may be an answer, and of any length.
        let place = |error: &serde_json::Error| {
            format!("at line {} column {}", error.line(), error.column())
        };
        let Versioned { version } = serde_json::from_str(text).map_err(|error| {
            refuse(format!("this is not a checkpoint, or a damaged one ({})", place(&error)))
        })?;
        if version != VERSION {
            return Err(refuse(format!(
                "this checkpoint is of version {version}, this library reads version {VERSION}: \
                 it was written by another version of the library"
            )));
        }
        let kept: Self = serde_json::from_str(text)
            .map_err(|error| refuse(format!("this checkpoint is damaged ({})", place(&error))))?;
        // Deserialising does not look at the form of ids, and they end up in paths.
        LiveFlowId::parse(kept.live_flow_id.as_str())
            .and(SessionId::parse(kept.session_id.as_str()))
            .map_err(|_| refuse("this checkpoint is damaged: its ids are not UUIDs".to_owned()))?;
        // Both are counted on from, and nothing ever counts this far.
        let is_counted = kept.number < u64::MAX / 2
            && kept.prompts.iter().all(|prompt| prompt.round < u32::MAX / 2);
        if !is_counted {
            return Err(refuse("this checkpoint is damaged: its numbers are too large".to_owned()));
        }
        Ok(kept)
    }

    pub(super) fn updated_at(&self) -> Option<SystemTime> {
        self.updated_at
    }

    /// The prompts, the answer that was under way, and those that are unresolved.
    pub(super) fn into_parts(self) -> (Prompts, Option<KeptAnswer>, Vec<KeptAnswer>) {
        let mut prompts = Prompts::default();
        for kept in self.prompts {
            let fate = match kept.closed {
                Some(closed) => Fate::Closed(closed.into()),
                // Announced again after a restart, in the words of the snapshot that shows it.
                None => Fate::Open(Box::new(Prompt {
                    run_id: kept.run.clone(),
                    round: kept.round,
                    step_name: None,
                    text: String::new(),
                    kind: None,
                    raw: None,
                })),
            };
            prompts.add(kept.run.clone(), kept.round, kept.fingerprint, fate);
            prompts.remember_sent(&kept.run, kept.round, kept.sent.as_ref());
        }
        (prompts, self.answer.map(|answer| *answer), self.unresolved)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl FromStr for Checkpoint {
    type Err = LiveFlowError;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<PromptCloseReason> for Closed {
    fn from(reason: PromptCloseReason) -> Self {
        match reason {
            PromptCloseReason::Answered => Self::Answered,
            PromptCloseReason::AnsweredElsewhere => Self::AnsweredElsewhere,
            PromptCloseReason::SessionEnded => Self::SessionEnded,
            PromptCloseReason::WatchEnded | PromptCloseReason::Unknown => Self::Unknown,
        }
    }
}

impl From<Closed> for PromptCloseReason {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Answered => Self::Answered,
            Closed::AnsweredElsewhere => Self::AnsweredElsewhere,
            Closed::SessionEnded => Self::SessionEnded,
            Closed::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 1 writes it. What is stored in the field has to stay readable.
    const VERSION_1: &str = r#"{"version":1,"live_flow_id":"f6a0e47b-23ca-471a-83da-1ed29e2c1dbe","session_id":"11111111-2222-3333-4444-555555555555","number":7,"updated_at":{"secs_since_epoch":1704067210,"nanos_since_epoch":500000000},"prompts":[{"run":"a","round":0,"fingerprint":{"prompt":12638153115695167455,"changed_at":null},"closed":"answered_elsewhere"},{"run":"b","round":1,"fingerprint":{"prompt":1,"changed_at":{"secs_since_epoch":1704067210,"nanos_since_epoch":0}},"closed":null,"sent":"1000"}],"answer":{"run":"b","round":1,"step_name":"ask","prompt_text":"Budget?","prompt_kind":null,"prompt_raw":{"prompt":"Budget?"},"answer":"1000","idempotency_key":"key","time":1704067210000}}"#;

    #[test]
    fn version_1_is_read_and_written_as_it_always_was() {
        let checkpoint = Checkpoint::parse(VERSION_1).unwrap();
        assert_eq!(checkpoint.number(), 7);
        assert_eq!(checkpoint.to_text(), VERSION_1);
        let (prompts, answer, unresolved) = checkpoint.into_parts();
        assert_eq!((prompts.entries().len(), unresolved.len()), (2, 0));
        assert_eq!(prompts.entries()[0].fate, Fate::Closed(PromptCloseReason::AnsweredElsewhere));
        assert_eq!(answer.unwrap().prompt().text, "Budget?");
    }

    #[test]
    fn what_only_the_first_checkpoints_had_is_enough() {
        let (ids, _) = VERSION_1.split_once(r#","number""#).unwrap();
        let checkpoint = Checkpoint::parse(&format!("{ids}}}")).unwrap();
        assert_eq!((checkpoint.number(), checkpoint.updated_at()), (0, None));
    }

    #[test]
    fn a_time_before_1970_is_kept_like_any_other() {
        let strange = VERSION_1.replace("1704067210,", "-856808884,");
        assert_eq!(Checkpoint::parse(&strange).unwrap().to_text(), strange);
    }

    #[test]
    fn damage_is_placed_and_not_quoted() {
        let damaged = VERSION_1.replace("\"1000\",\"idem", "\"private\",\"idem");
        for (from, to) in
            [("\"number\":7", "\"number\":\"private\""), (":1,\"live", ":\"private\",\"live")]
        {
            let error = Checkpoint::parse(&damaged.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains("line 1 column") && !error.contains("private"), "{error}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_counted_on_from_are_damage() {
        for (from, name, limit) in [
            ("\"number\":7", "number", u64::MAX / 2),
            ("\"round\":1", "round", u64::from(u32::MAX / 2)),
        ] {
            let counted =
                |to: u64| Checkpoint::parse(&VERSION_1.replace(from, &format!("\"{name}\":{to}")));
            assert!(counted(limit - 1).is_ok(), "{name}");
            let error = counted(limit).unwrap_err();
            assert!(error.to_string().contains("damaged"), "{error}");
        }
    }

    #[test]
    fn it_is_displayed_as_the_text_that_is_parsed() {
        let checkpoint: Checkpoint = VERSION_1.parse().unwrap();
        assert_eq!(checkpoint.to_string(), VERSION_1);
    }

    #[test]
    fn members_of_a_later_library_of_the_same_version_are_passed_over() {
        let text = VERSION_1.replacen('{', r#"{"later":true,"#, 1);
        assert_eq!(Checkpoint::parse(&text), Checkpoint::parse(VERSION_1));
    }

    #[test]
    fn every_reason_survives_but_the_end_of_the_watch_which_a_restart_undoes() {
        use PromptCloseReason::{Answered, AnsweredElsewhere, SessionEnded, Unknown, WatchEnded};
        for (reason, kept) in [
            (Answered, Answered),
            (AnsweredElsewhere, AnsweredElsewhere),
            (SessionEnded, SessionEnded),
            (Unknown, Unknown),
            (WatchEnded, Unknown),
        ] {
            assert_eq!(PromptCloseReason::from(Closed::from(reason)), kept);
        }
    }
}
