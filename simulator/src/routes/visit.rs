//! One request from its arrival to its end, as the journal and the log tell it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::table::Route;
use super::uuid;
use crate::connection::Connection;
use crate::journal::RequestRecord;
use crate::service::Service;

/// A journal of large bodies would be a copy of them all.
const MOST_TEXT: usize = 16 * 1024;

/// Ends when it is dropped, which is also what happens when the client goes.
pub(crate) struct Visit {
    service: Arc<Service>,
    number: u64,
    began: Instant,
    /// Until the body has arrived; then it is in the journal.
    record: Option<RequestRecord>,
    journalled: bool,
    line: Option<String>,
    status: Option<StatusCode>,
    session: Option<Uuid>,
    faults: Vec<&'static str>,
}

impl Visit {
    pub(crate) fn begin(
        service: &Arc<Service>,
        connection: &Connection,
        head: &Parts,
        route: &Route,
    ) -> Self {
        let number = service.journal.began();
        let journalled = service.journal.enabled();
        let path = || head.uri.path_and_query().map_or("", |path| path.as_str());
        let record = journalled.then(|| {
            let (call, session) = match route {
                Route::Call { call, session, .. } => (Some(*call), session.as_deref()),
                _ => (None, None),
            };
            RequestRecord {
                number,
                time_ms: service.journal.time_ms(),
                connection: connection.number,
                call,
                method: head.method.to_string(),
                path: path().to_owned(),
                headers: shown_headers(&head.headers),
                api_key_right: service.key_is_right(&head.headers),
                body: Value::Null,
                session: session.and_then(uuid),
                status: None,
                faults: Vec::new(),
            }
        });
        let line = service.request_log.as_ref().map(|_| format!("{} {}", head.method, path()));
        Self {
            service: Arc::clone(service),
            number,
            began: Instant::now(),
            record,
            journalled,
            line,
            status: None,
            session: None,
            faults: Vec::new(),
        }
    }

    /// From here on the journal knows the request.
    pub(crate) fn body(&mut self, body: &[u8]) {
        if let Some(mut record) = self.record.take() {
            record.body = shown_body(body);
            self.service.journal.keep(record);
        }
    }

    pub(crate) fn faults(&mut self, names: &[&'static str]) {
        self.faults = names.to_vec();
    }

    pub(crate) fn status(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    pub(crate) fn session(&mut self, session: Option<Uuid>) {
        self.session = session;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(record) = self.record.take() {
            self.service.journal.keep(record);
        }
        if self.journalled {
            let (status, session) = (self.status.map(|it| it.as_u16()), self.session);
            let faults = std::mem::take(&mut self.faults);
            self.service.journal.update(self.number, |record| {
                record.status = status;
                record.session = session.or(record.session);
                record.faults.clone_from(&faults);
            });
            self.faults = faults;
        }
        self.service.journal.ended();
        if let (Some(log), Some(line)) = (&self.service.request_log, &self.line) {
            let status = self.status.map_or("no answer".to_owned(), |it| it.as_u16().to_string());
            let took = self.began.elapsed().as_secs_f64() * 1000.0;
            let faults = self.faults.join(", ");
            let faults = if faults.is_empty() { faults } else { format!("  [{faults}]") };
            let time = self.service.journal.time_ms() / 1000.0;
            log(&format!("{time:9.3}s  {line}  {status}  {took:.1}ms{faults}"));
        }
    }
}

fn shown_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    for (name, value) in headers {
        let value = match name.as_str() {
            "api-key" => "[redacted]".into(),
            _ => String::from_utf8_lossy(value.as_bytes()),
        };
        shown
            .entry(name.as_str().to_owned())
            .and_modify(|joined: &mut String| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    shown
}

fn shown_body(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if body.len() <= MOST_TEXT
        && let Ok(value) = serde_json::from_slice(body)
    {
        return value;
    }
    Value::String(String::from_utf8_lossy(&body[..body.len().min(MOST_TEXT)]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_key_is_never_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("api-key", "secret".parse().unwrap());
        headers.append("x-a", "1".parse().unwrap());
        headers.append("x-a", "2".parse().unwrap());
        let shown = shown_headers(&headers);
        assert_eq!(shown["api-key"], "[redacted]");
        assert_eq!(shown["x-a"], "1, 2");
    }

    #[test]
    fn bodies_are_json_or_text_and_not_endless() {
        assert_eq!(shown_body(b"{\"a\": 1}"), json!({"a": 1}));
        assert_eq!(shown_body(b"{\"a"), json!("{\"a"));
        assert_eq!(shown_body(b""), Value::Null);
        let long = shown_body(&vec![b'1'; MOST_TEXT + 5]);
        assert_eq!(long.as_str().map(str::len), Some(MOST_TEXT));
    }
}
