//! The ready-made checkpoint store: a folder with one file for each session.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{
    ASK, asked, block_on, client_with, eventually, quickly_settled, simulator, texts_of, within,
};
use liveflow::{
    CheckpointStore, Client, FileCheckpointStore, LiveFlowError, SessionStatus, StoredCheckpoint,
};
use liveflow_simulator::Simulator;
use tempfile::TempDir;

const ONE: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn store(folder: &Path) -> FileCheckpointStore {
    FileCheckpointStore::new(folder).unwrap()
}

fn checkpoint(session_id: &str, number: u64, data: &str) -> StoredCheckpoint {
    StoredCheckpoint { session_id: session_id.to_owned(), number, data: data.to_owned() }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_is_saved_is_there_for_the_next_program_until_it_is_deleted() {
    let folder = folder();
    let before = store(folder.path());
    assert_eq!(block_on(before.load(ONE.to_owned())), Ok(None));
    // From any executor, or none.
    block_on(before.save(checkpoint(ONE, 1, "old"))).unwrap();
    block_on(before.save(checkpoint(ONE, 2, "new \"text\"\n\u{1f600}"))).unwrap();
    block_on(before.save(checkpoint(OTHER, 1, "other"))).unwrap();

    let after = store(folder.path());
    assert_eq!(block_on(after.list()).unwrap(), [ONE, OTHER]);
    let kept = block_on(after.load(ONE.to_owned())).unwrap();
    assert_eq!(kept, Some(checkpoint(ONE, 2, "new \"text\"\n\u{1f600}")));
    block_on(after.delete(ONE.to_owned())).unwrap();
    block_on(after.delete(ONE.to_owned())).expect("there is none, and that is no error");
    assert_eq!(block_on(after.list()).unwrap(), [OTHER]);
    assert_eq!(names(folder.path()).len(), 1, "one file for each session, and nothing else");
}

#[test]
fn any_id_has_a_file_of_its_own_in_the_folder() {
    let outer = folder();
    let folder = outer.path().join("checkpoints");
    let store = store(&folder);
    let ids = ["", "..", "../out", "/etc/x", "a", "A", "ä/ö", "con", "nul\0", "a b"];
    for id in ids {
        block_on(store.save(checkpoint(id, 1, id))).unwrap();
    }
    for id in ids {
        assert_eq!(block_on(store.load(id.to_owned())).unwrap().unwrap().data, id);
    }
    assert_eq!(block_on(store.list()).unwrap().len(), ids.len());
    assert_eq!(names(outer.path()), ["checkpoints"], "nothing left it");
    let endless = "x".repeat(4096);
    for error in [
        block_on(store.save(checkpoint(&endless, 1, ""))).unwrap_err(),
        block_on(store.load(endless.clone())).unwrap_err(),
    ] {
        assert!(error.0.contains("too long"), "{error}");
    }
}

#[test]
fn damaged_and_foreign_files_hide_no_checkpoint_and_are_left_alone() {
    let folder = folder();
    let store = store(folder.path());
    block_on(store.save(checkpoint(ONE, 1, "fine"))).unwrap();
    let whole = fs::read(folder.path().join(format!("session-{ONE}.checkpoint"))).unwrap();
    let damaged = folder.path().join(format!("session-{OTHER}.checkpoint"));
    for content in [&b""[..], &[0; 200], b"null", b"{}", &whole[..whole.len() / 2], &whole] {
        fs::write(&damaged, content).unwrap();
        assert_eq!(block_on(store.list()).unwrap(), [ONE], "{content:?}");
        let error = block_on(store.load(OTHER.to_owned())).unwrap_err();
        assert!(error.0.contains(OTHER), "it says which one: {error}");
    }
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    fs::create_dir(folder.path().join("session-folder.checkpoint")).unwrap();
    assert_eq!(block_on(store.list()).unwrap(), [ONE]);
    assert_eq!(names(folder.path()).len(), 4);
    // A damaged one can be replaced.
    block_on(store.save(checkpoint(OTHER, 1, "better"))).unwrap();
    assert_eq!(block_on(store.list()).unwrap(), [ONE, OTHER]);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_what_somebody_typed() {
    use std::os::unix::fs::PermissionsExt;
    let outer = folder();
    let folder = outer.path().join("made").join("by the store");
    block_on(store(&folder).save(checkpoint(ONE, 1, "secret"))).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(format!("session-{ONE}.checkpoint"))), 0o600);
}

