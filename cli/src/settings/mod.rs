//! How the command is set up: from flags, the environment, a file, and defaults, in this order.

mod apply;
mod file;
pub(crate) mod key;
pub(crate) mod places;

use std::env;
use std::path::{Path, PathBuf};

use liveflow::{ClientConfig, LiveFlowId, Secret};

use crate::arguments::Connection;
use crate::exit::Failure;
use file::File;
use key::Source;

/// What was found, before there is a key.
pub(crate) struct Settings {
    flags: Connection,
    file: File,
    /// The configuration file, whether it is there or not.
    path: Option<PathBuf>,
    exists: bool,
}

impl Settings {
    /// Reads the configuration file: the one that is named must be there.
    pub(crate) fn load(mut flags: Connection) -> Result<Self, Failure> {
        // A variable that is set to nothing is as good as none.
        flags.base_url = flags.base_url.filter(|host| !host.trim().is_empty());
        if let Some(named) = &flags.config {
            let file = file::read(named)?;
            return Ok(Self { path: Some(named.clone()), file, flags, exists: true });
        }
        let path = places::config_file();
        let exists = path.as_deref().is_some_and(Path::exists);
        let file = match &path {
            Some(path) if exists => file::read(path)?,
            _ => File::default(),
        };
        Ok(Self { flags, file, path, exists })
    }

    /// The configuration file, and whether it is there.
    pub(crate) fn config_file(&self) -> (Option<&Path>, bool) {
        (self.path.as_deref(), self.exists)
    }

    /// The key that is set somewhere, and where.
    pub(crate) fn key(&self) -> Result<Option<(Secret, Source)>, Failure> {
        let config_file = self.file.api_key_file.as_deref().map(|path| self.resolve(path));
        let config = self.file.api_key.as_deref().zip(self.path.as_deref());
        key::find(&key::Places { flag: self.flags.api_key_file.as_deref(), config_file, config })
    }

    /// Everything a client can be told, with this key.
    pub(crate) fn client(&self, key: Secret) -> Result<ClientConfig, Failure> {
        let mut config = ClientConfig::new(key);
        apply::file(&mut config, &self.file, |path| self.resolve(path))?;
        if let Some(host) = &self.flags.base_url {
            config.base_url.clone_from(host);
        }
        let organisation = self.flags.organisation.clone().or_else(organisation_of_environment);
        config.organisation_id = organisation.or(config.organisation_id);
        Ok(config)
    }

    /// The flow that is meant: a name from the configuration file, an id, or an address.
    pub(crate) fn flow(&self, given: &str) -> Result<LiveFlowId, Failure> {
        let meant = self.file.flows.get(given).map_or(given, String::as_str);
        LiveFlowId::parse(meant).map_err(|error| {
            let failure = Failure::from(error);
            if self.file.flows.is_empty() || meant != given {
                return failure;
            }
            let names: Vec<&str> = self.file.flows.keys().map(String::as_str).collect();
            failure.note(format!("names in the configuration file: {}", names.join(", ")))
        })
    }

    /// Where checkpoints are kept; none if they are not wanted, or there is no place.
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        if self.file.checkpoints == Some(false) {
            return None;
        }
        self.flags
            .state_dir
            .clone()
            .or_else(|| self.file.state_dir.as_deref().map(|path| self.resolve(path)))
            .or_else(places::state_dir)
    }

    fn resolve(&self, path: &str) -> PathBuf {
        places::written_in(self.path.as_deref().unwrap_or(Path::new("")), path)
    }
}

/// `TRUESTATE_ORGANISATION_ID`, or the name that the official client reads.
fn organisation_of_environment() -> Option<String> {
    ["TRUESTATE_ORGANISATION_ID", "TRUESTATE_ORGANISATION"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
}
