//! A key is shown to nobody but the service it is for.

mod common;

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use common::*;
use liveflow::{
    Client, ClientConfig, CredentialsProvider, CredentialsRequest, HostError, HostFuture,
    LiveFlowError, ProxyConfig, Secret, SessionEvent,
};
use liveflow_simulator::{Call, Effect, Fault, FaultRule, Simulator};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};

const KEY: &str = "marked-7f3a91c4-key";
const TOKEN: &str = "marked-bearer-55d0e2";
const MARK: &str = "marked";

/// Everything that this process has logged, by `tracing` and by `log`, down to the least of it, and
/// what its panics say.
struct Log(Mutex<String>);

impl Log {
    fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap()
    }
}

static LOG: OnceLock<&'static Log> = OnceLock::new();

fn log() -> &'static Log {
    LOG.get_or_init(|| {
        let log: &'static Log = Box::leak(Box::new(Log(Mutex::default())));
        log::set_logger(log).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(log).unwrap();
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Ok(mut text) = log.0.try_lock() {
                writeln!(text, "panic: {panic}").unwrap();
            }
            shown(panic);
        }));
        log
    })
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        writeln!(self.text(), "{}: {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "  {field} = {value:?}").unwrap();
    }
}

impl tracing::Subscriber for &'static Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = self.text();
        writeln!(text, "{}", span.metadata().target()).unwrap();
        span.record(&mut Fields(&mut text));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.text()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = self.text();
        writeln!(text, "{}", event.metadata().target()).unwrap();
        event.record(&mut Fields(&mut text));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn assert_nothing_logged() {
    let text = log().text();
    for target in ["liveflow::service", "reqwest", "hyper_util"] {
        assert!(text.contains(target), "{target} is not heard");
    }
    let shown = text.lines().find(|line| line.contains(MARK));
    assert_eq!(shown, None);
}

/// What a person could see of a value.
#[track_caller]
fn assert_hidden(value: &impl Debug) {
    let shown = format!("{value:?} {value:#?}");
    assert!(!shown.contains(MARK), "{shown}");
}

#[track_caller]
fn assert_error_hides(error: &LiveFlowError) {
    assert_hidden(error);
    let shown = error.to_string();
    assert!(!shown.contains(MARK), "{shown}");
}

async fn marked_simulator() -> Simulator {
    log();
    builder().api_key(KEY).start().await.unwrap()
}

/// An answer that repeats the key wherever an answer can hold text.
fn indiscreet(status: u16, kind: &str) -> Fault {
    let body = match kind {
        "words" => json!({"detail": format!("the key {KEY} may not do this; nor may {TOKEN}")}),
        "fields" => json!({"detail": [
            {"loc": ["header", KEY], "msg": format!("{KEY} {TOKEN}"), "type": KEY},
        ]}),
        "html" => json!(format!("<html><body>{KEY} {TOKEN}</body></html>")),
        _ => json!({"unexpected": [KEY, TOKEN]}),
    };
    let content_type = (kind == "html").then(|| "text/html".to_owned());
    let headers = BTreeMap::from([
        ("x-request-id".to_owned(), format!("id-{KEY}-{TOKEN}")),
        ("Retry-After".to_owned(), KEY.to_owned()),
        ("ETag".to_owned(), format!("\"{KEY}\"")),
    ]);
    Fault::Status { status, body: Some(body), content_type, headers, effect: Effect::None }
}

/// Gives a token, or words that hold it.
struct Tokens {
    fails: bool,
}

impl CredentialsProvider for Tokens {
    fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        let fails = self.fails;
        hosted(async move {
            let token = ("Authorization".to_owned(), format!("Bearer {TOKEN}"));
            if fails { Err(HostError(format!("refused: {KEY}"))) } else { Ok(vec![token]) }
        })
    }
}

fn impatient(config: &mut ClientConfig) {
    quickly_settled(config);
    config.timeouts.total = Duration::from_millis(600);
}

/// Every call there is, with what came of it.
async fn all_errors(client: &Client) -> Vec<LiveFlowError> {
    let (created, read, listed, input, cancelled, watched) = within(async {
        tokio::join!(
            client.create_session(ASK, inputs()),
            client.get_session(ASK, UNKNOWN),
            client.get_sessions(ASK),
            client.add_user_input(ASK, UNKNOWN, "blue"),
            client.cancel_session(ASK, UNKNOWN),
            async { client.watch(ASK, UNKNOWN).await?.wait(Some(Duration::from_secs(1))).await },
        )
    })
    .await;
    let results = [created, read, input, cancelled, watched].into_iter().map(Result::err);
    results.chain([listed.err()]).flatten().collect()
}

