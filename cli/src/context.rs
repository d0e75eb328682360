//! What the commands share: settings, the client, and what to say when they are stopped.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;

use liveflow::{Client, ClientConfig, LiveFlowId};

use crate::arguments::Connection;
use crate::exit::Failure;
use crate::settings::{Settings, key};
use crate::terminal::Lines;

/// What can be done after watching was stopped, and the command for it.
pub(crate) type HowToGoOn = Vec<(&'static str, String)>;

/// One run of the command.
pub(crate) struct Context {
    flags: Connection,
    settings: OnceCell<Settings>,
    lines: Lines,
    how_to_go_on: RefCell<HowToGoOn>,
}

impl Context {
    pub(crate) fn new(flags: Connection) -> Self {
        Self {
            flags,
            settings: OnceCell::new(),
            lines: Lines::new(),
            how_to_go_on: RefCell::default(),
        }
    }

    /// The settings, read when somebody first asks: `demo` needs none, and must not fail on them.
    pub(crate) fn settings(&self) -> Result<&Settings, Failure> {
        if self.settings.get().is_none() {
            let loaded = Settings::load(self.flags.clone())?;
            return Ok(self.settings.get_or_init(|| loaded));
        }
        self.settings.get().ok_or_else(|| Failure::usage("the settings were not read"))
    }

    /// What is typed.
    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The flow that an argument means.
    pub(crate) fn flow(&self, given: &str) -> Result<LiveFlowId, Failure> {
        self.settings()?.flow(given)
    }

    /// The configuration of a client, with a key, asked for where there is none.
    pub(crate) async fn client_config(&self) -> Result<ClientConfig, Failure> {
        let settings = self.settings()?;
        let key = match settings.key()? {
            Some((key, _)) => key,
            None => key::ask(&self.lines).await?.0,
        };
        settings.client(key)
    }

    /// A client that keeps no checkpoints.
    pub(crate) async fn client(&self) -> Result<Client, Failure> {
        Ok(Client::new(self.client_config().await?)?)
    }

    /// Where this service's checkpoints are kept, if they are.
    pub(crate) fn state_dir(&self, config: &ClientConfig) -> Result<Option<PathBuf>, Failure> {
        let service: String = config
            .base_url
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
            .collect();
        Ok(self.settings()?.state_dir().map(|dir| dir.join("checkpoints").join(service)))
    }

    /// From now on, whoever stops this command is told how to go on.
    pub(crate) fn following(&self, how_to_go_on: HowToGoOn) {
        *self.how_to_go_on.borrow_mut() = how_to_go_on;
    }

    /// How to go on after a stop; empty if nothing was begun that goes on.
    pub(crate) fn how_to_go_on(&self) -> HowToGoOn {
        self.how_to_go_on.borrow().clone()
    }
}
