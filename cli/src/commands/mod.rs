//! The subcommands, one a file.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod man;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod sessions;
pub(crate) mod show;
pub(crate) mod simulate;
pub(crate) mod watch;

use std::time::Duration;

use clap::Args;
use liveflow::{LiveSession, SessionStatus};

use crate::answers::Answers;
use crate::checkpoints::Checkpoints;
use crate::exit::{Code, Failure};
use crate::follow::follow;
use crate::output::report::{Report, report};
use crate::output::time::parse_span;

/// How a followed session is shown.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Shown {
    /// One JSON object a line on standard output, for each event
    #[arg(long)]
    pub(crate) json: bool,
    /// Nothing but questions, the result and errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Stop watching after this time (as 90s or 2h); the session goes on
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub(crate) timeout: Option<Duration>,
}

impl Shown {
    pub(crate) fn report(&self) -> Box<dyn Report> {
        report(self.json, self.quiet)
    }

    /// Follows a session to its end; one that failed is `SessionFailed`.
    pub(crate) async fn follow(
        &self,
        live: &LiveSession,
        answers: Option<&Answers<'_>>,
        is_new: bool,
    ) -> Result<(), Failure> {
        let report = self.report();
        report.begins(live, is_new);
        match follow(live, &*report, answers).await {
            Ok(session) => {
                report.ends(&session);
                match session.status {
                    SessionStatus::Failed => Err(Failure::told(Code::SessionFailed)),
                    _ => Ok(()),
                }
            }
            Err(failure) => {
                report.fails(&failure);
                Err(failure)
            }
        }
    }

    /// As [`Shown::follow`], with a checkpoint until the end. Where it does not come to that, the user
    /// is told how to go on.
    pub(crate) async fn follow_kept(
        &self,
        live: &LiveSession,
        answers: &Answers<'_>,
        checkpoints: &Checkpoints,
        is_new: bool,
    ) -> Result<(), Failure> {
        let result = self.follow(live, Some(answers), is_new).await;
        match result.as_ref().map_err(|failure| failure.code) {
            Ok(()) | Err(Code::SessionFailed | Code::NotFound) => {
                checkpoints.end(live.id()).await?;
                result
            }
            Err(_) => result.map_err(|failure| {
                failure.note(format!("to go on: {}", checkpoints.how_to_go_on(live)))
            }),
        }
    }
}
