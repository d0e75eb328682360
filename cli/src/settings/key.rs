//! Where the API key comes from: a file, the environment, the configuration, or somebody who types
//! it. Never from an argument: those stay in the shell's history and show in lists of processes.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use liveflow::Secret;

use crate::exit::Failure;
use crate::terminal::Lines;

/// Where a key was found, to be told to people; never the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Variable(&'static str),
    File(PathBuf),
    Config(PathBuf),
    Typed,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Config(path) => write!(f, "the configuration file {}", path.display()),
            Self::Typed => f.write_str("the terminal"),
        }
    }
}

pub(crate) const KEY: &str = "TRUESTATE_API_KEY";
pub(crate) const KEY_FILE: &str = "TRUESTATE_API_KEY_FILE";

/// The places to look, in the order of precedence.
pub(crate) struct Places<'a> {
    /// `--api-key-file`.
    pub(crate) flag: Option<&'a Path>,
    /// The configuration file's `api_key_file`.
    pub(crate) config_file: Option<PathBuf>,
    /// The configuration file's own `api_key`, and its path.
    pub(crate) config: Option<(&'a str, &'a Path)>,
}

/// The key that is set somewhere, if any is.
pub(crate) fn find(places: &Places<'_>) -> Result<Option<(Secret, Source)>, Failure> {
    let set = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let file = |path: &Path| {
        let key = read(path)?;
        Ok(Some((key, Source::File(path.to_owned()))))
    };
    if let Some(path) = places.flag {
        return file(path);
    }
    if let Some(key) = set(KEY) {
        return Ok(Some((Secret::from(key.trim()), Source::Variable(KEY))));
    }
    if let Some(path) = set(KEY_FILE) {
        return file(Path::new(&path));
    }
    if let Some(path) = &places.config_file {
        return file(path);
    }
    Ok(places.config.map(|(key, path)| (Secret::from(key), Source::Config(path.to_owned()))))
}

/// Has somebody type the key, unseen.
pub(crate) async fn ask(lines: &Lines) -> Result<(Secret, Source), Failure> {
    if !Lines::are_typed() {
        return Err(missing());
    }
    let typed = lines.secret("API key (not shown): ").await?;
    match typed.as_deref().map(str::trim) {
        Some(key) if !key.is_empty() => Ok((Secret::from(key), Source::Typed)),
        _ => Err(missing()),
    }
}

fn missing() -> Failure {
    Failure::usage("there is no API key")
        .note(format!("set {KEY}, or {KEY_FILE} or --api-key-file to a file that holds it,"))
        .note("or api_key_file in the configuration file (`liveflow doctor` says which one)")
        .note("to try it without an account: liveflow demo")
}

fn read(path: &Path) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("the key's file {}: {error}", path.display())))?;
    let key = text.trim();
    if key.is_empty() {
        return Err(Failure::usage(format!("the key's file {} is empty", path.display())));
    }
    Ok(Secret::from(key))
}

/// Whether others on this computer may read the file.
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        std::fs::metadata(path).map(|_| false)
    }
}
