//! The boundary as a language's generated code uses it, with that language's part played in Rust.

mod common;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use common::{
    ASK, Handling, PATIENCE_MS, Remembering, Service, WORK, eventually, failed, finished, live,
    prompt, pull, service, session, thrown,
};
use liveflow::{
    CredentialsRequest, Json, LiveFlowError, PromptCloseReason, SessionEvent, SessionStatus,
    StoredCheckpoint, WatchEndReason,
};
use liveflow_ffi::{
    CallbackError, CheckpointStore, CoreAnswer, CoreClient, CredentialsProvider, CredentialsReply,
    DoneReply, FileCheckpointStore, ListReply, LoadReply, Outcome, PromptHandler, ReadyQueue,
    Reply, SessionListener, TakenEvent, default_config, plain_text, prompt_text,
};
use liveflow_simulator::{Call, Effect, Fault, FaultRule};
use serde_json::json;

const ABSENT: &str = "99999999-9999-4999-8999-999999999999";

fn text(text: &str) -> CoreAnswer {
    CoreAnswer::Text { text: text.to_owned() }
}

fn none() -> String {
    "{}".to_owned()
}

fn run_with(
    service: &Service,
    flow: &str,
    handler: Option<Arc<dyn PromptHandler>>,
    listener: Option<Arc<dyn SessionListener>>,
) -> Result<Outcome, LiveFlowError> {
    finished(service.client().run(flow.to_owned(), none(), handler, listener))
}

fn answering(
    answer: impl Fn(Arc<Reply>) -> Result<(), CallbackError> + Send + Sync + 'static,
) -> Arc<dyn PromptHandler> {
    Arc::new(Handling(move |_, reply| answer(reply)))
}

#[test]
fn a_mistake_in_an_argument_is_thrown_at_once_and_names_it() {
    let client = service().client();
    let cases = [
        ("live_flow_id", client.get_sessions("abc".to_owned())),
        ("session_id", client.get_session(ASK.to_owned(), "abc".to_owned())),
        ("inputs", client.start(ASK.to_owned(), "{".to_owned())),
        (
            "user_input",
            client.add_user_input(
                ASK.to_owned(),
                ABSENT.to_owned(),
                CoreAnswer::Json { json: "nope".to_owned() },
            ),
        ),
    ];
    for (expected, result) in cases {
        let Err(LiveFlowError::InvalidRequest { argument, .. }) = result else {
            panic!("{expected} was not refused")
        };
        assert_eq!(argument.as_deref(), Some(expected));
    }
    assert!(client.restore("nonsense".to_owned()).is_err());
}

#[test]
fn a_wrong_setting_is_refused_by_its_name() {
    let mut config = default_config();
    config.status_aliases.insert(String::new(), SessionStatus::Running);
    let error = CoreClient::new("key".to_owned(), config, None, None).err();
    let Some(LiveFlowError::Configuration { setting, .. }) = error else { panic!("{error:?}") };
    assert_eq!(setting.as_deref(), Some("status_aliases"));
}

#[test]
fn a_host_is_named_in_ascii() {
    let client = |base_url: &str| {
        let mut config = default_config();
        config.base_url = Some(base_url.to_owned());
        CoreClient::new("key".to_owned(), config, None, None)
    };
    let error = client("https://bücher.example").err();
    let Some(LiveFlowError::Configuration { setting, .. }) = error else { panic!("{error:?}") };
    assert_eq!(setting.as_deref(), Some("base_url"));
    assert!(client("https://xn--bcher-kva.example").is_ok());
}