#[test]
fn a_folder_that_cannot_be_used_is_a_mistake_of_the_configuration() {
    let outer = folder();
    let file = outer.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("below")] {
        let error = FileCheckpointStore::new(&folder).unwrap_err();
        let LiveFlowError::Configuration { setting, .. } = &error else { panic!("{error:?}") };
        assert_eq!(setting.as_deref(), Some("checkpoint_store"));
        assert!(error.to_string().contains("file"), "{error}");
    }
}

#[test]
fn what_a_program_that_died_left_unfinished_is_cleared_away_when_it_is_old() {
    let folder = folder();
    block_on(store(folder.path()).save(checkpoint(ONE, 1, "whole"))).unwrap();
    let left = |age: u64, name: &str| {
        let file = File::create(folder.path().join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    };
    left(2 * 60 * 60, &format!(".session-{ONE}.checkpoint.0123456789abcdef.new"));
    let young = format!(".session-{ONE}.checkpoint.fedcba9876543210.new");
    left(60, &young);
    left(2 * 60 * 60, ".somebody-elses.new");
    let after = store(folder.path());
    assert_eq!(block_on(after.list()).unwrap(), [ONE]);
    let mut left = names(folder.path());
    left.sort();
    assert_eq!(left[..2], [young, ".somebody-elses.new".to_owned()]);
    assert_eq!(left.len(), 3);
}

#[tokio::test]
async fn a_reader_never_sees_half_a_checkpoint_and_the_last_save_wins() {
    let folder = folder();
    let store = store(folder.path());
    let text = |number: u64| number.to_string().repeat(20_000);
    store.save(checkpoint(ONE, 0, &text(0))).await.unwrap();
    // Another store on the same folder takes no turns with this one.
    let reader = FileCheckpointStore::new(folder.path()).unwrap();
    let reading = tokio::spawn(async move {
        let mut newest = 0;
        while newest < 100 {
            let kept = reader.load(ONE.to_owned()).await.unwrap().expect("it is there");
            assert!(kept.number >= newest, "it does not go back");
            assert_eq!(kept.data, text(kept.number));
            newest = kept.number;
        }
    });
    let saves: Vec<_> = (1..=100)
        .map(|number| tokio::spawn(store.save(checkpoint(ONE, number, &text(number)))))
        .collect();
    for save in saves {
        save.await.unwrap().unwrap();
    }
    within(reading).await.unwrap();
    assert_eq!(names(folder.path()).len(), 1);
}

fn with_files(simulator: &Simulator, folder: &Path) -> Client {
    client_with(simulator, |config| {
        quickly_settled(config);
        config.checkpoint_store = Some(Arc::new(store(folder)));
    })
}

#[tokio::test]
async fn a_session_goes_on_from_its_file_after_a_restart() {
    let simulator = simulator().await;
    let folder = folder();
    let before = with_files(&simulator, folder.path());
    let (live, _, asked) = asked(&before, ASK).await;
    eventually("it is stored", || names(folder.path()).iter().any(|name| name.starts_with('s')))
        .await;
    before.close();
    // One that is damaged keeps no other from being restored.
    fs::write(folder.path().join(format!("session-{OTHER}.checkpoint")), "{").unwrap();

    let after = with_files(&simulator, folder.path());
    let mut restored = within(after.restore_all()).await.unwrap();
    assert_eq!(restored.len(), 1);
    let restored = restored.remove(0);
    assert_eq!(restored.id(), live.id());
    let again = common::prompt(&restored.events()).await;
    assert_eq!(again, asked);
    within(restored.answer(&again, "blue")).await.unwrap();
    assert_eq!(within(restored.wait(None)).await.unwrap().status, SessionStatus::Finished);
    assert_eq!(texts_of(&simulator, live.id()), ["blue"]);
    eventually("its file is gone", || names(folder.path()).len() == 1).await;
}

#[tokio::test]
async fn nothing_is_sent_when_the_folder_is_gone() {
    let simulator = simulator().await;
    let outer = folder();
    let folder = outer.path().join("checkpoints");
    let client = with_files(&simulator, &folder);
    let (live, _, prompt) = asked(&client, ASK).await;
    eventually("it is gone", || fs::remove_dir_all(&folder).is_ok() || !folder.exists()).await;
    let error = within(live.answer(&prompt, "precious")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
    assert!(error.to_string().contains(live.id().as_str()), "{error}");
    assert_eq!(error.context().answer.as_deref(), Some("precious"));
    assert_eq!(texts_of(&simulator, live.id()), [] as [serde_json::Value; 0]);
}