#[tokio::test]
async fn no_error_repeats_a_key_that_the_service_repeats() {
    let simulator = marked_simulator().await;
    let client = client_with(&simulator, |config| {
        impatient(config);
        config.credentials = Some(Arc::new(Tokens { fails: false }));
    });
    for status in [200, 400, 401, 403, 404, 409, 422, 429, 500, 503] {
        for kind in ["words", "fields", "html", "else"] {
            // The slowest of them are tried again and again until the deadline.
            if matches!(status, 429 | 500 | 503) && kind != "words" {
                continue;
            }
            simulator.clear_faults();
            fault(&simulator, FaultRule::any(indiscreet(status, kind)));
            let errors = all_errors(&client).await;
            assert!(errors.len() >= 3, "{status} {kind}: {errors:?}");
            errors.iter().for_each(assert_error_hides);
        }
    }
    assert_nothing_logged();
}

#[tokio::test]
async fn no_error_of_a_broken_connection_or_body_holds_a_key() {
    let simulator = marked_simulator().await;
    let client = client_with(&simulator, impatient);
    for broken in [
        Fault::ResetBeforeEffect {},
        Fault::ResetMidBody {},
        Fault::TruncatedBody {},
        Fault::InvalidUtf8Body {},
        Fault::HugeBody { bytes: 20_000_000, chunked: true, gzip: true },
    ] {
        simulator.clear_faults();
        fault(&simulator, FaultRule::any(broken));
        all_errors(&client).await.iter().for_each(assert_error_hides);
    }
    simulator.stop().await;
    let errors = all_errors(&client).await;
    assert_eq!(errors.len(), 6);
    errors.iter().for_each(assert_error_hides);
    assert_nothing_logged();
}

#[tokio::test]
async fn a_providers_own_words_are_cleaned_of_the_key() {
    let simulator = marked_simulator().await;
    let client = client_with(&simulator, |config| {
        impatient(config);
        config.credentials = Some(Arc::new(Tokens { fails: true }));
    });
    let errors = all_errors(&client).await;
    assert_eq!(errors.len(), 6);
    errors.iter().for_each(assert_error_hides);
    assert_nothing_logged();
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_the_key() {
    let simulator = marked_simulator().await;
    let mut config = config(&simulator);
    config.credentials = Some(Arc::new(Tokens { fails: false }));
    assert_hidden(&config);
    assert_hidden(&Secret::from(KEY));
    let client = Client::new(config).unwrap();
    assert_hidden(&client);
    let (live, events, prompt) = asked(&client, ASK).await;
    assert_hidden(&live);
    assert_hidden(&events);
    assert_hidden(&prompt);
    assert_hidden(&live.subscribe(|_| ()));
    assert_hidden(&live.checkpoint());
    assert_hidden(&client.iter_sessions(ASK).unwrap());
    within(live.answer(&prompt, "blue")).await.unwrap();
    let story = rest(&events).await;
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })));
    assert_hidden(&story);
    assert_nothing_logged();
}

#[test]
fn a_wrong_configuration_is_described_without_its_key() {
    type Change = fn(&mut ClientConfig);
    let changes: [Change; 5] = [
        |config| config.api_key = format!("{KEY}\n").into(),
        |config| config.base_url = format!("https://{KEY}@api.truestate.io"),
        |config| config.base_url = format!("https://user:{KEY}@api.truestate.io"),
        |config| config.base_url = format!("https://api.truestate.io?key={KEY}"),
        |config| config.proxy = ProxyConfig::Url { url: format!("user:{KEY}@proxy") },
    ];
    for change in changes {
        let mut config = ClientConfig::new(KEY);
        change(&mut config);
        let error = Client::new(config.clone()).unwrap_err();
        assert_error_hides(&error);
    }
}

