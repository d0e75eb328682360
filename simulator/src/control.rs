//! What a test can do beyond the calls: the same for Rust and for HTTP.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::connection::{Connection, Cut};
use crate::faults::{FaultRule, InvalidFault};
use crate::file::InvalidFile;
use crate::flow::Flow;
use crate::journal::{By, Journal, SessionRecord};
use crate::json::Json;
use crate::server::Gate;
use crate::service::Service;
use crate::session::body::View;
use crate::session::{Answer, Entry, Refused};

/// Why a control request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such session.
    #[error("there is no session {0}")]
    UnknownSession(Uuid),
    /// No question is open.
    #[error("the session is not waiting for an answer")]
    NotWaiting,
    /// The step refuses this answer.
    #[error("the session's step refuses this answer")]
    NotAccepted,
    /// The session waits: only an answer gets it further.
    #[error("the session waits for an answer: answer it, or let it fail")]
    Waiting,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// How an outage looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// The port refuses connections.
    #[default]
    Refuse,
    /// The port takes connections and resets them at the first request.
    Reset,
}

impl Service {
    /// `after`: only requests with a greater number.
    pub(crate) fn look(&self, session: Option<Uuid>, after: u64) -> Journal {
        let now = self.clock.now();
        let wanted = |id| session.is_none_or(|session| session == id);
        let sessions = self
            .sessions
            .all()
            .iter()
            .filter(|entry| wanted(entry.id))
            .map(|entry| {
                let mut session = entry.lock();
                session.advance_to(now);
                SessionRecord {
                    id: entry.id,
                    flow: entry.flow,
                    inputs_at_create: session.inputs.value(),
                    idempotency_key: session.idempotency_key.clone(),
                    status: session.status(),
                    cancelled: session.cancelled,
                    inputs: session.answers.clone(),
                }
            })
            .collect();
        let wanted = |it: &crate::journal::RequestRecord| {
            it.number > after && (session.is_none() || it.session == session)
        };
        self.journal.look(wanted, sessions)
    }

    pub(crate) fn upload_flow(&self, id: Uuid, text: &str) -> Result<String, InvalidFile> {
        let flow = Flow::parse(text, Some(id), self.clock.now())?;
        let name = flow.name.clone();
        self.put_flow(flow);
        Ok(name)
    }

    /// All of them or none.
    pub(crate) fn add_checked_faults(&self, rules: Vec<FaultRule>) -> Result<usize, InvalidFault> {
        rules.iter().try_for_each(FaultRule::check)?;
        Ok(self.add_faults(rules))
    }

    pub(crate) fn answer_elsewhere(&self, id: Uuid, answer: &Value) -> Result<Bytes, ControlError> {
        let entry = self.entry(id)?;
        let answer = Answer {
            input: Json::new(answer),
            by: By::Elsewhere,
            idempotency_key: None,
            time_ms: self.journal.time_ms(),
        };
        entry.lock().answer(self.clock.now(), answer).map_err(|refused| match refused {
            Refused::NotWaiting => ControlError::NotWaiting,
            Refused::NotAccepted => ControlError::NotAccepted,
        })?;
        Ok(self.body_of(&entry))
    }

    /// Ends the current step now, or fails it.
    pub(crate) fn advance(&self, id: Uuid, fail: Option<&str>) -> Result<Bytes, ControlError> {
        let entry = self.entry(id)?;
        {
            let mut session = entry.lock();
            let now = self.clock.now();
            session.advance_to(now);
            let ended = session.state().progress.has_ended();
            let done = match fail {
                Some(error) => session.fail_now(now, error),
                None => session.finish_step_now(now),
            };
            if !done {
                return Err(if ended { ControlError::Ended } else { ControlError::Waiting });
            }
        }
        Ok(self.body_of(&entry))
    }

    pub(crate) fn session_body(&self, id: Uuid) -> Result<Bytes, ControlError> {
        Ok(self.body_of(&*self.entry(id)?))
    }

    fn body_of(&self, entry: &Entry) -> Bytes {
        let active = self.active();
        let mut session = entry.lock();
        session.advance_to(self.clock.now());
        session.body(&View::default(), &active.settings, active.generation)
    }

    fn entry(&self, id: Uuid) -> Result<Arc<Entry>, ControlError> {
        self.sessions.get(id).ok_or(ControlError::UnknownSession(id))
    }
}

/// The service together with its port.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) service: Arc<Service>,
    pub(crate) gate: Gate,
}

impl Controls {
    /// Begins an outage. The connection that asks for it lives on, so that it can be answered.
    pub(crate) async fn begin_outage(
        &self,
        outage: Outage,
        asking: Option<&Arc<Connection>>,
        lasts: Option<Duration>,
    ) -> io::Result<()> {
        let service = &self.service;
        let number = service.outages.fetch_add(1, Ordering::SeqCst) + 1;
        service.accepting.store(false, Ordering::SeqCst);
        self.gate.set_open(outage == Outage::Reset).await?;
        service.connections.cut_all(asking, Cut::Reset);
        if let Some(lasts) = lasts {
            let controls = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(lasts).await;
                if controls.service.outages.load(Ordering::SeqCst) == number {
                    // When it fails the simulator has stopped, and the outage with it.
                    let _ = controls.end_outage().await;
                }
            });
        }
        Ok(())
    }

    pub(crate) async fn end_outage(&self) -> io::Result<()> {
        self.service.outages.fetch_add(1, Ordering::SeqCst);
        self.service.accepting.store(true, Ordering::SeqCst);
        self.gate.set_open(true).await
    }
}
