//! Everything that one scenario has in play: its service, clients, watches, consumers and names.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use liveflow::{Client, LiveSession};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::config::Config;
use crate::consumer::Consumer;
use crate::failure::{Failure, Result};
use crate::host::Stores;
use crate::pattern::Names;
use crate::scenario::{MAIN, Scenario};
use crate::service::{LOOK_EVERY, STANDSTILL, Service};

pub(crate) struct Stage {
    pub(crate) scenario: Scenario,
    pub(crate) service: Service,
    pub(crate) flow: String,
    stores: Stores,
    cast: Mutex<Cast>,
    /// The first failure of anything that runs beside the script.
    failure: watch::Sender<Option<Failure>>,
}

/// Who goes by which name.
#[derive(Default)]
struct Cast {
    sessions: HashMap<String, SessionName>,
    clients: HashMap<String, Client>,
    watches: HashMap<String, Watch>,
    consumers: BTreeMap<String, Arc<Consumer>>,
    checkpoints: HashMap<String, String>,
    marks: HashMap<String, u64>,
    background: HashMap<String, Background>,
    tasks: Vec<AbortHandle>,
    secrets: Vec<String>,
    /// Results and errors of actions, for the rules that look at everything that was shown.
    shown: Vec<Value>,
}

#[derive(Clone)]
enum SessionName {
    Id(String),
    /// The newest session of the service when the name is first needed.
    Newest,
}

#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) live: LiveSession,
    pub(crate) client: String,
}

#[derive(Default, Clone, Copy)]
struct Background {
    begun: usize,
    done: usize,
}

impl Stage {
    /// Sets everything up: the service, its sessions, and the client `main`.
    pub(crate) async fn set_up(scenario: Scenario) -> Result<Arc<Self>> {
        let service = Service::start().await?;
        let flow = service.put_flow(&scenario.flow).await?;
        let stage = Self {
            service,
            flow,
            stores: Stores::new()?,
            cast: Mutex::default(),
            failure: watch::Sender::new(None),
            scenario,
        };
        // Sessions go only as far as they are brought.
        stage.service.clock(&json!({"speed": STANDSTILL})).await?;
        for session in &stage.scenario.sessions {
            for _ in 0..session.count.unwrap_or(1) {
                let id = stage.service.prepare(&stage.flow, session).await?;
                if session.count.is_none() {
                    stage.name_session(session.name.as_deref().unwrap_or(MAIN), id)?;
                }
            }
        }
        let simulator = &stage.scenario.simulator;
        stage.service.clock(&json!({"speed": simulator.speed.unwrap_or(1.0)})).await?;
        stage.service.set(&simulator.settings).await?;
        stage.add_faults(&simulator.faults).await?;
        stage.service.clear_journal().await?;
        let secret = stage.service.api_key().to_owned();
        stage.cast().secrets.push(secret);
        match stage.new_client(MAIN, &serde_json::Map::new())? {
            Ok(()) => Ok(Arc::new(stage)),
            Err(error) => Err(Failure::invalid(format!("the client: {error}"))),
        }
    }

    fn cast(&self) -> MutexGuard<'_, Cast> {
        self.cast.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Clients.

