//! The simulator as a value: built, started, controlled, stopped.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::{Clock, is_speed};
use crate::connection::{Connections, Cut};
use crate::control::{ControlError, Controls, Outage};
use crate::faults::{FaultRule, InvalidFault, RuleState, parse_rules};
use crate::file::{self, InvalidFile};
use crate::flow::{Flow, read_directory, shipped_flows};
use crate::journal::Journal;
use crate::routes::control::control_router;
use crate::routes::router;
use crate::server::Server;
use crate::service::{Initial, RequestLog, Service, put_flow};
use crate::settings::{InvalidSettings, Settings};

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A flow, fault or settings file cannot be used.
    #[error("{0}")]
    File(#[from] InvalidFile),
    /// The settings cannot be used together.
    #[error("settings: {0}")]
    Settings(#[from] InvalidSettings),
    /// A fault rule cannot be used.
    #[error("{0}")]
    Fault(#[from] InvalidFault),
    /// The clock cannot run at this speed.
    #[error("the speed is greater than 0 and at most 1000000, not {0}")]
    Speed(f64),
    /// The key cannot be sent in a header.
    #[error("the API key must be visible ASCII and not empty")]
    ApiKey,
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// What was tried.
        address: SocketAddr,
        /// Why it failed.
        source: io::Error,
    },
}

/// How a simulator is to be.
#[must_use]
pub struct SimulatorBuilder {
    address: SocketAddr,
    api_key: String,
    speed: f64,
    seed: u64,
    settings: Settings,
    settings_file: Option<PathBuf>,
    faults: Vec<FaultRule>,
    fault_file: Option<PathBuf>,
    flow_texts: Vec<String>,
    flow_directories: Vec<PathBuf>,
    request_log: Option<RequestLog>,
}

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            api_key: "simulator-key".to_owned(),
            speed: 1.0,
            seed: 0,
            settings: Settings::default(),
            settings_file: None,
            faults: Vec::new(),
            fault_file: None,
            flow_texts: Vec::new(),
            flow_directories: Vec::new(),
            request_log: None,
        }
    }
}

impl SimulatorBuilder {
    /// The address to listen on; 127.0.0.1 by default.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.address.set_ip(host);
        self
    }

    /// The port to listen on; a free one by default.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// The one key that is accepted; `simulator-key` by default.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// How many times as fast as real time service time runs.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// The seed of durations and of faults by chance.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How undocumented behaviour is to be.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Settings from a file; what it leaves out is as [`Self::settings`] says.
    pub fn settings_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.settings_file = Some(file.into());
        self
    }

    /// Faults to begin with.
    pub fn faults(mut self, rules: impl IntoIterator<Item = FaultRule>) -> Self {
        self.faults.extend(rules);
        self
    }

    /// Faults from a file, after those of [`Self::faults`].
    pub fn fault_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.fault_file = Some(file.into());
        self
    }

    /// A flow beside the built-in ones, as JSON.
    pub fn flow(mut self, json: impl Into<String>) -> Self {
        self.flow_texts.push(json.into());
        self
    }

    /// All `*.json` of a directory, as flows.
    pub fn flows(mut self, directory: impl Into<PathBuf>) -> Self {
        self.flow_directories.push(directory.into());
        self
    }

    /// Gets a line for each request.
    pub fn request_log(mut self, log: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.request_log = Some(Box::new(log));
        self
    }

    /// Starts it on the current tokio runtime. Clients can connect when this returns.
    #[expect(clippy::unused_async, reason = "awaiting it proves that there is a runtime")]
    pub async fn start(self) -> Result<Simulator, StartError> {
        if !is_speed(self.speed) {
            return Err(StartError::Speed(self.speed));
        }
        if self.api_key.is_empty() || !self.api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(StartError::ApiKey);
        }
        let clock = Clock::new(self.speed);
        let mut flows = Vec::new();
        let mut found = shipped_flows(clock.now())?;
        for directory in &self.flow_directories {
            found.extend(read_directory(directory, clock.now())?);
        }
        for text in &self.flow_texts {
            found.push(Flow::parse(text, None, clock.now())?);
        }
        for flow in found {
            put_flow(&mut flows, flow);
        }
        let mut settings = self.settings;
        if let Some(path) = &self.settings_file {
            settings = settings
                .merged_with_text(&file::read(path)?)
                .map_err(|invalid| invalid.in_file(path.display().to_string()))?;
        }
        let mut rules = self.faults;
        if let Some(path) = &self.fault_file {
            rules.extend(
                parse_rules(&file::read(path)?)
                    .map_err(|invalid| invalid.in_file(path.display().to_string()))?,
            );
        }
        let initial = Initial { settings, flows, speed: self.speed, seed: self.seed };
        let service = Arc::new(Service::new(self.api_key, clock, initial, self.request_log)?);
        service.add_checked_faults(rules)?;
        Simulator::start(&service, self.address)
    }
}

