//! The program that is killed: this test's own binary, run again. It says on its standard output how
//! far it is.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use liveflow::{Client, ClientConfig, Events, FileCheckpointStore, LiveSession, SessionEvent};
use liveflow_simulator::Simulator;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::common::{TWICE, inputs, within};

/// What the program is to do; it is no program without it.
const WHAT: &str = "LIVEFLOW_KILL_WHAT";
const BASE: &str = "LIVEFLOW_KILL_BASE";
const KEY: &str = "LIVEFLOW_KILL_KEY";
const FOLDER: &str = "LIVEFLOW_KILL_FOLDER";
const TEXT: &str = "LIVEFLOW_KILL_TEXT";

/// Tells what the program says from what the test harness says.
const MARK: &str = "program: ";

/// What the program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Saying {
    Session(String),
    Answering,
    Asked(String),
    Unresolved(String),
    /// There was nothing to restore.
    Nothing,
    Other(String),
}

impl Saying {
    fn read(line: &str) -> Self {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("session", id) => Self::Session(id.to_owned()),
            ("answering", _) => Self::Answering,
            ("asked", step) => Self::Asked(step.to_owned()),
            ("unresolved", text) => Self::Unresolved(text.to_owned()),
            ("nothing", _) => Self::Nothing,
            _ => Self::Other(line.to_owned()),
        }
    }
}

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn run(simulator: &Simulator, folder: &Path, what: &str, text: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program::the_program", "--nocapture"])
            .env(WHAT, what)
            .env(BASE, simulator.base_url())
            .env(KEY, simulator.api_key())
            .env(FOLDER, folder)
            .env(TEXT, text)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next thing that it says.
    pub(crate) async fn says(&mut self) -> Saying {
        within(async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                // The harness begins a line of its own and does not end it.
                if let Some((_, said)) = line.split_once(MARK) {
                    return Saying::read(said);
                }
            }
            panic!("the program ended by itself");
        })
        .await
    }

    pub(crate) async fn says_until(&mut self, is_it: impl Fn(&Saying) -> bool) -> Saying {
        loop {
            let said = self.says().await;
            if is_it(&said) {
                return said;
            }
        }
    }

    /// Kills it, so that it can do nothing about it. Gives what it had said that nobody had heard.
    pub(crate) async fn kill(mut self) -> Vec<Saying> {
        self.child.kill().await.unwrap();
        let mut last_words = Vec::new();
        while let Some(line) = within(self.lines.next_line()).await.unwrap() {
            last_words.extend(line.split_once(MARK).map(|(_, said)| Saying::read(said)));
        }
        last_words
    }
}

fn say(what: &str) {
    println!("{MARK}{what}");
}

fn client() -> Client {
    let given = |name| std::env::var(name).unwrap();
    let mut config = ClientConfig::new(given(KEY));
    config.base_url = given(BASE);
    config.polling.running_min = Duration::from_millis(10);
    config.polling.running_max = Duration::from_millis(50);
    config.polling.waiting_min = Duration::from_millis(50);
    config.polling.waiting_max = Duration::from_millis(200);
    config.retry.initial_backoff = Duration::from_millis(20);
    config.retry.max_backoff = Duration::from_millis(100);
    config.requests_per_second = 0.0;
    config.timeouts.request = Duration::from_secs(1);
    config.max_staleness = Duration::from_millis(100);
    config.answer_grace = Duration::from_millis(1500);
    config.checkpoint_store = Some(Arc::new(FileCheckpointStore::new(given(FOLDER)).unwrap()));
    Client::new(config).unwrap()
}

/// Starts a session and answers its first question.
async fn start(client: &Client) -> (LiveSession, Events) {
    let live = client.start(TWICE, inputs()).await.unwrap();
    say(&format!("session {}", live.id()));
    let events = live.events();
    loop {
        let event = events.next().await.unwrap();
        if let SessionEvent::PromptRequested { prompt } = event {
            say("answering");
            let answer = live.answer(&prompt, std::env::var(TEXT).unwrap()).await;
            say(&format!("answered {answer:?}"));
            return (live, events);
        }
    }
}

/// Goes on with what there is, and says what happens.
async fn restore(client: &Client) {
    let Some(live) = client.restore_all().await.unwrap().pop() else { return say("nothing") };
    let events = live.events();
    while let Some(event) = events.next().await {
        match event {
            SessionEvent::PromptRequested { prompt } => {
                say(&format!("asked {}", prompt.step_name.unwrap()));
            }
            SessionEvent::AnswerUnresolved { text, .. } => say(&format!("unresolved {text}")),
            event => say(&format!("{event:?}")),
        }
    }
}

/// As a test it does nothing; as a program it goes on until it is killed.
#[test]
fn the_program() {
    let Ok(what) = std::env::var(WHAT) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client();
        if what == "restore" {
            restore(&client).await;
        } else {
            let _watched = start(&client).await;
            std::future::pending::<()>().await;
        }
        std::future::pending::<()>().await;
    });
}