    /// Makes a client; the inner error is the SDK's.
    pub(crate) fn new_client(
        &self,
        name: &str,
        config: &serde_json::Map<String, Value>,
    ) -> Result<Result<(), liveflow::LiveFlowError>> {
        let config = Config::layered(&[&self.scenario.client, config])?;
        self.cast().secrets.extend(config.secrets());
        let (base_url, key) = (self.service.base_url(), self.service.api_key());
        let config = config.for_service(base_url, key, &self.stores)?;
        self.show(json!({"configuration": format!("{config:?}")}));
        match Client::new(config) {
            Ok(client) => add(&mut self.cast().clients, name, client).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    pub(crate) fn client(&self, name: &str) -> Result<Client> {
        get(&self.cast().clients, name, "client")
    }

    pub(crate) fn close_clients(&self) {
        let clients: Vec<Client> = self.cast().clients.values().cloned().collect();
        for client in clients {
            client.close();
        }
    }

    // Sessions.

    pub(crate) fn name_session(&self, name: &str, id: String) -> Result<()> {
        add(&mut self.cast().sessions, name, SessionName::Id(id))
    }

    /// The name will stand for the session that is the newest when it is first needed.
    pub(crate) fn name_newest_session(&self, name: &str) -> Result<()> {
        add(&mut self.cast().sessions, name, SessionName::Newest)
    }

    pub(crate) async fn session(&self, name: &str) -> Result<String> {
        let known = get(&self.cast().sessions, name, "session")?;
        if let SessionName::Id(id) = known {
            return Ok(id);
        }
        loop {
            let journal = self.service.journal().await?;
            let newest = journal["sessions"].as_array().and_then(|sessions| sessions.last());
            if let Some(id) = newest.and_then(|session| session["id"].as_str()) {
                let id = id.to_owned();
                self.cast().sessions.insert(name.to_owned(), SessionName::Id(id.clone()));
                return Ok(id);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The names that patterns may use.
    pub(crate) async fn names(&self) -> Names {
        let names: Vec<String> = self.cast().sessions.keys().cloned().collect();
        let mut sessions = HashMap::new();
        for name in names {
            // A `run` that never created its session has none: nothing fits its name.
            let found = tokio::time::timeout(LOOK_EVERY * 20, self.session(&name)).await;
            if let Ok(Ok(id)) = found {
                sessions.insert(name, id);
            }
        }
        Names { sessions, flow: self.flow.clone() }
    }

    // Watches and consumers.

    pub(crate) fn add_watch(&self, name: &str, client: &str, live: LiveSession) -> Result<()> {
        add(&mut self.cast().watches, name, Watch { live, client: client.to_owned() })
    }

    pub(crate) fn watch(&self, name: &str) -> Result<Watch> {
        get(&self.cast().watches, name, "watch")
    }

    /// The names of the watches of one client.
    pub(crate) fn watches_of(&self, client: &str) -> Vec<String> {
        let cast = self.cast();
        let of_client = cast.watches.iter().filter(|(_, watch)| watch.client == client);
        of_client.map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn add_consumer(&self, name: &str, consumer: Arc<Consumer>) -> Result<()> {
        let mut cast = self.cast();
        if cast.consumers.contains_key(name) {
            return Err(given_twice(name));
        }
        cast.consumers.insert(name.to_owned(), consumer);
        Ok(())
    }

    pub(crate) fn find_consumer(&self, name: &str) -> Option<Arc<Consumer>> {
        self.cast().consumers.get(name).cloned()
    }

    pub(crate) fn consumer(&self, name: &str) -> Result<Arc<Consumer>> {
        self.find_consumer(name)
            .ok_or_else(|| Failure::invalid(format!("there is no consumer {name:?}")))
    }

    pub(crate) fn consumers(&self) -> Vec<(String, Arc<Consumer>)> {
        self.cast().consumers.iter().map(|(name, it)| (name.clone(), Arc::clone(it))).collect()
    }

    // Checkpoints and marks.

    pub(crate) fn add_checkpoint(&self, name: &str, text: String) -> Result<()> {
        add(&mut self.cast().checkpoints, name, text)
    }

    pub(crate) fn checkpoint(&self, name: &str) -> Result<String> {
        get(&self.cast().checkpoints, name, "checkpoint")
    }

    pub(crate) fn add_mark(&self, name: &str, number: u64) -> Result<()> {
        add(&mut self.cast().marks, name, number)
    }

    pub(crate) fn mark(&self, name: &str) -> Result<u64> {
        get(&self.cast().marks, name, "mark")
    }

    // Faults, with names of sessions in place of their ids.

    pub(crate) async fn add_faults(&self, faults: &[Value]) -> Result<()> {
        let mut faults = faults.to_vec();
        for fault in &mut faults {
            if let Some(name) = fault["session"].as_str().map(ToOwned::to_owned) {
                fault["session"] = json!(self.session(&name).await?);
            } else if let Some(rule) = fault.as_object_mut()
                && rule.get("session").is_some_and(Value::is_null)
            {
                rule.remove("session");
            }
        }
        self.service.add_faults(&faults).await
    }

    // What runs beside the script.

    pub(crate) fn begin_background(&self, name: &str) {
        self.cast().background.entry(name.to_owned()).or_default().begun += 1;
    }

    pub(crate) fn end_background(&self, name: &str) {
        self.cast().background.entry(name.to_owned()).or_default().done += 1;
    }

    /// Waits for what was begun under this name so far; under any name, without one.
    pub(crate) async fn join(&self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name.filter(|name| !self.cast().background.contains_key(*name)) {
            return Err(Failure::invalid(format!("nothing runs in the background as {name:?}")));
        }
        let is_wanted = |other: &str| name.is_none_or(|name| name == other);
        let begun = self.cast().background.clone();
        loop {
            let is_done = {
                let cast = self.cast();
                begun.iter().filter(|(name, _)| is_wanted(name)).all(|(name, then)| {
                    cast.background.get(name).is_some_and(|now| now.done >= then.begun)
                })
            };
            if is_done {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(crate) fn keep_task(&self, task: AbortHandle) {
        self.cast().tasks.push(task);
    }

    pub(crate) fn abort_tasks(&self) {
        for task in self.cast().tasks.drain(..) {
            task.abort();
        }
    }

    /// Fails the scenario, unless it has failed already.
    pub(crate) fn fail(&self, failure: Failure) {
        self.failure.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(failure);
            is_first
        });
    }

    /// The failure of anything that runs beside the script, once there is one.
    pub(crate) async fn failed(&self) -> Failure {
        let mut failure = self.failure.subscribe();
        loop {
            let first = failure.borrow_and_update().clone();
            if let Some(first) = first {
                return first;
            }
            // It cannot go away: the sender is part of the stage.
            let _ = failure.changed().await;
        }
    }

    // What was shown, for the rules.

    pub(crate) fn show(&self, value: Value) {
        self.cast().shown.push(value);
    }

    pub(crate) fn shown(&self) -> Vec<Value> {
        self.cast().shown.clone()
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        self.cast().secrets.clone()
    }
}

fn add<T>(all: &mut HashMap<String, T>, name: &str, value: T) -> Result<()> {
    if all.contains_key(name) {
        return Err(given_twice(name));
    }
    all.insert(name.to_owned(), value);
    Ok(())
}

fn get<T: Clone>(all: &HashMap<String, T>, name: &str, what: &str) -> Result<T> {
    all.get(name)
        .cloned()
        .ok_or_else(|| Failure::invalid(format!("there is no {what} {name:?} (yet)")))
}

fn given_twice(name: &str) -> Failure {
    Failure::invalid(format!("the name {name:?} is given twice"))
}
