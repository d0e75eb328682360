//! `liveflow cancel`: ends sessions at the service.

use clap::Args;
use liveflow::SessionStatus;

use crate::context::Context;
use crate::exit::Failure;

/// Cancel sessions: they end as failed, at once.
#[derive(Args)]
pub(crate) struct Cancel {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    /// The ids of the sessions
    #[arg(required = true)]
    sessions: Vec<String>,
}

impl Cancel {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        let client = context.client().await?;
        let mut failed: Option<Failure> = None;
        for id in &self.sessions {
            match client.cancel_session(&flow, id).await {
                Ok(session) if session.status == SessionStatus::Finished => {
                    eprintln!("{id}: had finished before");
                }
                Ok(_) => eprintln!("{id}: cancelled"),
                Err(error) => {
                    let failure = Failure::from(error);
                    if let Some(earlier) = failed.replace(failure) {
                        earlier.tell();
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
