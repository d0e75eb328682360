//! What can be found out on this computer.

use liveflow::{ClientConfig, Secret};

use super::finding::Finding;
use crate::context::Context;
use crate::exit::Failure;
use crate::settings::Settings;
use crate::settings::key::{KEY, KEY_FILE, Source, is_open_to_others};

pub(super) fn config_file(settings: &Settings) -> Finding {
    let check = "configuration";
    match settings.config_file() {
        (Some(path), true) => Finding::fine(check, format!("{} is read", path.display())),
        (Some(path), false) => {
            Finding::fine(check, format!("defaults; there is no {}", path.display()))
        }
        (None, _) => Finding::fine(check, "defaults; there is no place for a file"),
    }
}

pub(super) fn key(settings: &Settings) -> (Option<Secret>, Finding) {
    let check = "key";
    match settings.key() {
        Ok(Some((key, source))) => {
            let found = format!("found in {source}");
            let finding = match &source {
                Source::File(path) | Source::Config(path)
                    if is_open_to_others(path).unwrap_or(false) =>
                {
                    Finding::unsure(check, format!("{found}, which others may read"))
                        .advice(format!("chmod 600 {}", path.display()))
                }
                _ => Finding::fine(check, found),
            };
            (Some(key), finding)
        }
        Ok(None) => {
            let finding = Finding::wrong(check, "there is none").advice(format!(
                "set {KEY}, or {KEY_FILE} to a file that holds it, or api_key_file in the \
                 configuration file"
            ));
            (None, finding)
        }
        Err(failure) => (None, Finding::wrong(check, failure.message)),
    }
}

pub(super) fn state_dir(context: &Context, config: &ClientConfig) -> Result<Finding, Failure> {
    let check = "checkpoints";
    let Some(directory) = context.state_dir(config)? else {
        return Ok(Finding::unsure(check, "not kept: `liveflow resume` finds nothing"));
    };
    Ok(match std::fs::create_dir_all(&directory) {
        Ok(()) => Finding::fine(check, format!("kept in {}", directory.display())),
        Err(error) => Finding::wrong(check, format!("{}: {error}", directory.display()))
            .advice("name another folder with --state-dir or state_dir"),
    })
}