#[test]
fn a_call_is_begun_awaited_and_taken() {
    let service = service();
    let client = service.client();
    let created = session(client.create_session(ASK.to_owned(), r#"{"a":1}"#.to_owned()));
    let id = created.id.to_string();
    assert_eq!(session(client.get_session(ASK.to_owned(), id.clone())).id, created.id);
    let Ok(Outcome::Sessions { sessions }) = finished(client.get_sessions(ASK.to_owned())) else {
        panic!("this call gives sessions")
    };
    assert_eq!(sessions.len(), 1);
    let list = client.iter_sessions(ASK.to_owned()).unwrap();
    for expected in [Some(created.id), None] {
        let Ok(Outcome::OptionalSession { session }) = finished(list.next()) else {
            panic!("this call gives a session or none")
        };
        assert_eq!(session.map(|session| session.id), expected);
    }
    let cancelled = session(client.cancel_session(ASK.to_owned(), id));
    assert_eq!(cancelled.status, SessionStatus::Failed);
}

#[test]
fn a_call_that_is_given_up_ends_at_once() {
    let service = service();
    service
        .simulator
        .add_faults(vec![FaultRule::new(Call::GetSessions, Fault::Hold { effect: Effect::None })])
        .unwrap();
    let client = service.client();
    let operation = client.get_sessions(ASK.to_owned()).unwrap();
    assert!(!operation.wait(20));
    operation.cancel();
    assert!(operation.wait(PATIENCE_MS));
    assert!(matches!(operation.take(), Err(LiveFlowError::Closed { .. })));
}

#[test]
fn events_are_pulled_in_two_halves_and_end() {
    let service = service();
    let live = live(service.client().start(ASK.to_owned(), none()));
    let events = live.events().unwrap();
    let asked = prompt(&live);
    assert_eq!((asked.text.as_str(), asked.round), ("ask?", 0));
    finished(live.answer(asked.clone(), text("yes"))).unwrap();
    let mut seen = Vec::new();
    while let Some(event) = pull(&events) {
        seen.push(event);
    }
    let closed = SessionEvent::PromptClosed { prompt: asked, reason: PromptCloseReason::Answered };
    assert!(seen.contains(&closed) || !seen.iter().any(is_request));
    let Some(SessionEvent::Finished { session: ended }) = seen.last() else { panic!("{seen:?}") };
    assert_eq!(ended.output().map(Json::as_str), Some("\"yes\""));
    assert!(matches!(events.take_event(), Ok(TakenEvent::End)));
    assert!(events.wait_ready_blocking(PATIENCE_MS));
    assert_eq!(session(live.wait(None)), *ended);
    assert_eq!(live.snapshot().unwrap().as_ref(), Some(ended));
    assert_eq!(service.answers(), [json!("yes")]);
}

fn is_request(event: &SessionEvent) -> bool {
    matches!(event, SessionEvent::PromptRequested { .. })
}

#[test]
fn a_consumer_that_is_cancelled_ends_alone() {
    let service = service();
    let client = service.client();
    let live = live(client.start(WORK.to_owned(), none()));
    let events = live.events().unwrap();
    events.cancel();
    let mut last = None;
    while let Some(event) = pull(&events) {
        last = Some(event);
    }
    assert_eq!(last, Some(SessionEvent::WatchEnded { reason: WatchEndReason::Closed }));
    let timeout = Some(Duration::from_millis(20));
    assert!(matches!(failed(live.wait(timeout)), LiveFlowError::RequestTimeout { .. }));
    live.shutdown();
    assert!(matches!(failed(live.wait(None)), LiveFlowError::Closed { .. }));
    client.shutdown();
    assert!(matches!(failed(client.get_sessions(ASK.to_owned())), LiveFlowError::Closed { .. }));
}

#[test]
fn readiness_of_calls_and_streams_is_collected_by_one_thread() {
    let service = service();
    let live = live(service.client().start(ASK.to_owned(), none()));
    let (queue, events) = (ReadyQueue::new(), live.events().unwrap());
    events.notify(Arc::clone(&queue), 1).unwrap();
    assert_eq!(queue.next(PATIENCE_MS), [1]);
    while !matches!(pull(&events), Some(SessionEvent::PromptRequested { .. })) {}
    // The next polls may still show something that is no event, which wakes too.
    let requests = || service.simulator.journal().requests.len();
    let by_then = requests();
    eventually("it goes on polling", || requests() >= by_then + 3);
    assert!(matches!(events.take_event(), Ok(TakenEvent::NothingYet)));
    events.notify(Arc::clone(&queue), 2).unwrap();
    assert!(queue.next(100).is_empty(), "nothing happens");
    events.notify(Arc::clone(&queue), 3).unwrap();
    assert_eq!(queue.next(PATIENCE_MS), [2], "a later registration takes its place");
    let operation = live.answer(prompt(&live), text("yes")).unwrap();
    operation.notify(Arc::clone(&queue), 4);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        seen.extend(queue.next(PATIENCE_MS));
    }
    seen.sort_unstable();
    assert_eq!(seen, [3, 4]);
    events.notify(Arc::clone(&queue), 5).unwrap();
    drop(events);
    assert_eq!(queue.next(PATIENCE_MS), [5], "whoever is forgotten waits no longer");
}

#[test]
fn a_session_goes_on_from_its_checkpoint() {
    let service = service();
    let first = service.client();
    let before = live(first.start(ASK.to_owned(), none()));
    let asked = prompt(&before);
    let checkpoint = before.checkpoint().unwrap();
    first.shutdown();
    let after = live(service.client().restore(checkpoint));
    assert_eq!((after.id(), after.live_flow_id()), (before.id(), before.live_flow_id()));
    assert_eq!(prompt(&after), asked);
    finished(after.answer(asked, text("later"))).unwrap();
    assert_eq!(service.answers(), [json!("later")]);
}

#[test]
fn run_has_prompts_answered_and_tells_every_event() {
    let service = service();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::new(Remembering(Arc::clone(&seen), |_: &SessionEvent| Ok(())));
    let handler = answering(|reply| {
        // A person thinks on a thread of the host's own.
        thread::spawn(move || {
            assert!(!reply.is_cancelled());
            assert!(reply.answer_text("yes".to_owned()));
            assert!(!reply.answer_text("no, wait".to_owned()), "the first word counts");
        });
        Ok(())
    });
    let outcome = run_with(&service, ASK, Some(handler), Some(listener)).unwrap();
    let Outcome::Session { session } = outcome else { panic!("this call gives a session") };
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(service.answers(), [json!("yes")]);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|event| is_request(event)).count(), 1);
    assert!(matches!(seen.last(), Some(SessionEvent::Finished { .. })));
}

