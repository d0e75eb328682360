//! The client: the service's five calls, and sessions that are watched.

mod create;
mod direct;
mod own;
mod run;
mod sessions;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use crate::answer::Answer;
use crate::config::{CheckpointStore, ClientConfig};
use crate::engine::{Engine, now, seed, store_failed};
use crate::error::{LiveFlowError, Result};
use crate::ids::{IntoLiveFlowId, IntoSessionId, LiveFlowId, SessionId};
use crate::json::Json;
use crate::live_session::LiveSession;
use crate::machine::{Checkpoint, Dice, Machine, Moment, Settings};
use crate::session::Session;

use own::OwnSessions;

pub use sessions::SessionIter;

/// Talks to one organisation's Live Flow service, and watches any number of its sessions.
///
/// Clones are handles to the same client. Futures of its methods can be awaited on any executor; the
/// work is done on a small runtime of the library's own. When the last handle is gone, everything is
/// stopped; [`Client::close`] does so at once.
///
/// ```no_run
/// # async fn example() -> liveflow::Result<()> {
/// use liveflow::{Answer, Client, Json};
///
/// let client = Client::from_env()?;
/// let inputs = Json::parse(r#"{"company": "ACME"}"#)?;
/// let session = client
///     .run(
///         "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe",
///         inputs,
///         |prompt| async move { Ok(Some(Answer::from(format!("about {}: yes", prompt.text)))) },
///         |event| { println!("{event:?}"); Ok(()) },
///     )
///     .await?;
/// println!("{:?}: {:?}", session.status, session.output());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    engine: Arc<Engine>,
    own_sessions: Arc<Mutex<OwnSessions>>,
}

