//! Checkpoints: stored before anything is at stake, and enough to go on after a restart.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use liveflow::{
    Checkpoint, CheckpointStore, Client, HostError, HostFuture, LiveFlowError, SessionEvent,
    SessionStatus, StoredCheckpoint,
};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Outage, Simulator};

/// What the store does when it is asked to save.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Fine,
    Slow,
    Fails,
    Panics,
    NeverReturns,
}

#[derive(Default)]
struct Kept {
    by_session: BTreeMap<String, StoredCheckpoint>,
    numbers: Vec<u64>,
    under_way: usize,
    most_under_way: usize,
    mood: Mood,
}

type OnSave = Box<dyn Fn(&StoredCheckpoint) + Send + Sync>;

/// A store in memory, which survives the clients that use it.
#[derive(Clone)]
struct Shelf {
    kept: Arc<Mutex<Kept>>,
    on_save: Arc<OnSave>,
}

impl Shelf {
    fn new() -> Self {
        Self::telling(|_| ())
    }

    fn telling(on_save: impl Fn(&StoredCheckpoint) + Send + Sync + 'static) -> Self {
        Self { kept: Arc::default(), on_save: Arc::new(Box::new(on_save)) }
    }

    fn set_mood(&self, mood: Mood) {
        self.kept.lock().unwrap().mood = mood;
    }

    fn ids(&self) -> Vec<String> {
        self.kept.lock().unwrap().by_session.keys().cloned().collect()
    }

    fn data(&self) -> String {
        let kept = self.kept.lock().unwrap();
        kept.by_session.values().map(|kept| kept.data.clone()).collect()
    }

    /// What is on it now, as a program finds it that is started after a crash.
    fn after_a_crash(&self) -> Self {
        let copy = Self::new();
        copy.kept.lock().unwrap().by_session = self.kept.lock().unwrap().by_session.clone();
        copy
    }

    fn holders(&self) -> usize {
        Arc::strong_count(&self.on_save) - 1
    }
}

impl CheckpointStore for Shelf {
    fn save(&self, checkpoint: StoredCheckpoint) -> HostFuture<()> {
        let this = self.clone();
        hosted(async move {
            let mood = {
                let mut kept = this.kept.lock().unwrap();
                kept.numbers.push(checkpoint.number);
                kept.under_way += 1;
                kept.most_under_way = kept.most_under_way.max(kept.under_way);
                kept.mood
            };
            match mood {
                Mood::Fine => {}
                Mood::Slow => tokio::time::sleep(Duration::from_millis(50)).await,
                Mood::Fails => {
                    this.kept.lock().unwrap().under_way -= 1;
                    return Err(HostError("the disk is full".to_owned()));
                }
                Mood::Panics => panic!("in the store"),
                Mood::NeverReturns => std::future::pending().await,
            }
            (this.on_save)(&checkpoint);
            let mut kept = this.kept.lock().unwrap();
            kept.under_way -= 1;
            kept.by_session.insert(checkpoint.session_id.clone(), checkpoint);
            Ok(())
        })
    }

    fn load(&self, session_id: String) -> HostFuture<Option<StoredCheckpoint>> {
        let found = self.kept.lock().unwrap().by_session.get(&session_id).cloned();
        hosted(async { Ok(found) })
    }

    fn list(&self) -> HostFuture<Vec<String>> {
        let mood = self.kept.lock().unwrap().mood;
        let ids = self.ids();
        hosted(async move {
            match mood {
                Mood::Fine | Mood::Slow => Ok(ids),
                Mood::Fails => Err(HostError("the disk is gone".to_owned())),
                Mood::Panics => panic!("in the store"),
                Mood::NeverReturns => std::future::pending().await,
            }
        })
    }

    fn delete(&self, session_id: String) -> HostFuture<()> {
        self.kept.lock().unwrap().by_session.remove(&session_id);
        hosted(async { Ok(()) })
    }
}

fn with_store(simulator: &Simulator, shelf: &Shelf) -> Client {
    client_with(simulator, |config| {
        quickly_settled(config);
        config.checkpoint_store = Some(Arc::new(shelf.clone()));
    })
}

