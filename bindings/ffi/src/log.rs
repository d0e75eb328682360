//! The library's log records, on their way to the foreign language.
//!
//! A record is put in a bounded queue, and a thread of its own takes it out and calls the sink: so
//! logging never blocks the core, and a sink that logs, blocks or throws harms nobody. What does
//! not fit is counted, and the count is told with the next record that does.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Once, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::foreign::{CallbackError, Foreign};
use crate::process::PerProcess;

/// Records of other libraries (the HTTP client, TLS) stay out: they could show what must not be.
const OWN_TARGETS: &str = "liveflow";

const QUEUE: usize = 1024;

/// How grave a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Something the application's developer has to look at.
    Error,
    /// Something unexpected that was coped with.
    Warn,
    /// The large steps.
    Info,
    /// Every request.
    Debug,
    /// Everything.
    Trace,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LogRecord {
    /// How grave it is.
    pub level: LogLevel,
    /// Which part of the library says it.
    pub target: String,
    /// What it says.
    pub text: String,
    /// Its further members, by name.
    pub fields: Vec<LogField>,
}

/// A named member of a record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LogField {
    /// Its name.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// Takes the library's log records, for the whole process.
#[uniffi::export(foreign)]
pub trait LogSink: Send + Sync {
    /// One record. Called from a thread of its own, one at a time.
    fn log(&self, record: LogRecord) -> Result<(), CallbackError>;
}

/// Sends the process's log records from `level` up to `sink`, in place of any sink before; without
/// a sink, nowhere.
#[uniffi::export]
pub fn set_log_sink(sink: Option<Arc<dyn LogSink>>, level: LogLevel) {
    static SUBSCRIBER: Once = Once::new();
    // Only a Rust program that set a subscriber of its own refuses this one, and then has its logs.
    SUBSCRIBER.call_once(|| drop(tracing::subscriber::set_global_default(Collector)));
    let logs = logs();
    logs.level.store(if sink.is_some() { rank(level) } else { 0 }, Ordering::Release);
    *logs.sink.write().unwrap_or_else(PoisonError::into_inner) = sink.map(Foreign::new);
    tracing::callsite::rebuild_interest_cache();
}

/// How many records did not fit in the queue so far.
#[uniffi::export]
pub fn dropped_log_records() -> u64 {
    logs().dropped.load(Ordering::Relaxed)
}

/// Waits until the queue is empty, at most this long.
pub(crate) fn drain(patience: Duration) {
    let deadline = Instant::now() + patience;
    while logs().queued.load(Ordering::Acquire) != 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
}

static LOGS: PerProcess<Logs> = PerProcess::new();

struct Logs {
    /// 0 is off, 1 is errors only, up to 5.
    level: AtomicU8,
    sink: RwLock<Option<Foreign<dyn LogSink>>>,
    queue: SyncSender<LogRecord>,
    queued: AtomicUsize,
    dropped: AtomicU64,
}

fn logs() -> &'static Logs {
    LOGS.get(|| {
        let (queue, records) = sync_channel(QUEUE);
        // Without a thread the queue fills up and drops are counted: logging is no reason to fail.
        drop(
            thread::Builder::new().name("liveflow-log".to_owned()).spawn(move || deliver(&records)),
        );
        Logs {
            level: AtomicU8::new(0),
            sink: RwLock::new(None),
            queue,
            queued: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
        }
    })
}

fn deliver(records: &Receiver<LogRecord>) {
    let mut told = 0;
    for mut record in records {
        let logs = logs();
        let sink = logs.sink.read().unwrap_or_else(PoisonError::into_inner).clone();
        let dropped = logs.dropped.load(Ordering::Relaxed);
        if dropped > told {
            record.fields.push(LogField {
                name: "records_dropped".to_owned(),
                value: (dropped - told).to_string(),
            });
            told = dropped;
        }
        if let Some(sink) = sink {
            // There is nobody left to tell that telling failed.
            drop(sink.call(|sink| sink.log(record)));
        }
        logs.queued.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Logs {
    fn offer(&self, record: LogRecord) {
        self.queued.fetch_add(1, Ordering::AcqRel);
        if self.queue.try_send(record).is_err() {
            self.queued.fetch_sub(1, Ordering::AcqRel);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn rank(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 1,
        LogLevel::Warn => 2,
        LogLevel::Info => 3,
        LogLevel::Debug => 4,
        LogLevel::Trace => 5,
    }
}

fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// The process's `tracing` subscriber. It keeps no spans: every record says itself what it is about.
struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target().starts_with(OWN_TARGETS)
            && rank(level_of(*metadata.level())) <= logs().level.load(Ordering::Acquire)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match logs().level.load(Ordering::Acquire) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let mut members = Members::default();
        event.record(&mut members);
        let metadata = event.metadata();
        logs().offer(LogRecord {
            level: level_of(*metadata.level()),
            target: metadata.target().to_owned(),
            text: members.text,
            fields: members.fields,
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Members {
    text: String,
    fields: Vec<LogField>,
}

impl Members {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if field.name() == "message" {
            // Writing to a String cannot fail.
            let _ = self.text.write_fmt(value);
        } else {
            self.fields.push(LogField { name: field.name().to_owned(), value: value.to_string() });
        }
    }
}

impl Visit for Members {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}