impl Client {
    /// A client with this configuration. `Configuration`, naming the setting, where it does not fit.
    /// Nothing is sent yet.
    pub fn new(config: ClientConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self { engine: Arc::new(Engine::start(config)?), own_sessions: Arc::default() })
    }

    /// A client configured by `TRUESTATE_API_KEY`, `TRUESTATE_ORGANISATION_ID` (or
    /// `TRUESTATE_ORGANISATION`) and `TRUESTATE_HOST`.
    pub fn from_env() -> Result<Self> {
        Self::new(ClientConfig::from_env()?)
    }

    // The service's five calls.

    /// *Create session*: starts a run of the flow and gives it as the service first shows it.
    ///
    /// It is sent again only while it surely never reached the service. When nobody can tell,
    /// `OutcomeUnknown` lists the sessions that it could have made; see
    /// [`ClientConfig::correlation_member`] for a way to know.
    pub async fn create_session(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        inputs: Json,
    ) -> Result<Session> {
        let flow = live_flow_id.into_live_flow_id()?;
        self.create(flow, inputs).await.map(|session| (*session).clone())
    }

    /// *Get session*: the session as it is now. Transient failures are tried again within
    /// `timeouts.total`.
    pub async fn get_session(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        session_id: impl IntoSessionId,
    ) -> Result<Session> {
        let flow = live_flow_id.into_live_flow_id()?;
        let session = session_id.into_session_id()?;
        direct::get_session(&self.engine, flow, session).await
    }

    /// *Get sessions*: every session the flow ever ran, collected. Prefer
    /// [`Client::iter_sessions`] where there may be many.
    pub async fn get_sessions(&self, live_flow_id: impl IntoLiveFlowId) -> Result<Vec<Session>> {
        let mut sessions = self.iter_sessions(live_flow_id)?;
        let mut all = Vec::new();
        while let Some(session) = sessions.next().await {
            all.push(session?);
        }
        Ok(all)
    }

    /// *Get sessions*, one at a time: the answer is decoded as it arrives, so memory holds one
    /// session whatever the length of the list. Nothing is sent before the first
    /// [`SessionIter::next`].
    pub fn iter_sessions(&self, live_flow_id: impl IntoLiveFlowId) -> Result<SessionIter> {
        self.engine.check()?;
        Ok(SessionIter::new(Arc::clone(&self.engine), live_flow_id.into_live_flow_id()?))
    }

    /// *Add user input*, unadorned: answers whatever the session asks at the moment it arrives.
    ///
    /// It is sent again only while it surely never reached the service; if it may have,
    /// `OutcomeUnknown` hands the text back. [`LiveSession::answer`] does better: it answers one
    /// certain prompt, and finds out.
    pub async fn add_user_input(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        session_id: impl IntoSessionId,
        user_input: impl Into<Answer>,
    ) -> Result<Session> {
        let flow = live_flow_id.into_live_flow_id()?;
        let session = session_id.into_session_id()?;
        direct::add_user_input(&self.engine, flow, session, user_input.into()).await
    }

    /// *Cancel session*: stops the session at the service and gives it as it ended. Its status is
    /// then `FAILED` (documented), or finished, if that came first.
    pub async fn cancel_session(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        session_id: impl IntoSessionId,
    ) -> Result<Session> {
        let flow = live_flow_id.into_live_flow_id()?;
        let session = session_id.into_session_id()?;
        // A watch that looks only where the outcome is in doubt, and that leaves the session's
        // checkpoint to whoever owns it.
        let never = now() + self.engine.config().watch_limit;
        let settings = Settings { stores_answers: false, ..(**self.engine.settings()).clone() };
        let live = self.attach_with(settings.into(), flow, session, never, |machine, _| machine)?;
        live.cancel().await
    }

    // Watched sessions.

    /// Creates a session, as [`Client::create_session`] does, and watches it.
    pub async fn start(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        inputs: Json,
    ) -> Result<LiveSession> {
        let flow = live_flow_id.into_live_flow_id()?;
        let session = self.create(flow.clone(), inputs).await?;
        let id = session.id.clone();
        self.attach(flow, id, now(), |machine, now| machine.created(now, session))
    }

    /// Watches a session that exists already. Its first look is a poll of the watch itself, so a
    /// session that does not exist shows as `WatchEnded`.
    #[allow(clippy::unused_async)] // As `start`: the languages' layers await both alike.
    pub async fn watch(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        session_id: impl IntoSessionId,
    ) -> Result<LiveSession> {
        let flow = live_flow_id.into_live_flow_id()?;
        let session = session_id.into_session_id()?;
        self.remember(&session);
        self.attach(flow, session, self.first_read(), |machine, _| machine)
    }

    /// Goes on with a session from its checkpoint, after a restart. An open prompt is announced
    /// again. An answer that was under way is not sent again: reads judge it, and if it did not
    /// arrive consumers get [`SessionEvent::AnswerUnresolved`](crate::SessionEvent).
    #[allow(clippy::unused_async)] // As `start`: the languages' layers await both alike.
    pub async fn restore(&self, checkpoint: &Checkpoint) -> Result<LiveSession> {
        let flow = checkpoint.live_flow_id().clone();
        let session = checkpoint.session_id().clone();
        self.remember(&session);
        let kept = checkpoint.clone();
        self.attach(flow, session, self.first_read(), |machine, now| machine.restored(now, kept))
    }

    /// Goes on with every session in the configured `checkpoint_store`. `Configuration` without one.
    pub async fn restore_all(&self) -> Result<Vec<LiveSession>> {
        let Some(store) = self.engine.config().checkpoint_store.clone() else {
            return Err(LiveFlowError::configuration(
                "checkpoint_store",
                "restore_all needs a checkpoint_store to restore from",
            ));
        };
        let patience = self.engine.config().timeouts.total;
        let kept = self.engine.run(async move { read_all(store, patience).await });
        let mut live = Vec::new();
        for checkpoint in kept.await? {
            live.push(self.restore(&checkpoint).await?);
        }
        Ok(live)
    }

    // The application's life.

    /// The application goes to the background: no request starts after this has returned. Writes on
    /// the wire get `suspend_grace`; answers given meanwhile wait, stored where there is a store.
    pub fn suspend(&self) {
        self.engine.suspend();
    }

    /// The application is back: fresh connections, and one look at each session.
    pub fn resume(&self) {
        self.engine.resume();
    }

    /// The device is on another network: connections are opened anew, and what waited for the old
    /// network to come back is tried again at once.
    pub fn network_changed(&self) {
        self.engine.network_changed();
    }

    /// Stops everything: streams end with `WatchEnded`, listeners get nothing more, no request
    /// starts after this has returned. Sessions go on at the service. It waits for nothing, and
    /// calling it again does nothing.
    pub fn close(&self) {
        self.engine.close();
    }

    fn attach(
        &self,
        flow: LiveFlowId,
        session: SessionId,
        first_read: Moment,
        prepare: impl FnOnce(Machine, Moment) -> Machine,
    ) -> Result<LiveSession> {
        let settings = Arc::clone(self.engine.settings());
        self.attach_with(settings, flow, session, first_read, prepare)
    }

    fn attach_with(
        &self,
        settings: Arc<Settings>,
        flow: LiveFlowId,
        session: SessionId,
        first_read: Moment,
        prepare: impl FnOnce(Machine, Moment) -> Machine,
    ) -> Result<LiveSession> {
        let now = now();
        let machine =
            Machine::new(settings, flow.clone(), session.clone(), seed(), now, first_read);
        let watch = self.engine.watch(prepare(machine, now))?;
        Ok(LiveSession::new(watch, session, flow))
    }

    /// When a new watch looks first: at once, unless many begin together, which are then spread over
    /// one interval.
    fn first_read(&self) -> Moment {
        let config = self.engine.config();
        let spread = self.engine.crowd_spread(config.polling.running_max);
        now() + spread.mul_f64(Dice::new(seed()).unit())
    }

    fn remember(&self, session: &SessionId) {
        self.own().remember(session);
    }

    fn own(&self) -> std::sync::MutexGuard<'_, OwnSessions> {
        self.own_sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every checkpoint in the store.
async fn read_all(store: Arc<dyn CheckpointStore>, patience: Duration) -> Result<Vec<Checkpoint>> {
    let reading = async {
        let mut kept = Vec::new();
        for id in store.list().await.map_err(store_failed)? {
            if let Some(stored) = store.load(id.clone()).await.map_err(store_failed)? {
                let checkpoint = Checkpoint::parse(&stored.data);
                kept.push(checkpoint.map_err(|error| of_session(&id, error))?);
            }
        }
        Ok(kept)
    };
    // The caller's own code: it may panic, and it may never return.
    match tokio::time::timeout(patience, AssertUnwindSafe(reading).catch_unwind()).await {
        Ok(Ok(kept)) => kept,
        Ok(Err(_)) => Err(store_failed("it panicked")),
        Err(_) => Err(store_failed("it did not come back within timeouts.total")),
    }
}

fn of_session(id: &str, mut error: LiveFlowError) -> LiveFlowError {
    let context = error.context_mut();
    context.reason = format!("the stored checkpoint of session {id}: {}", context.reason);
    error
}