#[tokio::test]
async fn an_answer_is_stored_before_its_first_byte_and_forgotten_after_the_end() {
    let simulator = Arc::new(simulator().await);
    let sent_at_save = Arc::new(Mutex::new(Vec::new()));
    let shelf = {
        let (simulator, sent_at_save) = (Arc::clone(&simulator), Arc::clone(&sent_at_save));
        Shelf::telling(move |checkpoint| {
            if checkpoint.data.contains("bluish") {
                sent_at_save.lock().unwrap().push(count(&simulator, Call::AddUserInput));
            }
        })
    };
    shelf.set_mood(Mood::Slow);
    let client = with_store(&simulator, &shelf);
    let (live, events, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "bluish")).await.unwrap();
    assert_eq!(sent_at_save.lock().unwrap().first(), Some(&0), "durable first");
    rest(&events).await;
    eventually("it is forgotten", || shelf.ids().is_empty()).await;
    let kept = shelf.kept.lock().unwrap();
    assert!(kept.numbers.is_sorted_by(|one, next| one < next), "{:?}", kept.numbers);
    assert_eq!(kept.most_under_way, 1, "one at a time");
}

#[tokio::test]
async fn a_store_that_fails_keeps_the_answer_from_being_sent() {
    for mood in [Mood::Fails, Mood::Panics] {
        let simulator = simulator().await;
        let shelf = Shelf::new();
        let client = with_store(&simulator, &shelf);
        let (live, events, prompt) = asked(&client, ASK).await;
        shelf.set_mood(mood);
        let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
        assert!(error.to_string().contains("the checkpoint store"), "{error}");
        assert_eq!(error.context().answer.as_deref(), Some("blue"));
        assert_eq!(count(&simulator, Call::AddUserInput), 0);
        // The watch goes on, and a store that has recovered is as good as new.
        shelf.set_mood(Mood::Fine);
        within(live.answer(&prompt, "green")).await.unwrap();
        assert!(matches!(rest(&events).await.last(), Some(SessionEvent::Finished { .. })));
        assert_eq!(texts_of(&simulator, live.id()), ["green"]);
    }
}

#[tokio::test]
async fn a_store_that_never_returns_costs_the_deadline_and_keeps_nobody_else_waiting() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let client = client_with(&simulator, |config| {
        config.checkpoint_store = Some(Arc::new(shelf.clone()));
        config.timeouts.total = Duration::from_millis(500);
        config.suspend_grace = Duration::from_millis(50);
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    shelf.set_mood(Mood::NeverReturns);
    let error = within(live.answer(&prompt, "blue")).await.unwrap_err();
    assert!(matches!(error, LiveFlowError::RequestTimeout { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("blue"));
    assert_eq!(count(&simulator, Call::AddUserInput), 0);
    rest(&client.start(STEPS, inputs()).await.unwrap().events()).await;
    let before = newest(&simulator);
    eventually("it is still polled", || newest(&simulator) > before + 3).await;
    client.close();
    drop((client, live, events));
    eventually("a close does not wait for it", || shelf.holders() == 0).await;
}

#[tokio::test]
async fn an_answer_given_while_suspended_is_stored_and_waits() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let client = with_store(&simulator, &shelf);
    let (live, _, prompt) = asked(&client, ASK).await;
    client.suspend();
    let resuming = async {
        eventually("it is stored", || shelf.data().contains("bluish")).await;
        quiet(&simulator).await;
        assert_eq!(count(&simulator, Call::AddUserInput), 0);
        client.resume();
    };
    let (answer, ()) =
        within(async { tokio::join!(live.answer(&prompt, "bluish"), resuming) }).await;
    answer.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["bluish"]);
}

#[tokio::test]
async fn after_a_restart_an_open_prompt_is_announced_again_and_can_be_answered() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let before = with_store(&simulator, &shelf);
    let (live, _, prompt) = asked(&before, TWICE).await;
    within(live.answer(&prompt, "one")).await.unwrap();
    let second = common::prompt(&live.events()).await;
    eventually("the second is stored", || shelf.data().contains(second.run_id.as_str())).await;
    let crashed = shelf.after_a_crash();
    before.close();

    let after = with_store(&simulator, &crashed);
    let mut restored = within(after.restore_all()).await.unwrap();
    assert_eq!(restored.len(), 1);
    let restored = restored.remove(0);
    assert_eq!(restored.id(), live.id());
    assert_eq!(restored.live_flow_id().as_str(), TWICE);
    let again = common::prompt(&restored.events()).await;
    assert_eq!(again, second, "in the same words, as the same round");
    within(restored.answer(&again, "two")).await.unwrap();
    assert_eq!(within(restored.wait(None)).await.unwrap().status, SessionStatus::Finished);
    assert_eq!(texts_of(&simulator, live.id()), ["one", "two"]);
    eventually("nothing is left to restore", || crashed.ids().is_empty()).await;
}

