//! Every driver that is written in Rust runs, and says what it measured. How much that is is not
//! tested.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const DRIVER: &str = env!("CARGO_BIN_EXE_liveflow-bench");

/// A service of canned sessions, which ends with this.
struct Service {
    process: Child,
    base: String,
}

impl Service {
    fn start(options: &[&str]) -> Self {
        let mut process = Command::new(DRIVER)
            .arg("serve")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, base: format!("http://127.0.0.1:{}", port.trim()) }
    }

    fn ask(&self, words: &[&str]) -> Value {
        said(&[words, &["--base", &self.base]].concat())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a driver's last line says.
fn said(words: &[&str]) -> Value {
    let output = Command::new(DRIVER).args(words).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn peers_and_the_core_poll() {
    let small = Service::start(&["--size", "small", "--changed", "50"]);
    let short: &[&str] = &["--seconds", "0.2", "--sessions", "8", "--connections", "4"];
    for driver in
        [&["peer", "reqwest"][..], &["peer", "reqwest-decode"], &["peer", "hyper"], &["poll"]]
    {
        let figures = small.ask(&[driver, short].concat());
        assert!(figures["us_per_poll"].as_f64().unwrap() > 0.0, "{driver:?}: {figures}");
        assert!(figures["polls_per_second"].as_f64().unwrap() > 0.0, "{driver:?}: {figures}");
    }
}

#[test]
fn memory_is_counted_for_each_session_and_consumer() {
    let figures = Service::start(&[]).ask(&["memory", "--sessions", "100"]);
    let count = |name: &str| figures[name].as_u64().unwrap();
    assert!(count("heap") > count("heap_less_body") && count("heap_less_body") > 0, "{figures}");
    assert!(count("heap_per_consumer") > 0, "{figures}");
}

#[test]
fn every_question_is_answered() {
    let figures = Service::start(&["--questions", "3"]).ask(&["quiz", "--questions", "3"]);
    assert!(figures["us_per_question"].as_f64().unwrap() > 0.0, "{figures}");
}

#[test]
fn a_list_is_read_in_less_memory_than_it_takes() {
    let figures = said(&["list", "--sessions", "50"]);
    assert!(figures["peak"].as_u64().unwrap() < figures["bytes"].as_u64().unwrap(), "{figures}");
}
