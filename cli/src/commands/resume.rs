//! `liveflow resume`: goes on with what was being followed.

use clap::Args;
use liveflow::Client;

use super::Shown;
use crate::answers::{AnswerOptions, Answers};
use crate::checkpoints::Checkpoints;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::board::{Board, watch_all};

/// Go on with sessions that were being followed, from their checkpoints.
///
/// One session is followed as `run` does. If several have a checkpoint and none is named, they are
/// watched in a table, and nothing is answered.
#[derive(Args)]
pub(crate) struct Resume {
    /// The session's id; without it, all that have a checkpoint
    session: Option<String>,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    answers: AnswerOptions,
}

impl Resume {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let mut config = context.client_config().await?;
        if let Some(timeout) = self.shown.timeout {
            config.watch_limit = timeout;
        }
        let checkpoints = Checkpoints::open(context, &mut config)?;
        let found = checkpoints.find(self.session.as_deref()).await?;
        let client = Client::new(config)?;
        let mut sessions = Vec::new();
        for checkpoint in &found {
            sessions.push(client.restore(checkpoint).await?);
        }
        match &*sessions {
            [] => {
                eprintln!("there is nothing to go on with");
                Ok(())
            }
            [live] => {
                context.following(checkpoints.ways_on(live));
                let answers = Answers::new(&self.answers, context.lines());
                self.shown.follow_kept(live, &answers, &checkpoints, false).await
            }
            _ => {
                context.following(vec![("go on:", "liveflow resume".to_owned())]);
                let board = Board::new(self.shown.json, self.shown.quiet);
                let result = watch_all(&sessions, board).await;
                for live in &sessions {
                    if live.snapshot().is_some_and(|session| session.status.is_end()) {
                        checkpoints.end(live.id()).await?;
                    }
                }
                result
            }
        }
    }
}