/// A program that crashes while its answer is on the wire.
async fn crash_amid_an_answer(simulator: &Simulator, effect: Effect) -> (Shelf, Client) {
    let shelf = Shelf::new();
    let client = with_store(simulator, &shelf);
    let (live, _, prompt) = asked(&client, ASK).await;
    fault(simulator, FaultRule::new(Call::AddUserInput, Fault::Hold { effect }).times(1));
    let sent = eventually("it is sent", || count(simulator, Call::AddUserInput) > 0);
    let crashed = tokio::select! {
        result = live.answer(&prompt, "bluish") => panic!("it was to be cut short: {result:?}"),
        () = sent => shelf.after_a_crash(),
    };
    assert!(crashed.data().contains("bluish"));
    client.close();
    let after = with_store(simulator, &crashed);
    (crashed, after)
}

#[tokio::test]
async fn an_answer_that_had_arrived_before_the_crash_is_not_sent_again_nor_complained_about() {
    let simulator = simulator().await;
    let (_shelf, after) = crash_amid_an_answer(&simulator, Effect::Applied).await;
    let restored = within(after.restore_all()).await.unwrap().remove(0);
    let story = rest(&restored.events()).await;
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })), "{story:?}");
    assert!(!story.iter().any(|event| matches!(event, SessionEvent::AnswerUnresolved { .. })));
    assert_eq!(count(&simulator, Call::AddUserInput), 1);
    assert_eq!(texts_of(&simulator, restored.id()), ["bluish"]);
}

#[tokio::test]
async fn an_answer_that_had_not_arrived_is_handed_back_after_the_grace_and_not_sent_by_itself() {
    let simulator = simulator().await;
    let (_shelf, after) = crash_amid_an_answer(&simulator, Effect::None).await;
    let restored = within(after.restore_all()).await.unwrap().remove(0);
    let events = restored.events();
    let (prompt, text) = until(&events, |event| match event {
        SessionEvent::AnswerUnresolved { prompt, text } => Some((prompt, text)),
        _ => None,
    })
    .await;
    assert_eq!((prompt.text.as_str(), text.as_str()), ("ask?", "bluish"));
    assert_eq!(count(&simulator, Call::AddUserInput), 1);
    within(restored.answer(&prompt, text)).await.unwrap();
    assert_eq!(texts_of(&simulator, restored.id()), ["bluish"]);
}

#[tokio::test]
async fn a_checkpoint_kept_by_hand_does_as_well_as_a_store() {
    let simulator = simulator().await;
    let before = client(&simulator);
    let (live, _, prompt) = asked(&before, TWICE).await;
    within(live.answer(&prompt, "one")).await.unwrap();
    common::prompt(&live.events()).await;
    let kept = live.checkpoint().to_text();
    before.close();
    let after = client(&simulator);
    let checkpoint = Checkpoint::parse(&kept).unwrap();
    assert_eq!(checkpoint.session_id(), live.id());
    let restored = after.restore(&checkpoint).await.unwrap();
    let second = common::prompt(&restored.events()).await;
    assert_eq!(second.step_name.as_deref(), Some("second"));
    within(restored.answer(&second, "two")).await.unwrap();
    assert_eq!(texts_of(&simulator, live.id()), ["one", "two"]);
}