#[test]
fn an_answer_may_be_json() {
    let service = service();
    let patch = json!({"add_user_input": {"json_answers": true}});
    let settings = service.simulator.settings().merged(&patch).unwrap();
    service.simulator.set_settings(settings).unwrap();
    let handler = answering(|reply| {
        assert!(reply.answer_json("{nonsense".to_owned()).is_err());
        assert!(reply.answer_json(r#"{"choice":[1]}"#.to_owned()).unwrap());
        Ok(())
    });
    run_with(&service, ASK, Some(handler), None).unwrap();
    assert_eq!(service.answers(), [json!({"choice": [1]})]);
}

#[test]
fn no_answer_keeps_watching_and_a_closed_prompt_withdraws_the_question() {
    for declines in [true, false] {
        let service = service();
        let asked: Arc<(Mutex<Option<Arc<Reply>>>, Condvar)> = Arc::default();
        let kept = Arc::clone(&asked);
        let handler = answering(move |reply| {
            if declines {
                assert!(reply.decline());
            }
            *kept.0.lock().unwrap() = Some(reply);
            kept.1.notify_all();
            Ok(())
        });
        let operation = service.client().run(ASK.to_owned(), none(), Some(handler), None).unwrap();
        let guard = asked.0.lock().unwrap();
        let reply = asked.1.wait_while(guard, |reply| reply.is_none()).unwrap().take().unwrap();
        assert_eq!(
            reply.wait_cancelled(50),
            declines,
            "it is wanted as long as the prompt is open"
        );
        let id = service.simulator.journal().sessions[0].id;
        service.simulator.answer(id, &json!("elsewhere")).unwrap();
        assert!(reply.wait_cancelled(PATIENCE_MS));
        assert!(reply.is_cancelled());
        assert!(!reply.answer_text("too late".to_owned()));
        assert_eq!(session(Ok(operation)).status, SessionStatus::Finished);
        assert_eq!(service.answers(), [json!("elsewhere")]);
    }
}

#[test]
fn a_reply_that_is_forgotten_is_no_answer() {
    let service = service();
    let handler = answering(|reply| {
        drop(reply);
        Ok(())
    });
    let operation = service.client().run(ASK.to_owned(), none(), Some(handler), None).unwrap();
    assert!(!operation.wait(200), "watching goes on");
    operation.cancel();
    assert_eq!(service.answers(), [] as [serde_json::Value; 0]);
}

#[test]
fn a_callback_that_fails_ends_its_run_and_is_reported() {
    let service = service();
    let said = answering(|reply| {
        reply.fail("the dialogue broke".to_owned());
        Ok(())
    });
    let threw = answering(|_| Err(thrown("the handler threw")));
    let listener = || -> Option<Arc<dyn SessionListener>> {
        Some(Arc::new(Remembering(Arc::default(), |_: &SessionEvent| Err(thrown("listener")))))
    };
    let cases = [
        ("the dialogue broke", run_with(&service, ASK, Some(said), None)),
        ("the handler threw", run_with(&service, ASK, Some(threw), None)),
        ("listener", run_with(&service, ASK, None, listener())),
    ];
    for (words, result) in cases {
        let Err(error @ LiveFlowError::HandlerFailed { .. }) = result else { panic!("{words}") };
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_listener_that_blocks_holds_up_nothing_else() {
    let service = service();
    let client = service.client();
    let release: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let kept = Arc::clone(&release);
    let stuck = Arc::new(Remembering(Arc::default(), move |_: &SessionEvent| {
        let guard = kept.0.lock().unwrap();
        drop(kept.1.wait_while(guard, |released| !*released).unwrap());
        Ok(())
    }));
    let run = client.run(WORK.to_owned(), none(), None, Some(stuck)).unwrap();
    eventually("the session exists", || service.simulator.journal().sessions.len() == 1);
    for _ in 0..5 {
        finished(client.get_sessions(ASK.to_owned())).unwrap();
    }
    run.cancel();
    assert!(run.wait(PATIENCE_MS), "it is not waited for");
    *release.0.lock().unwrap() = true;
    release.1.notify_all();
}

#[test]
fn a_subscription_pushes_until_it_is_cancelled() {
    let service = service();
    let live = live(service.client().start(ASK.to_owned(), none()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let listener = Remembering(Arc::clone(&seen), |_: &SessionEvent| Err(thrown("ends nothing")));
    let subscription = live.subscribe(Arc::new(listener)).unwrap();
    eventually("the prompt", || seen.lock().unwrap().iter().any(is_request));
    subscription.cancel();
    let told = seen.lock().unwrap().len();
    finished(live.answer(prompt(&live), text("yes"))).unwrap();
    session(live.wait(None));
    assert_eq!(seen.lock().unwrap().len(), told);
}

#[derive(Clone)]
enum Says {
    Headers(&'static str),
    Failure,
    Nothing,
    Throws,
}

struct Provider(Says, Mutex<Vec<bool>>);

impl CredentialsProvider for Provider {
    fn headers(
        &self,
        request: CredentialsRequest,
        reply: Arc<CredentialsReply>,
    ) -> Result<(), CallbackError> {
        self.1.lock().unwrap().push(request.refused);
        match self.0 {
            Says::Headers(key) => {
                thread::spawn(move || {
                    reply.give(HashMap::from([("Api-key".to_owned(), key.to_owned())]))
                });
            }
            Says::Failure => assert!(reply.fail("the token service is down".to_owned())),
            Says::Nothing => drop(reply),
            Says::Throws => return Err(thrown("no token today")),
        }
        Ok(())
    }
}

#[test]
fn credentials_come_through_a_reply() {
    let service = service();
    let provider = Arc::new(Provider(Says::Headers("simulator-key"), Mutex::default()));
    let client = service.client_with(Some(provider.clone()), None);
    finished(client.get_sessions(ASK.to_owned())).unwrap();
    assert_eq!(*provider.1.lock().unwrap(), [false]);
}

#[test]
fn credentials_that_do_not_come_are_reported() {
    let service = service();
    for (says, words) in [
        (Says::Failure, "the token service is down"),
        (Says::Nothing, "unanswered"),
        (Says::Throws, "no token today"),
    ] {
        let provider: Arc<dyn CredentialsProvider> = Arc::new(Provider(says, Mutex::default()));
        let mut config = service.config();
        config.timeouts.total = Duration::from_millis(200);
        let client = CoreClient::new(String::new(), config, Some(provider), None).unwrap();
        let error = failed(client.get_sessions(ASK.to_owned()));
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
        let detail = error.context().detail.clone().unwrap_or_default();
        assert!(format!("{error} {detail}").contains(words), "{error:?}");
    }
}

/// Keeps checkpoints in memory, and can be told to fail.
#[derive(Default)]
struct Memory {
    kept: Mutex<HashMap<String, StoredCheckpoint>>,
    is_full: Mutex<bool>,
}

impl CheckpointStore for Memory {
    fn save(
        &self,
        checkpoint: StoredCheckpoint,
        reply: Arc<DoneReply>,
    ) -> Result<(), CallbackError> {
        if *self.is_full.lock().unwrap() {
            reply.fail("the disk is full".to_owned());
            return Ok(());
        }
        self.kept.lock().unwrap().insert(checkpoint.session_id.clone(), checkpoint);
        reply.done();
        Ok(())
    }

    fn load(&self, session_id: String, reply: Arc<LoadReply>) -> Result<(), CallbackError> {
        reply.give(self.kept.lock().unwrap().get(&session_id).cloned());
        Ok(())
    }

    fn list(&self, reply: Arc<ListReply>) -> Result<(), CallbackError> {
        reply.give(self.kept.lock().unwrap().keys().cloned().collect());
        Ok(())
    }

    fn delete(&self, session_id: String, reply: Arc<DoneReply>) -> Result<(), CallbackError> {
        self.kept.lock().unwrap().remove(&session_id);
        reply.done();
        Ok(())
    }
}

#[test]
fn everything_in_the_store_is_restored() {
    let service = service();
    let store = Arc::new(Memory::default());
    let first = service.client_with(None, Some(store.clone()));
    let before = live(first.start(ASK.to_owned(), none()));
    let asked = prompt(&before);
    eventually("a checkpoint", || !store.kept.lock().unwrap().is_empty());
    first.shutdown();
    let second = service.client_with(None, Some(store.clone()));
    let Ok(Outcome::LiveSessions { live_sessions }) = finished(second.restore_all()) else {
        panic!("this call gives watched sessions")
    };
    let [after] = live_sessions.as_slice() else { panic!("{} of them", live_sessions.len()) };
    assert_eq!(prompt(after), asked);
    *store.is_full.lock().unwrap() = true;
    let error = failed(after.answer(asked.clone(), text("precious")));
    assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
    assert_eq!(error.context().answer.as_deref(), Some("precious"));
    assert_eq!(service.answers(), [] as [serde_json::Value; 0]);
    *store.is_full.lock().unwrap() = false;
    finished(after.answer(asked, text("precious"))).unwrap();
    session(after.wait(None));
    eventually("its end is forgotten", || store.kept.lock().unwrap().is_empty());
}

#[test]
fn checkpoints_are_kept_in_files() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("checkpoints").to_str().unwrap().to_owned();
    let store = FileCheckpointStore::new(folder.clone()).unwrap();
    assert_eq!(store.list().unwrap(), [] as [&str; 0]);
    let kept = StoredCheckpoint { session_id: "a".to_owned(), number: 7, data: "x".to_owned() };
    store.save(kept.clone()).unwrap();
    let other = FileCheckpointStore::new(folder.clone()).unwrap();
    assert_eq!(other.list().unwrap(), ["a"]);
    assert_eq!(other.load("a".to_owned()).unwrap(), Some(kept.clone()));
    other.delete("a".to_owned()).unwrap();
    assert_eq!(store.load("a".to_owned()).unwrap(), None);
    std::fs::remove_dir(folder).unwrap();
    let error = store.save(kept).unwrap_err();
    assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
    let here = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let error = FileCheckpointStore::new(here).err().expect("a file is no folder");
    assert!(matches!(error, LiveFlowError::Configuration { .. }), "{error:?}");
}

#[test]
fn the_life_of_an_application_reaches_the_core() {
    let service = service();
    let client = service.client();
    let live = live(client.start(WORK.to_owned(), none()));
    client.suspend().unwrap();
    service.simulator.clear_journal();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(service.simulator.journal().requests.len(), 0);
    client.resume().unwrap();
    client.network_changed().unwrap();
    live.poll_now().unwrap();
    eventually("it is looked at", || !service.simulator.journal().requests.is_empty());
    assert_eq!(client.base_url(), service.simulator.base_url());
}

#[test]
fn text_is_made_of_json_as_the_core_makes_it() {
    assert_eq!(prompt_text(r#"{"type":"x","text":"Why?"}"#.to_owned()).unwrap(), "Why?");
    assert_eq!(plain_text(r#""yes""#.to_owned()).unwrap(), "yes");
    assert_eq!(plain_text(r#"{ "a": 1 }"#.to_owned()).unwrap(), r#"{"a":1}"#);
    assert!(plain_text("nonsense".to_owned()).is_err());
}
