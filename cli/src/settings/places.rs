//! Where files of the command's own are.

use std::env;
use std::path::{Path, PathBuf};

/// The configuration file when none is named.
pub(crate) fn config_file() -> Option<PathBuf> {
    base("XDG_CONFIG_HOME", ".config", "APPDATA").map(|base| base.join("liveflow/config.toml"))
}

/// Where checkpoints are kept when nothing else is said.
pub(crate) fn state_dir() -> Option<PathBuf> {
    base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA").map(|base| base.join("liveflow"))
}

fn base(variable: &str, below_home: &str, windows: &str) -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        return set(windows);
    }
    set(variable).or_else(|| Some(set("HOME")?.join(below_home)))
}

/// A path as people write it in a file: `~/` is the home directory, anything relative is so to the
/// file.
pub(crate) fn written_in(file: &Path, path: &str) -> PathBuf {
    if let (Some(below), Some(home)) = (path.strip_prefix("~/"), env::home_dir()) {
        return home.join(below);
    }
    file.parent().unwrap_or(Path::new("")).join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_file_is_relative_to_the_file() {
        let file = Path::new("/etc/liveflow/config.toml");
        assert_eq!(written_in(file, "key"), Path::new("/etc/liveflow/key"));
        assert_eq!(written_in(file, "/run/key"), Path::new("/run/key"));
        if let Some(home) = env::home_dir() {
            assert_eq!(written_in(file, "~/key"), home.join("key"));
        }
    }
}
