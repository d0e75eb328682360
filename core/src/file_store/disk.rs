//! What is done to the disk. These calls wait for it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{HostError, StoredCheckpoint};
use crate::engine::seed;

use super::name;

/// How old a file that was never finished must be before it is known that nobody writes to it.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// What a file holds.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    session_id: Cow<'a, str>,
    number: u64,
    data: Cow<'a, str>,
}

/// Makes the folder if it is not there, and clears it of what a program that died left unfinished.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    make(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_abandoned = || {
            let written = entry.metadata().and_then(|data| data.modified()).ok()?;
            Some(written.elapsed().ok()? > ABANDONED)
        };
        if is_named(&entry.file_name(), name::is_unfinished) && is_abandoned() == Some(true) {
            // Of no use to anybody, and in nobody's way either.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

pub(super) fn save(folder: &Path, checkpoint: &StoredCheckpoint) -> Result<(), HostError> {
    let id = &checkpoint.session_id;
    let name = file_name(id)?;
    let kept = Kept {
        session_id: id.into(),
        number: checkpoint.number,
        data: Cow::Borrowed(&checkpoint.data),
    };
    let unfinished = folder.join(name::unfinished(&name, seed()));
    let saved = serde_json::to_vec(&kept)
        .map_err(io::Error::from)
        .and_then(|text| write(&unfinished, &text))
        .and_then(|()| fs::rename(&unfinished, folder.join(&name)))
        .and_then(|()| sync(folder));
    saved.map_err(|error| {
        let _ = fs::remove_file(&unfinished);
        failed(id, "could not be written", &error)
    })
}

pub(super) fn load(folder: &Path, id: &str) -> Result<Option<StoredCheckpoint>, HostError> {
    match read(folder, &file_name(id)?) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(id, "could not be read", &error)),
    }
}

/// The sessions whose checkpoints are whole. One that is not is told to the log, and stays.
pub(super) fn list(folder: &Path) -> Result<Vec<String>, HostError> {
    let listed = |error: io::Error| {
        HostError(format!("the folder {} could not be listed: {error}", folder.display()))
    };
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder).map_err(listed)? {
        let name = entry.map_err(listed)?.file_name();
        if !is_named(&name, name::is_one) {
            continue;
        }
        let name = name.to_string_lossy();
        match read(folder, &name) {
            Ok(checkpoint) => ids.push(checkpoint.session_id),
            // Its session has ended since.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::error!(
                target: "liveflow::checkpoints", %error, file = %name, "a checkpoint is of no use"
            ),
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

pub(super) fn delete(folder: &Path, id: &str) -> Result<(), HostError> {
    let deleted = match fs::remove_file(folder.join(file_name(id)?)) {
        Ok(()) => sync(folder),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    deleted.map_err(|error| failed(id, "could not be deleted", &error))
}

fn file_name(id: &str) -> Result<String, HostError> {
    name::of(id).ok_or_else(|| {
        let beginning: String = id.chars().take(40).collect();
        HostError(format!("the session id {beginning}… is too long for the name of a file"))
    })
}

fn failed(id: &str, what: &str, error: &io::Error) -> HostError {
    HostError(format!("the checkpoint of session {id} {what}: {error}"))
}

fn is_named(name: &OsStr, is_so: impl FnOnce(&str) -> bool) -> bool {
    name.to_str().is_some_and(is_so)
}

/// Reads the file of this name. Its content says the same session, or it is not what it seems.
fn read(folder: &Path, name: &str) -> io::Result<StoredCheckpoint> {
    let text = fs::read(folder.join(name))?;
    let kept: Kept<'_> = serde_json::from_slice(&text)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "the file is damaged"))?;
    if name::of(&kept.session_id).as_deref() != Some(name) {
        return Err(io::Error::new(ErrorKind::InvalidData, "the file is of another session"));
    }
    Ok(StoredCheckpoint {
        session_id: kept.session_id.into_owned(),
        number: kept.number,
        data: kept.data.into_owned(),
    })
}

/// Writes a new file that nobody else may read, durably.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes a folder that nobody else may look into, durably, and those above it.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    make(above)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        // Somebody else was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync(above),
    }
}

/// Makes durable which files a folder has. Windows does this by itself.
#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    match fs::File::open(folder)?.sync_all() {
        // A file system that knows of no such thing.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