#[tokio::test]
async fn a_session_that_ended_meanwhile_is_restored_to_its_end() {
    let simulator = simulator().await;
    let before = client(&simulator);
    let (live, _, _) = asked(&before, ASK).await;
    let kept = live.checkpoint();
    before.close();
    let id = live.id().as_str().parse().unwrap();
    simulator.answer(id, &serde_json::json!("red")).unwrap();
    let after = client(&simulator);
    let restored = after.restore(&kept).await.unwrap();
    let story = rest(&restored.events()).await;
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })), "{story:?}");
    assert!(!story.iter().any(|event| matches!(event, SessionEvent::PromptRequested { .. })));
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused_with_the_reason() {
    let simulator = simulator().await;
    let (live, _, _) = asked(&client(&simulator), ASK).await;
    let fine = live.checkpoint().to_text();
    for damaged in [
        String::new(),
        "null".to_owned(),
        fine[..fine.len() / 2].to_owned(),
        fine.replace("\"version\":1", "\"version\":2"),
        fine.replace(live.id().as_str(), "../../admin"),
    ] {
        let error = Checkpoint::parse(&damaged).unwrap_err();
        let LiveFlowError::InvalidRequest { argument, .. } = &error else { panic!("{error:?}") };
        assert_eq!(argument.as_deref(), Some("checkpoint"), "{damaged}");
        // In a store, it is said which one it is.
        let shelf = Shelf::new();
        let checkpoint =
            StoredCheckpoint { session_id: "the-session".to_owned(), number: 1, data: damaged };
        shelf.kept.lock().unwrap().by_session.insert("the-session".to_owned(), checkpoint);
        let error = within(with_store(&simulator, &shelf).restore_all()).await.unwrap_err();
        assert!(error.to_string().contains("the-session"), "{error}");
    }
}

#[tokio::test]
async fn restoring_everything_needs_a_store_that_works() {
    let simulator = simulator().await;
    let error = within(client(&simulator).restore_all()).await.unwrap_err();
    let LiveFlowError::Configuration { setting, .. } = &error else { panic!("{error:?}") };
    assert_eq!(setting.as_deref(), Some("checkpoint_store"));
    for mood in [Mood::Fails, Mood::Panics, Mood::NeverReturns] {
        let shelf = Shelf::new();
        shelf.set_mood(mood);
        let client = client_with(&simulator, |config| {
            config.checkpoint_store = Some(Arc::new(shelf.clone()));
            config.timeouts.total = Duration::from_millis(200);
        });
        let error = within(client.restore_all()).await.unwrap_err();
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{mood:?}: {error:?}");
        client.get_sessions(ASK).await.expect("the client goes on");
    }
}

#[tokio::test]
async fn a_closed_watch_leaves_its_checkpoint_for_the_next_start() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let client = with_store(&simulator, &shelf);
    let (live, events, _) = asked(&client, ASK).await;
    eventually("it is stored", || !shelf.ids().is_empty()).await;
    live.close();
    rest(&events).await;
    assert_eq!(shelf.ids(), [live.id().as_str()]);
    let restored = within(client.restore_all()).await.unwrap().remove(0);
    common::prompt(&restored.events()).await;
}

#[tokio::test]
async fn a_cancel_of_its_own_leaves_the_checkpoint_to_the_watch_that_owns_it() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let client = with_store(&simulator, &shelf);
    let (live, _, _) = asked(&client, ASK).await;
    let newest = live.checkpoint().to_text();
    eventually("it is stored", || !shelf.ids().is_empty() && shelf.data() == newest).await;
    let (data, saves) = (shelf.data(), shelf.kept.lock().unwrap().numbers.len());
    // Refused, so that it is looked whether the session still runs.
    fault(&simulator, FaultRule::new(Call::CancelSession, status(409)));
    within(client.cancel_session(ASK, live.id())).await.unwrap_err();
    assert_eq!((shelf.data(), shelf.kept.lock().unwrap().numbers.len()), (data, saves));
}

#[tokio::test]
async fn a_session_that_has_asked_nothing_yet_is_stored_and_gone_on_with() {
    let simulator = simulator().await;
    let shelf = Shelf::new();
    let before = with_store(&simulator, &shelf);
    let started = within(before.start(WORK, inputs())).await.unwrap();
    eventually("it is stored", || !shelf.ids().is_empty()).await;
    before.close();
    let restored = with_store(&simulator, &shelf).restore_all().await.unwrap();
    let ids: Vec<_> = restored.iter().map(|live| live.id().clone()).collect();
    assert_eq!(ids, [started.id().clone()]);
}

#[tokio::test]
async fn restored_in_an_outage_a_session_is_taken_up_when_the_service_is_back() {
    let simulator = simulator().await;
    let before = client(&simulator);
    let (live, _, _) = asked(&before, ASK).await;
    let kept = live.checkpoint();
    before.close();
    simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    let after = client(&simulator);
    let restored = after.restore(&kept).await.unwrap();
    let events = restored.events();
    until(&events, |event| matches!(event, SessionEvent::ConnectionLost { .. }).then_some(()))
        .await;
    simulator.end_outage().await.unwrap();
    common::prompt(&events).await;
}