#[tokio::test]
async fn no_panic_of_the_hosts_code_brings_a_key_to_light() {
    struct Panics;
    impl CredentialsProvider for Panics {
        fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
            panic!("the provider's own mistake")
        }
    }
    fn mistaken(_: SessionEvent) {
        panic!("the listener's own mistake")
    }
    let simulator = marked_simulator().await;
    let client = client_with(&simulator, |config| {
        impatient(config);
        config.credentials = Some(Arc::new(Panics));
    });
    let errors = all_errors(&client).await;
    assert_eq!(errors.len(), 6);
    errors.iter().for_each(assert_error_hides);

    let client = client_with(&simulator, |_| ());
    let live = within(client.start(QUICK, inputs())).await.unwrap();
    let _listener = live.subscribe(mistaken);
    rest(&live.events()).await;
    for whose in ["the provider's own mistake", "the listener's own mistake"] {
        eventually(whose, || log().text().contains(whose)).await;
    }
    assert_nothing_logged();
}

/// Hands what is sent on to the simulator and back, and keeps it, connection by connection.
async fn relay(simulator: &Simulator) -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let service = simulator.base_url().trim_start_matches("http://").to_owned();
    let sent = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let kept = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let at = {
                let mut kept = kept.lock().unwrap();
                kept.push(Vec::new());
                kept.len() - 1
            };
            let (kept, to) = (Arc::clone(&kept), TcpStream::connect(&service).await.unwrap());
            let ((mut asks, mut hears), (mut answers, mut takes)) =
                (from.into_split(), to.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
            tokio::spawn(async move {
                let mut piece = [0; 1024];
                while let Ok(length @ 1..) = asks.read(&mut piece).await {
                    kept.lock().unwrap()[at].extend_from_slice(&piece[..length]);
                    takes.write_all(&piece[..length]).await.unwrap();
                }
            });
        }
    });
    (base, sent)
}

#[tokio::test]
async fn of_all_that_is_sent_one_header_of_each_request_holds_a_key() {
    let simulator = marked_simulator().await;
    let (base, sent) = relay(&simulator).await;
    let client = client_with(&simulator, |config| {
        impatient(config);
        config.base_url = base;
        config.user_agent_suffix = Some("app/1".to_owned());
        config.credentials = Some(Arc::new(Tokens { fails: false }));
    });
    let (live, events, prompt) = asked(&client, ASK).await;
    within(live.answer(&prompt, "blue")).await.unwrap();
    rest(&events).await;
    let again = within(client.start(WORK, inputs())).await.unwrap();
    within(again.cancel()).await.unwrap();
    all_errors(&client).await;

    let mut requests = 0;
    for connection in sent.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(connection).to_lowercase();
        let asked = text.matches(" http/1.1\r\n").count();
        assert_eq!(text.matches(&format!("\r\napi-key: {KEY}\r\n")).count(), asked);
        assert_eq!(text.matches(&format!("\r\nauthorization: bearer {TOKEN}\r\n")).count(), asked);
        assert_eq!(text.matches(MARK).count(), 2 * asked, "elsewhere, too: {text}");
        requests += asked;
    }
    assert!(requests >= 10, "{requests} requests");
    assert_nothing_logged();
}

/// A host that keeps whatever is said to it.
async fn eavesdropper() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::<Mutex<Vec<u8>>>::default();
    let ear = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let ear = Arc::clone(&ear);
            tokio::spawn(async move {
                let mut piece = [0; 1024];
                while let Ok(length @ 1..) = connection.read(&mut piece).await {
                    ear.lock().unwrap().extend_from_slice(&piece[..length]);
                }
            });
        }
    });
    (base, heard)
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let simulator = marked_simulator().await;
    let (elsewhere, heard) = eavesdropper().await;
    let port = elsewhere.rsplit(':').next().unwrap();
    let client = client_with(&simulator, |config| {
        impatient(config);
        config.credentials = Some(Arc::new(Tokens { fails: false }));
    });
    for target in [
        format!("{elsewhere}/live_flows/"),
        format!("//127.0.0.1:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        format!("{}@127.0.0.1:{port}/", simulator.base_url()),
    ] {
        for status in [301, 302, 303, 307, 308] {
            simulator.clear_faults();
            let redirect = Fault::Redirect { to: target.clone(), status, effect: Effect::None };
            fault(&simulator, FaultRule::any(redirect));
            let errors = all_errors(&client).await;
            assert_eq!(errors.len(), 6, "{target} {status}: {errors:?}");
            errors.iter().for_each(assert_error_hides);
        }
    }
    assert_eq!(String::from_utf8_lossy(&heard.lock().unwrap()), "");
    assert!(count(&simulator, Call::GetSession) > 0);
    assert_nothing_logged();
}
