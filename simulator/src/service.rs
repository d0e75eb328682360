//! All that the simulated service knows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use axum::http::HeaderMap;
use uuid::Uuid;

use crate::clock::Clock;
use crate::connection::Connections;
use crate::faults::FaultRule;
use crate::faults::{Facts, Plan, RuleState, Script};
use crate::flow::Flow;
use crate::idempotency::Remembered;
use crate::journal::Recorder;
use crate::routes::table::{Call, RouteTable};
use crate::session::{Status, Store};
use crate::settings::{InvalidSettings, Settings};

/// What it starts with, and comes back to at a reset.
pub(crate) struct Initial {
    pub(crate) settings: Settings,
    pub(crate) flows: Vec<Arc<Flow>>,
    pub(crate) speed: f64,
    pub(crate) seed: u64,
}

/// Takes a line for each request.
pub(crate) type RequestLog = Box<dyn Fn(&str) + Send + Sync>;

pub(crate) struct Service {
    pub(crate) api_key: String,
    pub(crate) clock: Clock,
    pub(crate) journal: Recorder,
    pub(crate) sessions: Store,
    pub(crate) connections: Arc<Connections>,
    pub(crate) remembered: Mutex<Remembered>,
    pub(crate) request_log: Option<RequestLog>,
    /// False during an outage.
    pub(crate) accepting: AtomicBool,
    /// Counts outages, so that a timer ends only its own.
    pub(crate) outages: AtomicU64,
    pub(crate) initial: Initial,
    faults: Mutex<Script>,
    flows: RwLock<Vec<Arc<Flow>>>,
    active: RwLock<Arc<Active>>,
    sessions_created: AtomicU64,
}

/// Settings in force.
pub(crate) struct Active {
    pub(crate) settings: Settings,
    pub(crate) routes: RouteTable,
    /// Rises with each change, so that kept bodies are written anew.
    pub(crate) generation: u64,
}

impl Active {
    fn new(settings: Settings, generation: u64) -> Result<Self, InvalidSettings> {
        settings.check()?;
        let routes = RouteTable::new(&settings).map_err(InvalidSettings::new)?;
        Ok(Self { settings, routes, generation })
    }
}

impl Service {
    pub(crate) fn new(
        api_key: String,
        clock: Clock,
        initial: Initial,
        request_log: Option<RequestLog>,
    ) -> Result<Self, InvalidSettings> {
        Ok(Self {
            api_key,
            clock,
            journal: Recorder::new(&initial.settings.journal),
            sessions: Store::default(),
            connections: Arc::default(),
            remembered: Mutex::default(),
            request_log,
            accepting: AtomicBool::new(true),
            outages: AtomicU64::new(0),
            faults: Mutex::new(Script::new(initial.seed)),
            flows: RwLock::new(initial.flows.clone()),
            active: RwLock::new(Arc::new(Active::new(initial.settings.clone(), 0)?)),
            sessions_created: AtomicU64::new(0),
            initial,
        })
    }

    pub(crate) fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_settings(&self, settings: Settings) -> Result<(), InvalidSettings> {
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        self.journal.configure(&settings.journal);
        *active = Arc::new(Active::new(settings, active.generation + 1)?);
        Ok(())
    }

    pub(crate) fn flows(&self) -> Vec<Arc<Flow>> {
        self.flows.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn flow(&self, id: Uuid) -> Option<Arc<Flow>> {
        let flows = self.flows.read().unwrap_or_else(PoisonError::into_inner);
        flows.iter().find(|flow| flow.id == id).cloned()
    }

    /// Adds a flow, or replaces it for new sessions.
    pub(crate) fn put_flow(&self, flow: Flow) {
        put_flow(&mut self.flows.write().unwrap_or_else(PoisonError::into_inner), flow);
    }

    /// Each session draws its durations from a sequence of its own, whatever the others do.
    pub(crate) fn next_session_seed(&self) -> u64 {
        let number = self.sessions_created.fetch_add(1, Ordering::Relaxed);
        self.initial.seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn plan(&self, call: Call, flow: Option<Uuid>, session: Option<Uuid>) -> Plan {
        let status_of = |id| self.status_of(id);
        self.faults().plan(&Facts { call, flow, session, status_of: &status_of })
    }

    fn status_of(&self, id: Uuid) -> Option<Status> {
        let entry = self.sessions.get(id)?;
        let mut session = entry.lock();
        session.advance_to(self.clock.now());
        Some(session.status())
    }

    pub(crate) fn add_faults(&self, rules: Vec<FaultRule>) -> usize {
        let mut faults = self.faults();
        faults.add(rules);
        faults.rules().len()
    }

    pub(crate) fn clear_faults(&self) {
        self.faults().clear();
    }

    pub(crate) fn fault_rules(&self) -> Vec<RuleState> {
        self.faults().rules().to_vec()
    }

    pub(crate) fn key_is_right(&self, headers: &HeaderMap) -> bool {
        headers.get("api-key").is_some_and(|key| key.as_bytes() == self.api_key.as_bytes())
    }

    /// Back to how it was at the start; the journal's and the connections' numbers go on.
    pub(crate) fn reset(&self) -> Result<(), InvalidSettings> {
        self.clear_faults();
        self.sessions.clear();
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = Remembered::default();
        self.flows.write().unwrap_or_else(PoisonError::into_inner).clone_from(&self.initial.flows);
        self.set_settings(self.initial.settings.clone())?;
        self.clock.set_speed(self.initial.speed);
        self.journal.clear();
        Ok(())
    }

    /// How much real time has passed since the start.
    pub(crate) fn uptime(&self) -> Duration {
        Duration::from_secs_f64(self.journal.time_ms() / 1000.0)
    }

    fn faults(&self) -> MutexGuard<'_, Script> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn put_flow(flows: &mut Vec<Arc<Flow>>, flow: Flow) {
    let flow = Arc::new(flow);
    match flows.iter_mut().find(|known| known.id == flow.id) {
        Some(known) => *known = flow,
        None => flows.push(flow),
    }
}
