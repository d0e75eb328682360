//! `liveflow sessions`: the sessions of a flow.

use std::cmp::Reverse;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use liveflow::{Session, SessionStatus};
use serde_json::Value;

use crate::context::Context;
use crate::exit::Failure;
use crate::inputs::input;
use crate::output::table::Table;
use crate::output::time::{ago, parse_span};
use crate::output::{print, steps, text, value, width};

/// List the sessions of a flow, newest first.
#[derive(Args)]
pub(crate) struct Sessions {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    #[command(flatten)]
    filter: Filter,
    /// Show at most this many; 0 shows all
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
    /// One session a line, as the service gave it
    #[arg(long)]
    json: bool,
}

/// Which sessions are meant.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// Only sessions in this state; may be repeated
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    status: Vec<State>,
    /// Only sessions that began within this time (as 30m or 2d)
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    since: Option<Duration>,
    /// Only sessions with this input; may be repeated
    #[arg(long = "with-input", value_name = "NAME=VALUE", value_parser = input)]
    inputs: Vec<(String, Value)>,
}

/// A session's state, as it is written in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Not ended
    Active,
    Ready,
    Running,
    Waiting,
    Finished,
    Failed,
    /// A status that is not known here
    Unknown,
}

impl State {
    fn fits(self, status: SessionStatus) -> bool {
        match self {
            Self::Active => !status.is_end(),
            Self::Ready => status == SessionStatus::Ready,
            Self::Running => status == SessionStatus::Running,
            Self::Waiting => status == SessionStatus::WaitingForUserInput,
            Self::Finished => status == SessionStatus::Finished,
            Self::Failed => status == SessionStatus::Failed,
            Self::Unknown => status == SessionStatus::Unrecognised,
        }
    }
}

impl Filter {
    /// Those that have not ended.
    pub(crate) fn active() -> Self {
        Self { status: vec![State::Active], ..Self::default() }
    }

    fn fits(&self, session: &Session, now: SystemTime) -> bool {
        let is_young = self.since.is_none_or(|since| {
            session.created_at.is_some_and(|at| now.duration_since(at).unwrap_or_default() <= since)
        });
        let has_inputs = self.inputs.is_empty() || {
            let inputs = session.inputs.as_ref().map(liveflow::Json::to_value);
            let inputs = inputs.unwrap_or(Value::Null);
            self.inputs.iter().all(|(name, value)| inputs.get(name) == Some(value))
        };
        let fits_status =
            self.status.is_empty() || self.status.iter().any(|it| it.fits(session.status));
        is_young && has_inputs && fits_status
    }
}

/// The newest sessions that fit, newest first. The list is read as it arrives, and at most twice
/// `limit` of it is held; 0 is no limit.
pub(crate) async fn newest(
    client: &liveflow::Client,
    flow: &liveflow::LiveFlowId,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Session>, Failure> {
    let now = SystemTime::now();
    let mut sessions = client.iter_sessions(flow)?;
    let mut kept = Vec::new();
    while let Some(session) = sessions.next().await {
        let session = session?;
        if filter.fits(&session, now) {
            kept.push(session);
            if limit > 0 && kept.len() >= limit.saturating_mul(2) {
                keep_newest(&mut kept, limit);
            }
        }
    }
    keep_newest(&mut kept, if limit == 0 { usize::MAX } else { limit });
    Ok(kept)
}

fn keep_newest(sessions: &mut Vec<Session>, limit: usize) {
    sessions.sort_by_key(|session| Reverse(session.created_at));
    sessions.truncate(limit);
}

impl Sessions {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        let client = context.client().await?;
        let sessions = newest(&client, &flow, &self.filter, self.limit).await?;
        if self.json {
            for session in &sessions {
                print(&text::json(&value::one_line(&session.raw_json)));
            }
            return Ok(());
        }
        if sessions.is_empty() {
            eprintln!("no such sessions");
            return Ok(());
        }
        let now = SystemTime::now();
        let table = Table {
            headers: &["SESSION", "STATUS", "STEP", "DONE", "BEGAN", "CHANGED"],
            flexible: 2,
            rows: sessions.iter().map(|session| row(session, now)).collect(),
        };
        for line in table.lines(width()) {
            print(&line);
        }
        Ok(())
    }
}

fn row(session: &Session, now: SystemTime) -> Vec<String> {
    let when = |time: Option<SystemTime>| time.map_or_else(|| "-".to_owned(), |at| ago(at, now));
    let progress = session.progress();
    let step = session.current_step.as_ref().or(session.steps.last());
    vec![
        session.id.to_string(),
        steps::status_word(session.status, &session.raw_status, false),
        step.map_or_else(|| "-".to_owned(), steps::name),
        format!("{}/{}", progress.done, progress.known),
        when(session.created_at),
        when(session.updated_at),
    ]
}
