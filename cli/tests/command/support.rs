//! A simulator, and the command set up to meet it and nothing else of this computer.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use liveflow_simulator::{Simulator, SimulatorBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const LEAD: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
pub(crate) const RESEARCH: &str = "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11";
pub(crate) const MODERATION: &str = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64";
pub(crate) const KEY: &str = "simulator-key";

/// What ended, in words.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Its lines, each JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// A service that runs as long as this does, and a home for the command.
pub(crate) struct Service {
    pub(crate) simulator: Simulator,
    pub(crate) home: TempDir,
    /// After the simulator: it lives on this.
    runtime: Runtime,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(set_up: impl FnOnce(SimulatorBuilder) -> SimulatorBuilder) -> Self {
        let runtime = Runtime::new().unwrap();
        let builder = set_up(Simulator::builder().speed(50.0));
        let simulator = runtime.block_on(builder.start()).unwrap();
        Self { simulator, home: tempfile::tempdir().unwrap(), runtime }
    }

    /// The command, with a key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.keyless(arguments);
        command.env("TRUESTATE_API_KEY", KEY);
        command
    }

    pub(crate) fn keyless(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_liveflow"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("APPDATA", self.home.path())
            .env("LOCALAPPDATA", self.home.path())
            .env("TRUESTATE_HOST", self.simulator.base_url())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Starts a session and gives its id.
    pub(crate) fn session(&self, flow: &str, more: &[&str]) -> String {
        let arguments = [&["run", flow, "--detach"], more].concat();
        self.run(&arguments).with_code(0).stdout.trim().to_owned()
    }

    /// Waits until the session has come to a question.
    pub(crate) fn until_it_asks(&self, session: &str) {
        until(|| self.status(session) == "waiting");
    }

    /// The session's status in the simulator's own words.
    pub(crate) fn status(&self, session: &str) -> String {
        let journal = self.journal();
        let sessions = journal["sessions"].as_array().unwrap();
        let found = sessions.iter().find(|it| it["id"] == session);
        found.map_or_else(String::new, |it| it["status"].as_str().unwrap().to_owned())
    }

    /// The answers that the session took.
    pub(crate) fn inputs(&self, session: &str) -> Vec<String> {
        let journal = self.journal();
        let sessions = journal["sessions"].as_array().unwrap();
        let found = sessions.iter().find(|it| it["id"] == session).expect("the session");
        let inputs = found["inputs"].as_array().unwrap();
        inputs.iter().map(|it| it["input"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn journal(&self) -> Value {
        serde_json::to_value(self.simulator.journal()).unwrap()
    }

    /// Answers as another device does.
    pub(crate) fn answer_elsewhere(&self, session: &str, answer: &str) {
        let _runtime = self.runtime.enter();
        self.simulator.answer(session.parse().unwrap(), &answer.into()).unwrap();
    }

    pub(crate) fn advance_clock(&self, span: std::time::Duration) {
        self.simulator.advance_clock(span);
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn config(&self, text: &str) {
        let path = if cfg!(windows) { "liveflow" } else { ".config/liveflow" };
        self.write(&Path::new(path).join("config.toml").to_string_lossy(), text);
    }
}

/// Waits until it holds.
pub(crate) fn until(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it did not come to pass");
}
