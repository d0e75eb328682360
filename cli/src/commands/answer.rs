//! `liveflow answer`: answers what a session asks, once.

use clap::Args;
use liveflow::{Json, LiveSession, Prompt, SessionEvent};

use crate::context::Context;
use crate::exit::{Code, Failure};
use crate::output::text;
use crate::terminal::Lines;

/// Answer what a session asks.
///
/// The answer goes to the question that is open now, and to no other: if somebody else answers it
/// first, this fails with exit code 9. Without TEXT the question is shown, and the answer typed.
#[derive(Args)]
pub(crate) struct Answer {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    /// The session's id
    session: String,
    /// The answer; `-` reads it from standard input
    text: Option<String>,
    /// Only if this step asks
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// TEXT is JSON, and sent as such
    #[arg(long)]
    json: bool,
}

impl Answer {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        // Without a checkpoint: that belongs to whoever follows the session.
        let live = context.client().await?.watch(flow, &self.session).await?;
        let prompt = open_prompt(&live).await?;
        let asks = prompt.step_name.as_deref().unwrap_or_default();
        if self.step.as_deref().is_some_and(|step| step != asks) {
            return Err(Failure::new(
                Code::NotTaken,
                format!("the session asks in the step {}", text::line(asks)),
            ));
        }
        let words = self.words(&prompt, context).await?;
        let answer = if self.json {
            liveflow::Answer::from(Json::parse_argument(&words, "the answer")?)
        } else {
            liveflow::Answer::from(words)
        };
        live.answer(&prompt, answer).await?;
        eprintln!("answered: {}", text::line(&prompt.text));
        Ok(())
    }

    async fn words(&self, prompt: &Prompt, context: &Context) -> Result<String, Failure> {
        match self.text.as_deref() {
            Some("-") => {
                let text = std::io::read_to_string(std::io::stdin())?;
                Ok(text.trim_end_matches(['\n', '\r']).to_owned())
            }
            Some(text) => Ok(text.to_owned()),
            None if Lines::are_typed() => {
                eprint!("? {}\n> ", text::block(&prompt.text));
                let typed = context.lines().next().await?.unwrap_or_default();
                if typed.trim().is_empty() {
                    return Err(Failure::new(Code::NotEnded, "nothing was answered"));
                }
                Ok(typed.trim().to_owned())
            }
            None => Err(Failure::usage("the answer is missing")
                .note(format!("the question is: {}", text::line(&prompt.text)))),
        }
    }
}

/// The question that is open now. A session that asks nothing is `NotTaken`.
async fn open_prompt(live: &LiveSession) -> Result<Prompt, Failure> {
    let events = live.events();
    while let Some(event) = events.next().await {
        match event {
            SessionEvent::PromptRequested { prompt } => return Ok(prompt),
            // A prompt follows the status in the same look.
            SessionEvent::StatusChanged { current, .. }
                if current != liveflow::SessionStatus::WaitingForUserInput =>
            {
                return Err(not_asking(live));
            }
            SessionEvent::Finished { .. } | SessionEvent::Failed { .. } => {
                return Err(not_asking(live));
            }
            SessionEvent::WatchEnded { reason } => return Err(reason.into()),
            _ => {}
        }
    }
    Err(not_asking(live))
}

fn not_asking(live: &LiveSession) -> Failure {
    let status = live.snapshot().map_or("UNRECOGNISED", |session| session.status.as_str());
    Failure::new(Code::NotTaken, format!("the session asks nothing: it is {status}"))
}
