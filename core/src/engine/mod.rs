//! When things are done: one task for each client drives the machines of all its sessions.
//!
//! Handles talk to it through a mailbox; it owns the machines, so nothing around them is locked. An
//! idle session costs a timer entry and a machine, not a task.

mod budget;
mod callbacks;
mod clock;
mod driver;
mod gate;
mod mailbox;
mod random;
mod requests;
mod runtime;
mod saves;
mod watched;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::config::ClientConfig;
use crate::error::{LiveFlowError, Result};
use crate::machine::{CallId, Input, Machine, Moment, Settings};
use crate::service::Service;

use driver::Driver;
use gate::Gate;
use mailbox::{Message, WatchId};

pub use runtime::{Task, shutdown_runtime};

pub(crate) use runtime::AbortOnDrop;

pub(crate) use callbacks::{drop_elsewhere, run_callback};
pub(crate) use clock::{now, wall_milliseconds};
pub(crate) use gate::Bar;
pub(crate) use mailbox::{DirectCall, DirectReply, Waiter};
pub(crate) use random::{seed, unique_key};
pub(crate) use watched::View;

/// What handles hold of a client's engine. When the last one is gone the engine ends.
#[derive(Debug)]
pub(crate) struct Engine {
    config: Arc<ClientConfig>,
    settings: Arc<Settings>,
    runtime: Handle,
    mailbox: mpsc::UnboundedSender<Message>,
    gate: Gate,
    process: u32,
    is_closed: AtomicBool,
    ids: AtomicU64,
    /// The newest suspend or resume. Held while one is carried out, so that they keep their order.
    lifecycle_order: Mutex<u64>,
    crowd: Mutex<Crowd>,
}

/// How many watches have begun within about a second.
#[derive(Debug, Default)]
struct Crowd {
    since: Moment,
    size: u32,
}

/// One watch, as its handles see it. When the last handle is gone the watch ends.
#[derive(Debug)]
pub(crate) struct Watch {
    engine: Arc<Engine>,
    id: WatchId,
    bar: Bar,
    pub(crate) view: View,
}

impl Engine {
    pub(crate) fn start(config: ClientConfig) -> Result<Self> {
        let service = Service::new(&config)?;
        let runtime = runtime::handle()?;
        let (mailbox, messages) = mpsc::unbounded_channel();
        let gate = Gate::default();
        let config = Arc::new(config);
        let driver = Driver::new(Arc::clone(&config), service, gate.clone(), messages);
        runtime.spawn(driver.run());
        Ok(Self {
            settings: Arc::new(Settings::from(&*config)),
            config,
            runtime,
            mailbox,
            gate,
            process: std::process::id(),
            is_closed: AtomicBool::new(false),
            ids: AtomicU64::new(0),
            lifecycle_order: Mutex::new(0),
            crowd: Mutex::default(),
        })
    }

    pub(crate) fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// When a call that begins now has to be over.
    pub(crate) fn deadline(&self) -> Moment {
        now() + self.config.timeouts.total
    }

    /// Whether calls can be made: `Closed` after a close, and in a process that was forked off.
    pub(crate) fn check(&self) -> Result<()> {
        if self.process != std::process::id() {
            return Err(LiveFlowError::closed(
                "this client was made before the process was forked, and its threads did not come \
                 along; make a new client in the forked process",
            ));
        }
        if self.is_closed.load(Ordering::Acquire) {
            return Err(client_closed());
        }
        Ok(())
    }

