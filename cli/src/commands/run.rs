//! `liveflow run`: a session from its start to its result.

use clap::Args;
use liveflow::Client;

use super::Shown;
use crate::answers::{AnswerOptions, Answers};
use crate::checkpoints::Checkpoints;
use crate::context::Context;
use crate::exit::Failure;
use crate::inputs::Inputs;

/// Start a session, follow it, answer its questions, print its result.
#[derive(Args)]
pub(crate) struct Run {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    shown: Shown,
    /// Start the session, print its id, and follow it no further
    #[arg(long, conflicts_with_all = ["answers_from_stdin", "texts", "json_answers", "timeout"])]
    detach: bool,
    #[command(flatten)]
    answers: AnswerOptions,
}

impl Run {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        let inputs = self.inputs.read()?;
        let mut config = context.client_config().await?;
        if self.detach {
            let session = Client::new(config)?.create_session(flow, inputs).await?;
            crate::output::print(session.id.as_str());
            return Ok(());
        }
        let checkpoints = Checkpoints::open(context, &mut config)?;
        if let Some(timeout) = self.shown.timeout {
            config.watch_limit = timeout;
        }
        let live = Client::new(config)?.start(flow, inputs).await?;
        context.following(checkpoints.ways_on(&live));
        let answers = Answers::new(&self.answers, context.lines());
        self.shown.follow_kept(&live, &answers, &checkpoints, true).await
    }
}
