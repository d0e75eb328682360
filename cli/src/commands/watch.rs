//! `liveflow watch`: looks on.

use clap::Args;
use liveflow::{Client, ClientConfig, LiveFlowId, LiveSession, SessionId};

use super::Shown;
use super::sessions::{Filter, newest};
use crate::answers::{AnswerOptions, Answers};
use crate::checkpoints::Checkpoints;
use crate::context::Context;
use crate::exit::Failure;
use crate::output::board::{Board, watch_all};

/// Look on as sessions proceed; several in a live table.
///
/// One session is followed step by step; its questions are shown, and answered only with --ask.
/// Several, or none named (then all that are active), are shown in a table.
#[derive(Args)]
pub(crate) struct Watch {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    /// The ids of the sessions; without any, all of the flow that are active
    sessions: Vec<String>,
    /// Answer the session's questions, as `run` does
    #[arg(long)]
    ask: bool,
    /// Watch at most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    answers: AnswerOptions,
}

impl Watch {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        let mut config = context.client_config().await?;
        if let Some(timeout) = self.shown.timeout {
            config.watch_limit = timeout;
        }
        let answers = self.answers.answers_anything() || self.ask;
        if answers && self.sessions.len() != 1 {
            return Err(Failure::usage("to answer questions, name one session"));
        }
        if let [session] = &*self.sessions {
            return self.one(context, config, &flow, session, answers).await;
        }
        let client = Client::new(config)?;
        let sessions = self.several(&client, &flow).await?;
        if sessions.is_empty() {
            eprintln!("no session is active");
            return Ok(());
        }
        context.following(vec![("look on:", format!("liveflow watch {flow}"))]);
        watch_all(&sessions, Board::new(self.shown.json, self.shown.quiet)).await
    }

    async fn one(
        &self,
        context: &Context,
        mut config: ClientConfig,
        flow: &LiveFlowId,
        session: &str,
        asks: bool,
    ) -> Result<(), Failure> {
        if asks {
            let checkpoints = Checkpoints::open(context, &mut config)?;
            let live = Client::new(config)?.watch(flow, session).await?;
            context.following(checkpoints.ways_on(&live));
            let answers = Answers::new(&self.answers, context.lines());
            return self.shown.follow_kept(&live, &answers, &checkpoints, false).await;
        }
        let live = Client::new(config)?.watch(flow, session).await?;
        context.following(vec![("look on:", format!("liveflow watch {flow} {}", live.id()))]);
        self.shown.follow(&live, None, false).await
    }

    async fn several(
        &self,
        client: &Client,
        flow: &LiveFlowId,
    ) -> Result<Vec<LiveSession>, Failure> {
        let mut ids = Vec::new();
        for given in &self.sessions {
            ids.push(SessionId::parse(given)?);
        }
        if ids.is_empty() {
            let active = newest(client, flow, &Filter::active(), self.limit).await?;
            ids = active.into_iter().map(|session| session.id).collect();
        }
        let mut live = Vec::new();
        for id in ids {
            live.push(client.watch(flow, id).await?);
        }
        Ok(live)
    }
}