    /// Runs a future on the shared runtime, so that a caller can wait for it on any executor. It is
    /// dropped with the caller's future.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.check()?;
        let (reply, result) = oneshot::channel();
        let task = self.runtime.spawn(async move {
            let _ = reply.send(future.await);
        });
        let _abort_on_drop = AbortOnDrop::new(task.abort_handle());
        result.await.unwrap_or_else(|_| Err(client_closed()))
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// One request outside any watch.
    pub(crate) async fn ask(
        &self,
        call: DirectCall,
        deadline: Moment,
        fresh_credentials: bool,
    ) -> Option<DirectReply> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Direct { call, deadline, fresh_credentials, reply };
        if self.mailbox.send(message).is_err() {
            return Some(DirectReply::NotStarted);
        }
        let timer = tokio::time::sleep(deadline.since(now()) + SLACK);
        tokio::select! {
            answer = answer => answer.ok(),
            () = timer => Some(DirectReply::NotStarted),
        }
    }

    /// Over how long the first looks of new watches are spread: not at all for a few, over one
    /// `interval` where many begin within a second.
    pub(crate) fn crowd_spread(&self, interval: Duration) -> Duration {
        let mut crowd = self.crowd.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        if now.since(crowd.since) > Duration::from_secs(1) {
            *crowd = Crowd { since: now, size: 0 };
        }
        crowd.size += 1;
        if crowd.size > self.config.max_concurrent_requests { interval } else { Duration::ZERO }
    }

    /// Drives this machine from now on.
    pub(crate) fn watch(self: &Arc<Self>, machine: Machine) -> Result<Watch> {
        self.check()?;
        let id = WatchId(self.next_id());
        let (published, view) = watched::publish(machine.look());
        let bar = Bar::default();
        let message =
            Message::Watch { id, machine: Box::new(machine), published, bar: bar.clone() };
        self.mailbox.send(message).map_err(|_| client_closed())?;
        Ok(Watch { engine: Arc::clone(self), id, bar, view })
    }

    pub(crate) fn suspend(&self) {
        self.change_lifecycle(true, |order| Message::Suspend { order });
    }

    pub(crate) fn resume(&self) {
        self.change_lifecycle(false, |order| Message::Resume { order });
    }

    fn change_lifecycle(&self, is_shut: bool, message: impl FnOnce(u64) -> Message) {
        if self.check().is_err() {
            return;
        }
        let mut order = self.lifecycle_order.lock().unwrap_or_else(PoisonError::into_inner);
        *order += 1;
        self.gate.set_shut(is_shut);
        self.tell(message(*order));
    }

    pub(crate) fn network_changed(&self) {
        self.tell(Message::NetworkChanged);
    }

    pub(crate) fn close(&self) {
        if self.process != std::process::id() {
            return;
        }
        let _order = self.lifecycle_order.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            self.gate.set_shut(true);
            self.tell(Message::Close);
        }
    }

    fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    fn tell(&self, message: Message) {
        // An engine that has ended has nothing left to be told.
        if self.process == std::process::id() {
            let _ = self.mailbox.send(message);
        }
    }
}

/// How long after its deadline a direct call still waits for the engine to report it.
const SLACK: Duration = Duration::from_millis(250);

impl Watch {
    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Makes a call of the machine's and waits for its result. When the caller's future is dropped
    /// the machine learns that nobody waits any more.
    pub(crate) async fn call<T>(
        &self,
        begin: impl FnOnce(CallId) -> Input,
        waiter: impl FnOnce(oneshot::Sender<Result<T>>) -> Waiter,
    ) -> Result<T> {
        self.engine.check()?;
        let call = CallId(self.engine.next_id());
        let (reply, result) = oneshot::channel();
        let message =
            Message::Call { id: self.id, call, waiter: waiter(reply), input: begin(call) };
        self.engine.mailbox.send(message).map_err(|_| client_closed())?;
        let mut give_up = GiveUpOnDrop { watch: self, call: Some(call) };
        let result = result.await;
        give_up.call = None;
        result.unwrap_or_else(|_| Err(watch_closed()))
    }

    pub(crate) fn tell(&self, input: Input) {
        self.engine.tell(Message::Tell { id: self.id, input });
    }

    /// Ends the watch. When this returns, none of its requests can be about to start.
    pub(crate) fn close(&self) {
        if self.engine.process == std::process::id() {
            self.engine.gate.bar(&self.bar);
            self.tell(Input::Close);
        }
    }

    /// Whether this watch or its client was closed.
    pub(crate) fn is_over(&self) -> bool {
        self.bar.is_set() || self.engine.is_closed.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

struct GiveUpOnDrop<'a> {
    watch: &'a Watch,
    call: Option<CallId>,
}

impl Drop for GiveUpOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.watch.tell(Input::GiveUp { call });
        }
    }
}

pub(crate) fn client_closed() -> LiveFlowError {
    LiveFlowError::closed("the client is closed; make a new one")
}

pub(crate) fn watch_closed() -> LiveFlowError {
    LiveFlowError::closed("the watch of this session is over; watch the session again")
}
