//! The sessions of a flow, one at a time, in the memory of one: the list can hold every session
//! that the flow ever ran.

use std::collections::HashSet;
use std::time::SystemTime;

use bytes::{Buf, Bytes};

use crate::failure::Failure;
use crate::ids::{LiveFlowId, SessionId};
use crate::session::{ArraySplitter, Session, decode_session};

use super::body::{BodyError, BodyReader};
use super::exchange::{Arrival, Ask};
use super::left::Left;
use super::retry_after::date;
use super::{Attempt, Service, detail};

/// What get sessions gives. A failure ends it. `next` may be dropped and called again: nothing is
/// lost.
pub(crate) struct SessionStream {
    service: Service,
    flow: LiveFlowId,
    attempt: Attempt,
    date: Option<SystemTime>,
    /// `None` between two pages.
    page: Option<Page>,
    offset: u64,
    ids: PageIds,
    has_ended: bool,
}

/// One answer, cut into its elements as it arrives.
struct Page {
    arrival: Arrival,
    reader: BodyReader,
    splitter: ArraySplitter,
    chunk: Bytes,
    elements: u64,
}

/// The ids of this page and the one before: a session created in between shifts the pages, so that
/// one can stand on both.
#[derive(Default)]
struct PageIds {
    before: HashSet<SessionId>,
    now: HashSet<SessionId>,
}

impl SessionStream {
    pub(super) async fn open(
        service: Service,
        flow: LiveFlowId,
        attempt: Attempt,
    ) -> Result<Self, Failure> {
        let page = Page::open(&service, &flow, 0, &attempt).await?;
        Ok(Self {
            date: date(&page.arrival.headers),
            page: Some(page),
            attempt: Attempt { fresh_credentials: false, ..attempt },
            service,
            flow,
            offset: 0,
            ids: PageIds::default(),
            has_ended: false,
        })
    }

    /// The service's clock when it began to answer.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        self.date
    }

    /// The next session, a failure (the last thing it gives), or `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Session, Failure>> {
        if self.has_ended {
            return None;
        }
        let next = self.advance().await.transpose();
        self.has_ended = !matches!(next, Some(Ok(_)));
        if self.has_ended {
            // Gives the connection back, or closes it, whoever keeps this stream.
            self.page = None;
        }
        next
    }

    async fn advance(&mut self) -> Result<Option<Session>, Failure> {
        let page_size = self.service.0.routes.page_size().map(u64::from);
        loop {
            let Some(page) = &mut self.page else {
                let attempt = Attempt { left: Left::default(), ..self.attempt.clone() };
                let page = Page::open(&self.service, &self.flow, self.offset, &attempt).await?;
                self.page = Some(page);
                continue;
            };
            if let Some(session) = page.next(&self.service, &self.flow, &self.attempt).await? {
                // Without pages, or past the end of one, there is no page to come that could repeat
                // it, and no reason to remember it.
                let is_last = page_size.is_none_or(|size| page.elements > size);
                if is_last || self.ids.is_new(&session.id) {
                    return Ok(Some(session));
                }
                continue;
            }
            // A short page is the last one; a long one means that `limit` is not obeyed, and that
            // this was the whole list.
            if page_size != Some(page.elements) {
                return Ok(None);
            }
            if !self.ids.turn() {
                return Err(page.failure(
                    &self.service,
                    "two pages with the same sessions; does the service know limit and offset \
                     (endpoints.list_page_size)?",
                ));
            }
            self.offset += page.elements;
            self.page = None;
        }
    }
}

impl Page {
    async fn open(
        service: &Service,
        flow: &LiveFlowId,
        offset: u64,
        attempt: &Attempt,
    ) -> Result<Self, Failure> {
        let route = service.0.routes.get_sessions(flow, offset);
        let ask = Ask { route, idempotency_key: None, etag: None };
        let (arrival, reader) = service.ask(ask, attempt).await?.reader(service)?;
        let limit = usize::try_from(service.0.body_limit).unwrap_or(usize::MAX);
        let splitter = ArraySplitter::new(limit);
        Ok(Self { arrival, reader, splitter, chunk: Bytes::new(), elements: 0 })
    }

    async fn next(
        &mut self,
        service: &Service,
        flow: &LiveFlowId,
        attempt: &Attempt,
    ) -> Result<Option<Session>, Failure> {
        loop {
            let mut rest: &[u8] = &self.chunk;
            let cut = self.splitter.next(&mut rest);
            // Before any wait, so that nothing is read twice when the wait is dropped.
            let used = self.chunk.len() - rest.len();
            self.chunk.advance(used);
            match cut {
                Err(error) if error.is_too_large() => {
                    let told = service.told(&self.arrival.route, &self.arrival.hidden);
                    return Err(told.bad_body(self.arrival.status, BodyError::TooLarge));
                }
                Err(error) => return Err(self.failure(service, &error.to_string())),
                Ok(Some(element)) => {
                    self.elements += 1;
                    let session = decode_session(&element, flow, None, &service.0.aliases);
                    return session.map(Some).map_err(|why| {
                        let why = format!("element {} of the list: {why}", self.elements);
                        self.failure(service, &why)
                    });
                }
                Ok(None) => {}
            }
            let (told, status) =
                (service.told(&self.arrival.route, &self.arrival.hidden), self.arrival.status);
            match tokio::time::timeout(attempt.timeout, self.reader.next()).await {
                Ok(Ok(Some(chunk))) => self.chunk = chunk,
                Ok(Ok(None)) => {
                    return match self.splitter.finish() {
                        Ok(()) => Ok(None),
                        Err(error) => Err(self.failure(service, &error.to_string())),
                    };
                }
                Ok(Err(error)) => return Err(told.bad_body(status, error)),
                Err(_) => return Err(told.body_too_late(status, attempt.timeout)),
            }
        }
    }

    fn failure(&self, service: &Service, why: &str) -> Failure {
        let Arrival { route, status, headers, hidden } = &self.arrival;
        let beginning = String::from_utf8_lossy(&self.chunk[..self.chunk.len().min(64)]);
        let is_html = self.elements == 0 && detail::is_html(headers, &beginning);
        service.told(route, hidden).not_as_described(*status, why, is_html)
    }
}

impl PageIds {
    fn is_new(&mut self, id: &SessionId) -> bool {
        !self.before.contains(id) && self.now.insert(id.clone())
    }

    /// Begins another page; false when the one that ends brought nothing new.
    fn turn(&mut self) -> bool {
        let brought = std::mem::take(&mut self.now);
        let is_progress = !brought.is_empty();
        self.before = brought;
        is_progress
    }
}
