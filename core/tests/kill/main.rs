//! A program that is killed (SIGKILL) in the middle of an answer, with its checkpoints in files, and
//! run again: from the moment that the answer was saved, it arrives exactly once, at its own question,
//! or is handed back with its text. Real processes, a real disk, real HTTP.
//!
//! `LIVEFLOW_KILLS` and `LIVEFLOW_SEED` make it longer or another one; see `scripts/soak --kill`.

#[path = "../common/mod.rs"]
mod common;
mod program;

use std::path::Path;
use std::time::Duration;

use common::long::{Chance, asked, seed};
use common::{builder, slow};
use futures_util::StreamExt;
use futures_util::stream;
use liveflow::{CheckpointStore, FileCheckpointStore};
use liveflow_simulator::{Call, Fault, FaultRule, LatencyWhen, Simulator};
use program::{Program, Saying};

/// How many programs are run and killed side by side.
const AT_ONCE: usize = 12;

/// How many kills must have hit every kind of moment.
const MANY: u64 = 200;

/// What became of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The program was killed before the answer was saved: nothing was sent, and it is asked again.
    NeverSaved,
    Arrived,
    HandedBack,
}

async fn service() -> Simulator {
    let simulator = builder().start().await.unwrap();
    let late = |ms| Fault::Latency { ms, when: LatencyWhen::AfterEffect };
    let input = |fault, chance| FaultRule::new(Call::AddUserInput, fault).probability(chance);
    simulator
        .add_faults(vec![
            // Time for a kill to come before the effect, and after it.
            FaultRule::new(Call::GetSession, slow(3)),
            input(slow(15), 0.5),
            input(late(15), 0.5),
            // Time for it to come while it is being found out what became of a lost request.
            input(Fault::ResetBeforeEffect {}, 0.1),
            input(Fault::ResetAfterEffect {}, 0.1),
        ])
        .unwrap();
    simulator
}

/// Whether the disk holds this text of an answer under way.
async fn is_saved(folder: &Path, session: &str, text: &str) -> bool {
    let store = FileCheckpointStore::new(folder).unwrap();
    let kept = store.load(session.to_owned()).await.expect("a kill leaves no half of a file");
    kept.is_some_and(|kept| kept.data.contains(text))
}

async fn kill_once(simulator: &Simulator, number: u64) -> Fate {
    let mut chance = Chance::of(seed(), number);
    let text = format!("answer {number} of seed {}", seed());
    let folder = tempfile::tempdir().unwrap();
    let run = |what: &str| Program::run(simulator, folder.path(), what, &text);

    let mut program = run("start");
    let Saying::Session(session) = program.says().await else { panic!("no session") };
    assert_eq!(program.says().await, Saying::Answering);
    // Around the save, during the attempt, while it is found out what became of it.
    let moments = match chance.below(100) {
        0..45 => 10,
        45..85 => 60,
        _ => 2500,
    };
    tokio::time::sleep(chance.up_to(Duration::from_millis(moments))).await;
    program.kill().await;
    let is_saved = is_saved(folder.path(), &session, &text).await;

    let mut is_handed_back = false;
    while chance.is(30) {
        // Killed again, some time after it was run again.
        let mut program = run("restore");
        let patience = chance.up_to(Duration::from_secs(2));
        let unresolved = Saying::Unresolved(text.clone());
        let told = program.says_until(|said| *said == unresolved);
        is_handed_back |= tokio::time::timeout(patience, told).await.is_ok();
        is_handed_back |= program.kill().await.contains(&unresolved);
    }
    let mut program = run("restore");
    let asked = |step: &str| Saying::Asked(step.to_owned());
    let is_told = is_handed_back;
    let decisive = |said: &Saying| match said {
        Saying::Unresolved(_) | Saying::Nothing => true,
        // Where something is to be handed back, that follows.
        said if *said == asked("first") => !is_saved || is_told,
        said => *said == asked("second"),
    };
    let last = program.says_until(decisive).await;
    program.kill().await;
    if let Saying::Unresolved(told) = &last {
        assert_eq!(*told, text, "in its own words");
        is_handed_back = true;
    }

    let journal = simulator.journal_of(session.parse().unwrap());
    let arrived = &journal.sessions[0].inputs;
    let about = format!("run {number} of seed {}: {last:?}, {arrived:?}", seed());
    assert!(arrived.len() <= 1 && arrived.iter().all(|input| input.count == 1), "{about}");
    let Some(arrived) = arrived.first() else {
        assert_eq!(is_handed_back, is_saved, "lost, or handed back for nothing: {about}");
        return if is_saved { Fate::HandedBack } else { Fate::NeverSaved };
    };
    assert_eq!((arrived.step.as_str(), arrived.input.as_str()), ("first", Some(&*text)), "{about}");
    assert!(!is_handed_back, "it arrived, and was handed back: {about}");
    assert_eq!(last, asked("second"), "it goes on: {about}");
    Fate::Arrived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_saved_survives_the_death_of_its_program() {
    let simulator = service().await;
    let kills = asked("LIVEFLOW_KILLS", 30);
    let fates: Vec<Fate> = stream::iter(0..kills)
        .map(|number| kill_once(&simulator, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let count = |fate| fates.iter().filter(|each| **each == fate).count();
    println!(
        "seed {}: {kills} kills; before the answer was saved {}; after that: arrived exactly once \
         {}, handed back with its text {}, lost 0, doubled 0, at another question 0",
        seed(),
        count(Fate::NeverSaved),
        count(Fate::Arrived),
        count(Fate::HandedBack),
    );
    // Otherwise the moments were badly chosen, and nothing was tested. Of few kills, how busy the
    // machine is decides which moments they hit.
    let are_saved = [Fate::Arrived, Fate::HandedBack].map(|fate| count(fate) > 0);
    assert!(are_saved.contains(&true), "{fates:?}");
    assert!(kills < MANY || !are_saved.contains(&false), "{fates:?}");
    // The second question is never answered by what was meant for the first.
    assert!(simulator.journal().sessions.iter().all(|session| session.inputs.len() <= 1));
}
