//! What happened: every request, and every answer that took effect.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::routes::table::Call;
use crate::session::Status;
use crate::settings::JournalSettings;

/// A look into the journal.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Journal {
    /// Requests, oldest first.
    pub requests: Vec<RequestRecord>,
    /// How many older requests are gone.
    pub dropped: u64,
    /// The most requests that were being processed at the same time.
    pub in_flight_peak: usize,
    /// Sessions, in the order of their creation.
    pub sessions: Vec<SessionRecord>,
}

/// A request.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// Counts from 1.
    pub number: u64,
    /// Real time since the simulator's start.
    pub time_ms: f64,
    /// Number of the TCP connection.
    pub connection: u64,
    /// None for an unknown path or method.
    pub call: Option<Call>,
    /// The HTTP method.
    pub method: String,
    /// With the query.
    pub path: String,
    /// The key is not shown.
    pub headers: BTreeMap<String, String>,
    /// Whether the key was the right one.
    pub api_key_right: bool,
    /// JSON, or a string if it is none.
    pub body: Value,
    /// The session it was about, or that it created.
    pub session: Option<Uuid>,
    /// None when no answer was sent.
    pub status: Option<u16>,
    /// Names of the faults that struck.
    pub faults: Vec<&'static str>,
}

/// What happened to a session.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SessionRecord {
    /// Its id.
    pub id: Uuid,
    /// The flow's id.
    pub flow: Uuid,
    /// What it was created with.
    pub inputs_at_create: Value,
    /// Sent when it was created.
    pub idempotency_key: Option<String>,
    /// Its status at present.
    pub status: Status,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// The answers that took effect.
    pub inputs: Vec<InputRecord>,
}

/// An answer that took effect.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct InputRecord {
    /// Id of the step run that asked.
    pub run: Uuid,
    /// 1 for a run's first question.
    pub round: u32,
    /// The step's name.
    pub step: String,
    /// The answer.
    pub input: Value,
    /// Who gave it.
    pub by: By,
    /// 1, plus the repetitions that its idempotency key recognised.
    pub count: u32,
    /// False when it made the step ask again.
    pub accepted: bool,
    /// Sent with it.
    pub idempotency_key: Option<String>,
    /// Real time since the simulator's start.
    pub time_ms: f64,
}

/// Who gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Add user input.
    Api,
    /// Another device.
    Elsewhere,
}

/// Collects requests as they come and go.
pub(crate) struct Recorder {
    started: Instant,
    enabled: AtomicBool,
    capacity: AtomicUsize,
    last_number: AtomicU64,
    in_flight: AtomicUsize,
    in_flight_peak: AtomicUsize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<RequestRecord>,
    dropped: u64,
}

impl Recorder {
    pub(crate) fn new(settings: &JournalSettings) -> Self {
        Self {
            started: Instant::now(),
            enabled: AtomicBool::new(settings.requests),
            capacity: AtomicUsize::new(settings.capacity),
            last_number: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            in_flight_peak: AtomicUsize::new(0),
            kept: Mutex::default(),
        }
    }

    pub(crate) fn configure(&self, settings: &JournalSettings) {
        self.enabled.store(settings.requests, Ordering::Relaxed);
        self.capacity.store(settings.capacity, Ordering::Relaxed);
    }

    pub(crate) fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub(crate) fn time_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    /// A request begins. [`Self::ended`] must follow.
    pub(crate) fn began(&self) -> u64 {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.in_flight_peak.fetch_max(now, Ordering::Relaxed);
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Keeps a request, in the order of the numbers even when two arrive at the same time.
    pub(crate) fn keep(&self, record: RequestRecord) {
        let capacity = self.capacity.load(Ordering::Relaxed);
        let mut kept = self.kept();
        let at = kept.requests.partition_point(|other| other.number < record.number);
        kept.requests.insert(at, record);
        while kept.requests.len() > capacity {
            kept.requests.pop_front();
            kept.dropped += 1;
        }
    }

    /// Changes a record, if it is still there.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut RequestRecord)) {
        let mut kept = self.kept();
        if let Ok(at) = kept.requests.binary_search_by_key(&number, |record| record.number) {
            change(&mut kept.requests[at]);
        }
    }

    pub(crate) fn look(
        &self,
        wanted: impl Fn(&RequestRecord) -> bool,
        sessions: Vec<SessionRecord>,
    ) -> Journal {
        let kept = self.kept();
        Journal {
            requests: kept.requests.iter().filter(|record| wanted(record)).cloned().collect(),
            dropped: kept.dropped,
            in_flight_peak: self.in_flight_peak.load(Ordering::Relaxed),
            sessions,
        }
    }

    pub(crate) fn clear(&self) {
        *self.kept() = Kept::default();
        self.in_flight_peak.store(self.in_flight.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> RequestRecord {
        RequestRecord {
            number,
            time_ms: 0.0,
            connection: 1,
            call: None,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: BTreeMap::new(),
            api_key_right: true,
            body: Value::Null,
            session: None,
            status: None,
            faults: Vec::new(),
        }
    }

    fn recorder(capacity: usize) -> Recorder {
        Recorder::new(&JournalSettings { requests: true, capacity })
    }

    fn numbers(recorder: &Recorder) -> Vec<u64> {
        recorder.look(|_| true, Vec::new()).requests.iter().map(|it| it.number).collect()
    }

    #[test]
    fn the_oldest_requests_go_first_and_are_counted() {
        let recorder = recorder(2);
        for number in 1..=5 {
            recorder.keep(record(number));
        }
        assert_eq!(numbers(&recorder), [4, 5]);
        assert_eq!(recorder.look(|_| true, Vec::new()).dropped, 3);
    }

    #[test]
    fn requests_are_in_the_order_of_their_numbers() {
        let recorder = recorder(10);
        for number in [2, 1, 3] {
            recorder.keep(record(number));
        }
        assert_eq!(numbers(&recorder), [1, 2, 3]);
    }

    #[test]
    fn a_record_can_be_completed_later() {
        let recorder = recorder(10);
        recorder.keep(record(7));
        recorder.update(7, |record| record.status = Some(200));
        recorder.update(8, |_| panic!("there is no number 8"));
        assert_eq!(recorder.look(|_| true, Vec::new()).requests[0].status, Some(200));
    }

    #[test]
    fn the_peak_is_the_most_at_the_same_time() {
        let recorder = recorder(10);
        recorder.began();
        recorder.began();
        recorder.ended();
        recorder.began();
        assert_eq!(recorder.look(|_| true, Vec::new()).in_flight_peak, 2);
        recorder.clear();
        assert_eq!(recorder.look(|_| true, Vec::new()).in_flight_peak, 2);
        recorder.ended();
        recorder.clear();
        assert_eq!(recorder.look(|_| true, Vec::new()).in_flight_peak, 1);
    }
}
