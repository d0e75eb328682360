//! When things are done: one task for each client drives the machines of all its sessions.
//!
//! Handles talk to it through a mailbox; it owns the machines, so nothing around them is locked. An
//! idle session costs a timer entry and a machine, not a task.

mod budget;
mod by_id;
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

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::ClientConfig;
use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::machine::{CallId, Input, Machine, Moment, Settings};
use crate::service::Service;

use driver::Driver;
use gate::Gate;
use mailbox::{Message, WatchId};

pub use runtime::{Task, shutdown_runtime};

pub(crate) use runtime::{AbortOnDrop, handle as runtime_handle};

pub(crate) use callbacks::{drop_elsewhere, run_callback};
pub(crate) use clock::{now, wall_milliseconds};
pub(crate) use gate::Bar;
pub(crate) use mailbox::Waiter;
pub(crate) use random::{seed, unique_key};
pub(crate) use requests::{Job, Reply};
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
    is_closed: watch::Sender<bool>,
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
            is_closed: watch::Sender::new(false),
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
        // The engine is gone without a close after a shutdown of the runtime.
        if self.is_closed() || self.mailbox.is_closed() {
            return Err(client_closed());
        }
        Ok(())
    }

    fn is_closed(&self) -> bool {
        *self.is_closed.borrow()
    }

    /// Waits until the client is closed.
    pub(crate) async fn closed(&self) {
        // It fails only without a sender, which is held here.
        let _ = self.is_closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }

    /// Sleeps on the shared runtime; `Closed` as soon as the client is closed.
    pub(crate) async fn sleep_until(&self, until: Moment) -> Result<()> {
        tokio::select! {
            () = self.closed() => Err(client_closed()),
            () = tokio::time::sleep(until.since(now())) => Ok(()),
        }
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

    /// One request outside any watch. When the caller's future is dropped, what has not left stays.
    pub(crate) async fn ask(&self, job: Job, deadline: Moment, fresh_credentials: bool) -> Reply {
        let call = CallId(self.next_id());
        // Dropped after the receiver, so that the engine finds nobody waiting.
        let mut forgo = TellOnDrop { engine: self, message: Some(Message::Forgo { call }) };
        let (reply, mut answer) = oneshot::channel();
        self.tell(Message::Ask { call, job, deadline, fresh_credentials, reply });
        let timer = tokio::time::sleep(deadline.since(now()) + SLACK);
        let answer = tokio::select! {
            answer = &mut answer => answer,
            () = timer => {
                // The engine knows how far it got, and says so.
                self.tell(Message::Forgo { call });
                answer.await
            }
        };
        forgo.message = None;
        // Without an engine there is nobody who could have sent it.
        answer.unwrap_or(Reply::NotStarted)
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
        // The engine hears of it before requests are kept back, and after they are let out, so that
        // none is handed back and forth in between.
        if is_shut {
            self.tell(message(*order));
            self.gate.set_shut(true);
        } else {
            self.gate.set_shut(false);
            self.tell(message(*order));
        }
    }

    pub(crate) fn network_changed(&self) {
        self.tell(Message::NetworkChanged);
    }

    pub(crate) fn close(&self) {
        if self.process != std::process::id() {
            return;
        }
        let _order = self.lifecycle_order.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_closed.send_replace(true) {
            self.tell(Message::Close);
            self.gate.set_shut(true);
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

/// How long after its deadline a request may take to be reported, before it is asked for.
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
        let message = Message::GiveUp { id: self.id, call };
        let mut give_up = TellOnDrop { engine: &self.engine, message: Some(message) };
        let result = result.await;
        give_up.message = None;
        result.unwrap_or_else(|_| Err(watch_closed()))
    }

    pub(crate) fn tell(&self, input: Input) {
        self.engine.tell(Message::Tell { id: self.id, input });
    }

    /// Ends the watch. When this returns, none of its requests can be about to start.
    pub(crate) fn close(&self) {
        if self.engine.process == std::process::id() {
            self.tell(Input::Close);
            self.engine.gate.bar(&self.bar);
        }
    }

    /// Whether this watch or its client was closed.
    pub(crate) fn is_over(&self) -> bool {
        self.bar.is_set() || self.engine.is_closed()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells the engine that a caller's future was dropped before it was done.
struct TellOnDrop<'a> {
    engine: &'a Engine,
    message: Option<Message>,
}

impl Drop for TellOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.engine.tell(message);
        }
    }
}

pub(crate) fn client_closed() -> LiveFlowError {
    LiveFlowError::closed("the client is closed; make a new one")
}

pub(crate) fn watch_closed() -> LiveFlowError {
    LiveFlowError::closed("the watch of this session is over; watch the session again")
}

pub(crate) fn store_failed(why: impl std::fmt::Display) -> LiveFlowError {
    LiveFlowError::HandlerFailed {
        context: ErrorContext::new(format!("the checkpoint store failed: {why}")),
    }
}
