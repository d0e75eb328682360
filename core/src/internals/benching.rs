//! What the benchmarks drive one part of at a time: the machine, decoding, the schedule, the
//! differences that consumers are told.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{ClientConfig, PollingConfig};
use crate::ids::{LiveFlowId, SessionId};
use crate::machine::{
    Cursor, Input, Look, Machine, Moment, OpId, Output, Phase, SessionReading, Settings, interval,
};
use crate::session::{ArraySplitter, Session, StatusAliases, decode_session};

/// The interval that the shipped schedule gives after a look that succeeded.
pub fn polling_interval(
    polling: &PollingConfig,
    is_waiting: bool,
    since_change: Duration,
    random: f64,
) -> Duration {
    let phase = if is_waiting { Phase::Waiting } else { Phase::Running };
    interval(polling, phase, since_change, random)
}

/// Reads one session, as after a read of the service.
pub fn decode(body: &[u8], flow: &LiveFlowId) -> Option<Session> {
    decode_session(body, flow, None, &StatusAliases::default()).ok()
}

/// Reads a list of sessions in the chunks that it arrives in, one session at a time, and gives their
/// number; `None` if it is no list of sessions.
pub fn decode_list<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    flow: &LiveFlowId,
    limit: usize,
) -> Option<usize> {
    let mut splitter = ArraySplitter::new(limit);
    let mut count = 0;
    for mut chunk in chunks {
        while let Some(element) = splitter.next(&mut chunk).ok()? {
            std::hint::black_box(decode(&element, flow)?);
            count += 1;
        }
    }
    Some(count)
}

/// One watched session without an engine: whoever holds it plays the service.
#[derive(Debug)]
pub struct Watched {
    machine: Machine,
    now: Moment,
}

/// What consumers see at one moment.
#[derive(Debug)]
pub struct Seen(Look);

impl Watched {
    /// Watches a session by the default configuration.
    pub fn new(flow: LiveFlowId, session: SessionId) -> Self {
        // For ever, so that no number of steps meets the limit.
        let config = ClientConfig { watch_limit: Duration::MAX, ..ClientConfig::new("key") };
        let now = Moment::default();
        let machine = Machine::new(Arc::new(Settings::from(&config)), flow, session, 1, now, now);
        Self { machine, now }
    }

    /// One turn: it is woken, asks for a read, and is told what the read brought; `None` for the same
    /// as before. These are two inputs with their outputs drained.
    pub fn turn(&mut self, read: Option<&Arc<Session>>) {
        self.now = self.machine.wake_at().unwrap_or(self.now);
        let op = self.handle(Input::Wake);
        let result = Ok(match read {
            Some(session) => SessionReading::Session(Arc::clone(session)),
            None => SessionReading::Unchanged,
        });
        if let Some(op) = op {
            self.handle(Input::ReadDone { op, begun: self.now, result });
        }
    }

    fn handle(&mut self, input: Input) -> Option<OpId> {
        self.machine.handle(self.now, input);
        let mut asked = None;
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Read { op, .. } => asked = Some(op),
                other => drop(std::hint::black_box(other)),
            }
        }
        asked
    }

    /// What consumers would be shown now.
    pub fn look(&self) -> Seen {
        Seen(self.machine.look())
    }
}

/// How many events tell a consumer of `before`, and then of the differences up to `after`.
pub fn tell(before: &Seen, after: &Seen) -> usize {
    let mut cursor = Cursor::default();
    [before, after]
        .into_iter()
        .map(|look| std::iter::from_fn(|| cursor.next(&look.0)).count())
        .sum()
}
