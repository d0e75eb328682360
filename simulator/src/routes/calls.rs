//! The calls of the service.

use std::sync::{Arc, PoisonError};

use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode, Uri};
use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use super::checks::Problems;
use super::reply::{FieldError, Reply};
use super::table::Call;
use crate::flow::Flow;
use crate::idempotency::Repetition;
use crate::journal::By;
use crate::json::Json;
use crate::service::{Active, Service};
use crate::session::body::View;
use crate::session::{Answer, Entry, NewSession, Refused};
use crate::settings::{AnswersWith, CreateBody};

/// A request that was recognised as a call.
pub(crate) struct Asked {
    pub(crate) call: Call,
    pub(crate) flow: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Asked {
    fn idempotency_key(&self) -> Option<String> {
        let key = self.headers.get("idempotency-key")?.to_str().ok()?;
        Some(key.to_owned())
    }
}

impl Service {
    /// Carries a call out.
    pub(crate) fn perform(&self, asked: &Asked, view: &View) -> Reply {
        let active = self.active();
        let org = active.settings.required_org_id.as_deref();
        let call = Performance { service: self, asked, active: &active, view };
        self.authorise(&asked.headers, org)
            .and_then(|()| match asked.call {
                Call::GetLiveFlows => Ok(call.get_live_flows()),
                Call::GetLiveFlow => call.get_live_flow(),
                Call::CreateSession => call.create_session(),
                Call::GetSessions => call.get_sessions(),
                Call::GetSession => call.get_session(),
                Call::AddUserInput => call.add_user_input(),
                Call::CancelSession => call.cancel_session(),
            })
            .unwrap_or_else(|refusal| refusal)
    }
}

struct Performance<'a> {
    service: &'a Service,
    asked: &'a Asked,
    active: &'a Active,
    view: &'a View,
}

/// Either way it is an answer; the error ends the checks early.
type Performed = Result<Reply, Reply>;