/// A simulator that runs. It stops when it is dropped.
pub struct Simulator {
    controls: Controls,
    base_url: String,
    control_url: String,
    tasks: Vec<JoinHandle<()>>,
    control_connections: Arc<Connections>,
}

impl Simulator {
    /// Begins to describe a simulator.
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::default()
    }

    fn start(service: &Arc<Service>, address: SocketAddr) -> Result<Self, StartError> {
        let listen = |address| {
            Server::bind(address).map_err(|source| StartError::Listen { address, source })
        };
        let (server, gate) = listen(address)?;
        // A second port, so that an outage of the first can be ended from outside.
        let (control_server, _) = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let controls = Controls { service: Arc::clone(service), gate };
        let control = control_router(controls.clone());
        let base_url = url(server.address());
        let control_url = url(control_server.address());
        let control_connections = Arc::<Connections>::default();
        let connections = Arc::clone(&service.connections);
        let tasks = vec![
            tokio::spawn(server.run(connections, router(service, control.clone()))),
            tokio::spawn(control_server.run(Arc::clone(&control_connections), control)),
        ];
        Ok(Self { controls, base_url, control_url, tasks, control_connections })
    }

    /// Where the service is, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where control requests are taken even during an outage, without a slash at the end.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// The key that is accepted.
    pub fn api_key(&self) -> &str {
        &self.service().api_key
    }

    /// Ids and names of the flows.
    pub fn flows(&self) -> Vec<(Uuid, String)> {
        self.service().flows().iter().map(|flow| (flow.id, flow.name.clone())).collect()
    }

    /// What happened so far.
    pub fn journal(&self) -> Journal {
        self.service().look(None, 0)
    }

    /// What happened to one session so far.
    pub fn journal_of(&self, session: Uuid) -> Journal {
        self.service().look(Some(session), 0)
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.service().journal.clear();
    }

    /// A session as the service shows it.
    pub fn session(&self, session: Uuid) -> Result<Value, ControlError> {
        self.service().session_body(session).map(|body| as_value(&body))
    }

    /// Adds a flow, or replaces it for new sessions.
    pub fn upload_flow(&self, id: Uuid, json: &str) -> Result<(), InvalidFile> {
        self.service().upload_flow(id, json).map(|_| ())
    }

    /// The fault rules and how often each struck.
    pub fn faults(&self) -> Vec<RuleState> {
        self.service().fault_rules()
    }

    /// Adds fault rules behind those there are: all or, when one is wrong, none.
    pub fn add_faults(&self, rules: Vec<FaultRule>) -> Result<(), InvalidFault> {
        self.service().add_checked_faults(rules).map(|_| ())
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.service().clear_faults();
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.service().active().settings.clone()
    }

    /// Replaces the settings.
    pub fn set_settings(&self, settings: Settings) -> Result<(), InvalidSettings> {
        self.service().set_settings(settings)
    }

    /// Another device answers the open question. The session as it then is.
    pub fn answer(&self, session: Uuid, answer: &Value) -> Result<Value, ControlError> {
        self.service().answer_elsewhere(session, answer).map(|body| as_value(&body))
    }

    /// Finishes the current step now, or fails it. The session as it then is.
    pub fn advance(&self, session: Uuid, fail: Option<&str>) -> Result<Value, ControlError> {
        self.service().advance(session, fail).map(|body| as_value(&body))
    }

    /// Lets service time go on at another speed. Speeds that make no sense are ignored.
    pub fn set_speed(&self, speed: f64) {
        if is_speed(speed) {
            self.service().clock.set_speed(speed);
        }
    }

    /// Jumps forward in service time.
    pub fn advance_clock(&self, by: Duration) {
        self.service().clock.advance(by);
    }

    /// Ends all open connections; tells how many.
    pub fn drop_connections(&self, how: Cut) -> usize {
        self.service().connections.cut_all(None, how)
    }

    /// Begins an outage, for a time or until [`Self::end_outage`].
    pub async fn begin_outage(&self, how: Outage, lasts: Option<Duration>) -> io::Result<()> {
        self.controls.begin_outage(how, None, lasts).await
    }

    /// Ends an outage.
    pub async fn end_outage(&self) -> io::Result<()> {
        self.controls.end_outage().await
    }

    /// Back to how it was at the start, without sessions, faults and journal.
    pub async fn reset(&self) -> io::Result<()> {
        self.service().reset().map_err(io::Error::other)?;
        self.controls.end_outage().await
    }

    /// Stops and waits until the port is free.
    pub async fn stop(mut self) {
        let tasks = std::mem::take(&mut self.tasks);
        for task in &tasks {
            task.abort();
        }
        self.end_connections();
        for task in tasks {
            // Aborted is what it is meant to be.
            let _ = task.await;
        }
    }

    fn end_connections(&self) {
        self.service().connections.cut_all(None, Cut::Close);
        self.control_connections.cut_all(None, Cut::Close);
    }

    fn service(&self) -> &Service {
        &self.controls.service
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.end_connections();
    }
}

/// A client cannot connect to "any address"; where that is listened on, this machine will do.
fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

fn as_value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
