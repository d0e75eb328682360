//! The sessions of a flow, one at a time, in the memory of one: the list can hold every session
//! that the flow ever ran.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};

use crate::failure::Failure;
use crate::ids::{LiveFlowId, SessionId};
use crate::session::{ArraySplitter, Session, decode_session};

use super::body::{BodyError, BodyReader};
use super::exchange::{Arrival, Ask};
use super::retry_after::date;
use super::{Attempt, Service, detail};

/// Which part of a list is asked for: where it begins, and what the part before it held. A session
/// created in between shifts the pages, so that one can stand on both.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListPage {
    offset: u64,
    before: Arc<HashSet<SessionId>>,
}

/// What get sessions gives: the whole list, or one page of it. A failure ends it. `next` may be
/// dropped and called again: nothing is lost.
pub(crate) struct SessionStream {
    service: Service,
    flow: LiveFlowId,
    /// For each wait.
    timeout: Duration,
    date: Option<SystemTime>,
    asked: ListPage,
    brought: HashSet<SessionId>,
    /// `None` at its end.
    arriving: Option<Arriving>,
    next_page: Option<ListPage>,
}

/// One answer, cut into its elements as it arrives.
struct Arriving {
    arrival: Arrival,
    reader: BodyReader,
    splitter: ArraySplitter,
    chunk: Bytes,
    elements: u64,
}

impl SessionStream {
    pub(super) async fn open(
        service: Service,
        flow: LiveFlowId,
        asked: ListPage,
        attempt: &Attempt,
    ) -> Result<Self, Failure> {
        let arriving = Arriving::open(&service, &flow, asked.offset, attempt).await?;
        Ok(Self {
            date: date(&arriving.arrival.headers),
            timeout: attempt.timeout,
            asked,
            brought: HashSet::new(),
            arriving: Some(arriving),
            next_page: None,
            service,
            flow,
        })
    }

    /// The service's clock when it began to answer.
    pub(crate) fn date(&self) -> Option<SystemTime> {
        self.date
    }

    /// The next session, a failure (the last thing it gives), or `None` at the end, when
    /// [`SessionStream::next_page`] says whether there is more.
    pub(crate) async fn next(&mut self) -> Option<Result<Session, Failure>> {
        let next = self.advance().await.transpose();
        if !matches!(next, Some(Ok(_))) {
            // Gives the connection back, or closes it, whoever keeps this stream.
            self.arriving = None;
        }
        next
    }

    /// What to ask for after the end of this one.
    pub(crate) fn next_page(&mut self) -> Option<ListPage> {
        self.next_page.take()
    }

    async fn advance(&mut self) -> Result<Option<Session>, Failure> {
        let Some(arriving) = &mut self.arriving else { return Ok(None) };
        let page_size = self.service.0.routes.page_size().map(u64::from);
        while let Some(session) = arriving.next(&self.service, &self.flow, self.timeout).await? {
            // Without pages, or past the end of one, there is no page to come that could repeat it,
            // and no reason to remember it.
            let is_last = page_size.is_none_or(|size| arriving.elements > size);
            let is_new = || !self.asked.before.contains(&session.id);
            if is_last || (is_new() && self.brought.insert(session.id.clone())) {
                return Ok(Some(session));
            }
        }
        // A short page is the last one; a long one means that `limit` is not obeyed, and that this
        // was the whole list.
        if page_size == Some(arriving.elements) {
            if self.brought.is_empty() {
                return Err(arriving.failure(
                    &self.service,
                    "two pages with the same sessions; does the service know limit and offset \
                     (endpoints.list_page_size)?",
                ));
            }
            self.next_page = Some(ListPage {
                offset: self.asked.offset + arriving.elements,
                before: Arc::new(std::mem::take(&mut self.brought)),
            });
        }
        Ok(None)
    }
}

impl Arriving {
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
        timeout: Duration,
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
            match tokio::time::timeout(timeout, self.reader.next()).await {
                Ok(Ok(Some(chunk))) => self.chunk = chunk,
                Ok(Ok(None)) => {
                    return match self.splitter.finish() {
                        Ok(()) => Ok(None),
                        Err(error) => Err(self.failure(service, &error.to_string())),
                    };
                }
                Ok(Err(error)) => return Err(told.bad_body(status, error)),
                Err(_) => return Err(told.body_too_late(status, timeout)),
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