impl Performance<'_> {
    fn get_live_flows(&self) -> Reply {
        let flows = self.service.flows();
        let bodies = flows.iter().map(|flow| self.flow_body(flow));
        Reply::json(StatusCode::OK, array(bodies))
    }

    fn get_live_flow(&self) -> Performed {
        let mut problems = Problems::default();
        let flow = problems.id("live_flow_id", self.asked.flow.as_ref());
        problems.settle()?;
        Ok(Reply::json(StatusCode::OK, self.flow_body(&*self.flow(flow)?)))
    }

    fn create_session(&self) -> Performed {
        let settings = &self.active.settings.create_session;
        let mut problems = Problems::default();
        let flow = problems.id("live_flow_id", self.asked.flow.as_ref());
        let members = problems.object(&self.asked.headers, &self.asked.body);
        let (mut inputs, mut at) = (None, vec!["body"]);
        if let Some(members) = &members {
            inputs = match settings.body {
                CreateBody::Bare => Some(Json::from_raw(&members.raw)),
                CreateBody::Wrapped => {
                    at.push("inputs");
                    members.only("inputs", &mut problems).map(Json::from_raw)
                }
            };
        }
        let values = inputs.as_ref().map(Json::value).unwrap_or_default();
        if inputs.is_some() && !values.is_object() {
            problems.add(FieldError::new(&at, "Input should be a valid dictionary", "dict_type"));
        }
        problems.settle()?;
        let flow = self.flow(flow)?;
        for name in &flow.required_inputs {
            if values.get(name).is_none() {
                problems.add(FieldError::missing(&[at.as_slice(), &[name.as_str()]].concat()));
            }
        }
        problems.settle()?;
        let (Some(inputs), Some(members)) = (inputs, members) else {
            return Err(problems.refusal());
        };
        let status = StatusCode::from_u16(settings.status).unwrap_or(StatusCode::OK);
        let entry = self.create_once(&flow, inputs, members.value)?;
        Ok(Reply::json(status, self.body(&entry)).about(entry.id))
    }

    fn create_once(
        &self,
        flow: &Arc<Flow>,
        inputs: Json,
        body: Value,
    ) -> Result<Arc<Entry>, Reply> {
        let idempotency_key = self.asked.idempotency_key();
        let honoured =
            idempotency_key.clone().filter(|_| self.active.settings.honour_idempotency_key);
        // Held until the session exists: two equal requests may come at the same time.
        let mut remembered = honoured
            .is_some()
            .then(|| self.service.remembered.lock().unwrap_or_else(PoisonError::into_inner));
        if let (Some(key), Some(remembered)) = (&honoured, &remembered) {
            match remembered.find(flow.id, key, &body) {
                Some(Repetition::Of(effect)) => {
                    return self.service.sessions.get(effect.session).ok_or_else(no_session);
                }
                Some(Repetition::WithAnotherBody) => return Err(reused_key()),
                None => {}
            }
        }
        let session = NewSession {
            flow: Arc::clone(flow),
            inputs,
            idempotency_key,
            seed: self.service.next_session_seed(),
        };
        let entry = self.service.sessions.add(session.begin(self.service.clock.now()));
        if let (Some(key), Some(remembered)) = (honoured, &mut remembered) {
            remembered.add(flow.id, key, body, entry.id, None);
        }
        Ok(entry)
    }

    fn get_sessions(&self) -> Performed {
        let mut problems = Problems::default();
        let flow = problems.id("live_flow_id", self.asked.flow.as_ref());
        let limit = problems.number(&self.asked.uri, "limit", 1);
        let offset = problems.number(&self.asked.uri, "offset", 0);
        problems.settle()?;
        let flow = self.flow(flow)?;
        let sessions = self.service.sessions.of_flow(flow.id);
        let page = sessions.iter().skip(offset.unwrap_or(0)).take(limit.unwrap_or(usize::MAX));
        Ok(Reply::json(StatusCode::OK, array(page.map(|entry| self.body(entry)))))
    }

    fn get_session(&self) -> Performed {
        let mut problems = Problems::default();
        let entry = self.session(&mut problems)?;
        if !self.active.settings.etag || *self.view != View::default() {
            return Ok(Reply::json(StatusCode::OK, self.body(&entry)));
        }
        let mut session = entry.lock();
        session.advance_to(self.service.clock.now());
        let (changes, generation) = (session.changes(), self.active.generation);
        let tag = format!("\"{}-{changes}-{generation}\"", entry.id.simple());
        let known = self.asked.headers.get_all(IF_NONE_MATCH).iter().any(|value| {
            let mut tags = value.to_str().unwrap_or("").split(',').map(str::trim);
            tags.any(|it| it == "*" || it.trim_start_matches("W/") == tag)
        });
        let reply = if known {
            Reply::empty(StatusCode::NOT_MODIFIED)
        } else {
            let body = session.body(self.view, &self.active.settings, generation);
            Reply::json(StatusCode::OK, body)
        };
        Ok(reply.with(ETAG, &tag))
    }

    fn add_user_input(&self) -> Performed {
        let settings = &self.active.settings.add_user_input;
        let mut problems = Problems::default();
        let at = ["body", settings.member.as_str()];
        let members = problems.object(&self.asked.headers, &self.asked.body);
        let input = members
            .as_ref()
            .and_then(|members| members.only(&settings.member, &mut problems))
            .map(Json::from_raw);
        match input.as_ref().map(Json::value) {
            Some(Value::String(_)) | None => {}
            Some(Value::Null) => {
                problems.add(FieldError::new(&at, "Input should not be null", "missing"));
            }
            Some(_) if settings.json_answers => {}
            Some(_) => {
                let msg = "Input should be a valid string";
                problems.add(FieldError::new(&at, msg, "string_type"));
            }
        }
        let entry = self.session(&mut problems)?;
        let (Some(input), Some(members)) = (input, members) else {
            return Err(problems.refusal());
        };
        match self.answer_once(&entry, input, members.value)? {
            Ok(()) => Ok(self.written(&entry, settings.answers_with, settings.status)),
            Err(Refused::NotWaiting) => Err(Reply::detail(
                StatusCode::from_u16(settings.not_waiting_status).unwrap_or(StatusCode::CONFLICT),
                "Session is not waiting for user input",
            )),
            Err(Refused::NotAccepted) => {
                let msg = "The answer is not accepted here";
                Err(Reply::invalid(&[FieldError::new(&at, msg, "value_error")]))
            }
        }
    }

    fn answer_once(
        &self,
        entry: &Entry,
        input: Json,
        body: Value,
    ) -> Result<Result<(), Refused>, Reply> {
        let idempotency_key = self.asked.idempotency_key();
        let honoured =
            idempotency_key.clone().filter(|_| self.active.settings.honour_idempotency_key);
        let mut remembered = honoured
            .is_some()
            .then(|| self.service.remembered.lock().unwrap_or_else(PoisonError::into_inner));
        if let (Some(key), Some(remembered)) = (&honoured, &remembered) {
            match remembered.find(entry.id, key, &body) {
                Some(Repetition::Of(effect)) => {
                    if let Some(record) = effect.record {
                        entry.lock().count_repetition(record);
                    }
                    return Ok(Ok(()));
                }
                Some(Repetition::WithAnotherBody) => return Err(reused_key()),
                None => {}
            }
        }
        let time_ms = self.service.journal.time_ms();
        let answer = Answer { input, by: By::Api, idempotency_key, time_ms };
        let answered = entry.lock().answer(self.service.clock.now(), answer);
        if let (Ok(record), Some(key), Some(remembered)) = (&answered, honoured, &mut remembered) {
            remembered.add(entry.id, key, body, entry.id, Some(*record));
        }
        Ok(answered.map(|_| ()))
    }

    fn cancel_session(&self) -> Performed {
        let settings = &self.active.settings.cancel_session;
        let mut problems = Problems::default();
        let entry = self.session(&mut problems)?;
        let cancelled = {
            let mut session = entry.lock();
            let now = self.service.clock.now();
            session.advance_to(now);
            session.cancel(now)
        };
        if !cancelled && settings.ended_status != 200 {
            let status =
                StatusCode::from_u16(settings.ended_status).unwrap_or(StatusCode::CONFLICT);
            return Err(Reply::detail(status, "Session has already ended"));
        }
        if cancelled && settings.forgets {
            self.service.sessions.forget(&entry);
        }
        Ok(self.written(&entry, settings.answers_with, settings.status))
    }

    fn written(&self, entry: &Entry, with: AnswersWith, status: u16) -> Reply {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        match with {
            AnswersWith::Session => Reply::json(status, self.body(entry)),
            AnswersWith::Nothing => Reply::empty(status),
        }
    }

    fn flow(&self, id: Uuid) -> Result<Arc<Flow>, Reply> {
        self.service.flow(id).ok_or_else(|| Reply::not_found("Live flow not found"))
    }

    /// The session in the path; after the problems, its ids' included, are settled.
    fn session(&self, problems: &mut Problems) -> Result<Arc<Entry>, Reply> {
        let flow = problems.id("live_flow_id", self.asked.flow.as_ref());
        let session = problems.id("session_id", self.asked.session.as_ref());
        problems.settle()?;
        let flow = self.flow(flow)?;
        let found = self.service.sessions.get(session);
        found.filter(|entry| entry.flow == flow.id).ok_or_else(no_session)
    }

    fn body(&self, entry: &Entry) -> Bytes {
        let mut session = entry.lock();
        session.advance_to(self.service.clock.now());
        session.body(self.view, &self.active.settings, self.active.generation)
    }

    fn flow_body(&self, flow: &Flow) -> Bytes {
        let sessions = self.service.sessions.of_flow(flow.id);
        let mut body =
            serde_json::to_vec(&super::flow_body::FlowHead::new(flow)).unwrap_or_default();
        // The sessions are written already: they are put in front of the closing brace.
        body.pop();
        body.extend_from_slice(b",\"sessions\":");
        body.extend_from_slice(&array(sessions.iter().map(|entry| self.body(entry))));
        body.push(b'}');
        Bytes::from(body)
    }
}

fn no_session() -> Reply {
    Reply::not_found("Session not found")
}

fn reused_key() -> Reply {
    let detail = "This Idempotency-Key was used with another body";
    Reply::detail(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// A JSON array of values that are written already.
fn array(items: impl Iterator<Item = Bytes>) -> Bytes {
    let mut array = vec![b'['];
    for item in items {
        if array.len() > 1 {
            array.push(b',');
        }
        array.extend_from_slice(&item);
    }
    array.push(b']');
    Bytes::from(array)
}
