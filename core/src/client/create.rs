//! Create session, driven by its machine.

use std::sync::Arc;
use std::time::SystemTime;

use crate::config::CreateBody;
use crate::engine::{Engine, Job, Reply, now, seed, unique_key};
use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::failure::Failure;
use crate::ids::LiveFlowId;
use crate::json::Json;
use crate::machine::{
    CLOCK_GRAIN, ClockDifference, CreateInput, CreateMachine, CreateStep, Moment, REPORTED_AGE,
    Wanted,
};
use crate::service::ListPage;
use crate::session::Session;

use super::Client;

impl Client {
    pub(super) async fn create(&self, flow: LiveFlowId, inputs: Json) -> Result<Arc<Session>> {
        let (inputs, mark) = self.mark(&inputs)?;
        let alone = {
            let mut own = self.own();
            let equal = |(f, i): &(LiveFlowId, Json)| *f == flow && i.means_the_same(&inputs);
            let alone = !own.creating.iter().any(equal);
            own.creating.push((flow.clone(), inputs.clone()));
            alone
        };
        let creating = Creating {
            client: self.clone(),
            engine: Arc::clone(&self.engine),
            flow: flow.clone(),
            wanted: Wanted {
                inputs: inputs.clone(),
                mark,
                sent_at: SystemTime::now(),
                slack: if self.engine.config().adopt_created { CLOCK_GRAIN } else { REPORTED_AGE },
            },
            idempotency_key: unique_key(),
        };
        let unsettled = Unsettled { client: self, flow, inputs };
        let session = self.engine.run(creating.drive(alone)).await?;
        drop(unsettled);
        self.remember(&session.id);
        Ok(session)
    }

    /// Checks the inputs, and writes the unique mark into them where the configuration asks for one.
    fn mark(&self, inputs: &Json) -> Result<(Json, Option<(String, String)>)> {
        let config = self.engine.config();
        let mut value = inputs.to_value();
        let Some(members) = value.as_object_mut() else {
            // A bare body may be whatever the flow's trigger takes.
            if config.endpoints.create_body == CreateBody::Bare
                && config.correlation_member.is_none()
            {
                return Ok((inputs.clone(), None));
            }
            return Err(LiveFlowError::invalid_argument("inputs", "inputs must be a JSON object"));
        };
        let Some(member) = &config.correlation_member else { return Ok((inputs.clone(), None)) };
        let mark = unique_key();
        members.insert(member.clone(), serde_json::Value::from(mark.clone()));
        Ok((Json::from_value(&value)?, Some((member.clone(), mark))))
    }
}

/// Takes a create off the list of unsettled ones, however it ends.
struct Unsettled<'a> {
    client: &'a Client,
    flow: LiveFlowId,
    inputs: Json,
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        let mut own = self.client.own();
        let this =
            |(flow, inputs): &(LiveFlowId, Json)| *flow == self.flow && *inputs == self.inputs;
        if let Some(at) = own.creating.iter().position(this) {
            own.creating.swap_remove(at);
        }
    }
}

struct Creating {
    client: Client,
    engine: Arc<Engine>,
    flow: LiveFlowId,
    wanted: Wanted,
    idempotency_key: String,
}

impl Creating {
    async fn drive(self, alone: bool) -> Result<Arc<Session>> {
        let deadline = self.engine.deadline();
        let mut machine = CreateMachine::new(self.engine.config(), alone, seed(), deadline);
        let mut step = CreateStep::Send { fresh_credentials: false };
        loop {
            let input = match step {
                CreateStep::Done(result) => return result,
                CreateStep::WaitUntil(until) => match self.engine.sleep_until(until).await {
                    Ok(()) => CreateInput::Waited,
                    Err(closed) => CreateInput::Stopped(closed),
                },
                CreateStep::Send { fresh_credentials } => {
                    let job = Job::Create {
                        flow: self.flow.clone(),
                        inputs: self.wanted.inputs.clone(),
                        idempotency_key: self.idempotency_key.clone(),
                    };
                    match self.engine.ask(job, deadline, fresh_credentials).await {
                        Reply::Write(result) => CreateInput::Sent(result),
                        _ => CreateInput::Stopped(self.not_started()),
                    }
                }
                CreateStep::List => {
                    let begun = now();
                    match self.look(deadline).await {
                        Some(result) => CreateInput::Listed { begun, result },
                        None => CreateInput::Stopped(self.not_started()),
                    }
                }
            };
            step = machine.handle(now(), input);
        }
    }

    /// The sessions that this create could have brought about. `None` when they cannot be asked for.
    async fn look(&self, deadline: Moment) -> Option<Result<Vec<Session>, Failure>> {
        let own = self.client.own().ids();
        let mut fits = Vec::new();
        let mut page = ListPage::default();
        loop {
            let job = Job::List { flow: self.flow.clone(), page };
            let mut list = match self.engine.ask(job, deadline, false).await {
                Reply::List(Ok(list)) => list,
                Reply::List(Err(failure)) => return Some(Err(failure)),
                _ => return None,
            };
            let clock = ClockDifference::between(SystemTime::now(), list.date());
            while let Some(session) = list.next().await {
                match session {
                    Ok(session) if own.contains(&session.id) => {}
                    Ok(session) if self.wanted.fits(&session, clock) => fits.push(session),
                    Ok(_) => {}
                    Err(failure) => return Some(Err(failure)),
                }
            }
            match list.next_page() {
                Some(next) => page = next,
                None => return Some(Ok(fits)),
            }
        }
    }

    fn not_started(&self) -> LiveFlowError {
        self.engine.check().err().unwrap_or_else(|| LiveFlowError::RequestTimeout {
            context: ErrorContext {
                retryable: true,
                ..ErrorContext::new(
                    "the deadline passed before the create could be sent; nothing was sent",
                )
            },
        })
    }
}
