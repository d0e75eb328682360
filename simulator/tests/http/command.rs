//! The command, as a process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const KEY: &str = "simulator-key";

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_liveflow-simulator"))
}

struct Running {
    child: Child,
    first_line: Value,
}

fn run(command: &mut Command) -> Running {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let first_line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is not JSON"));
    Running { child, first_line }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.first_line["base_url"].as_str().unwrap());
        let request = reqwest::Client::new().get(url).header("Api-key", KEY);
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn ends(&mut self) -> std::process::ExitStatus {
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it did not end");
    }
}

fn fails(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = command.output().unwrap();
    assert!(stdout.is_empty(), "no first line");
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn write(directory: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn the_first_line_tells_where_it_is() {
    let running = run(command().args(["--quiet", "--exit-with-stdin"]));
    let first = &running.first_line;
    assert_eq!(first["api_key"], KEY);
    assert_eq!(
        first["flows"][0],
        json!({"id": "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe", "name": "Lead qualification"})
    );
    assert!(first["control_url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let (status, flows) = running.get("/live_flows/").await;
    assert_eq!((status, flows.as_array().map(Vec::len)), (200, Some(3)));
}

#[tokio::test]
async fn it_ends_with_its_standard_input() {
    let mut running = run(command().args(["--quiet", "--exit-with-stdin"]));
    assert_eq!(running.get("/live_flows/").await.0, 200);
    assert!(running.child.try_wait().unwrap().is_none(), "not before");
    drop(running.child.stdin.take());
    assert!(running.ends().success());
}

#[tokio::test]
async fn it_does_not_mind_its_standard_input_otherwise() {
    let mut running = run(command().arg("--quiet"));
    drop(running.child.stdin.take());
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(running.get("/live_flows/").await.0, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn signals_end_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let mut running = run(command().arg("--quiet"));
        let id = running.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(running.ends().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn requests_are_logged_unless_it_is_quiet() {
    for quiet in [false, true] {
        let mut command = command();
        command.arg("--exit-with-stdin").stderr(Stdio::piped());
        if quiet {
            command.arg("--quiet");
        }
        let mut running = run(&mut command);
        running.get("/live_flows/?a=1").await;
        drop(running.child.stdin.take());
        let mut log = String::new();
        running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(log.contains("GET /live_flows/?a=1  200"), !quiet, "{log:?}");
        assert!(!log.contains(KEY));
    }
}

#[tokio::test]
async fn files_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let flows = directory.path().join("flows");
    std::fs::create_dir(&flows).unwrap();
    write(
        &flows,
        "mine.json",
        r#"{"id": "99999999-9999-4999-8999-999999999999", "name": "Mine", "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
            {"name": "end", "type": "end"}]}"#,
    );
    let faults = write(
        directory.path(),
        "faults.json",
        r#"[{"on": "get_live_flow", "fault": "not_found"}]"#,
    );
    let settings = write(directory.path(), "settings.json", r#"{"etag": true}"#);
    let running = run(command()
        .args(["--quiet", "--exit-with-stdin", "--speed", "7", "--fault", "get_live_flows=hold*1"])
        .arg("--flows")
        .arg(&flows)
        .arg("--faults")
        .arg(&faults)
        .arg("--settings")
        .arg(&settings));
    assert_eq!(running.first_line["flows"][3]["name"], "Mine");
    assert_eq!(running.get("/live_flows/99999999-9999-4999-8999-999999999999/").await.0, 404);
    assert_eq!(running.get("/_simulator/settings").await.1["etag"], true);
    assert_eq!(running.get("/_simulator/clock").await.1["speed"], 7.0);
    let rules = running.get("/_simulator/faults").await.1;
    assert_eq!(rules[0]["rule"]["on"], "get_live_flows", "from the command line: {rules}");
    assert_eq!(rules[1]["rule"]["on"], "get_live_flow", "from the file: {rules}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let flows = at.join("flows");
    std::fs::create_dir(&flows).unwrap();
    write(&flows, "bad.json", "{\n  \"nmae\": \"x\"\n}");
    let faults = write(at, "faults.json", "[{\"on\": \"any\",\n \"fault\": \"hodl\"}]");
    let rule = write(at, "rule.json", "[{\"on\": \"any\", \"nth\": 0, \"fault\": \"hold\"}]");
    let settings = write(at, "settings.json", "{\"etag\": 7}");
    let cases = [
        ("--flows", flows, "bad.json:2:8: unknown field `nmae`"),
        ("--faults", faults, "faults.json:2:"),
        ("--faults", rule, "rule.json:1:2: fault `hold`: `nth` holds numbers from 1"),
        (
            "--settings",
            settings,
            "settings.json:1:10: invalid type: integer `7`, expected a boolean",
        ),
        ("--settings", at.join("nowhere.json"), "nowhere.json:1:1: No such file"),
    ];
    for (option, path, message) in cases {
        let (code, stderr) = fails(command().arg(option).arg(path));
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}

#[test]
fn wrong_options_and_taken_ports_have_their_exit_codes() {
    assert_eq!(fails(command().arg("--prot")).0, Some(2));
    assert_eq!(fails(command().args(["--speed", "0"])).0, Some(2));
    assert_eq!(fails(command().args(["--fault", "any=hodl"])).0, Some(2));
    assert_eq!(fails(command().args(["--api-key", ""])).0, Some(2));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, stderr) = fails(command().args(["--port", &port]));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("cannot listen on"), "{stderr}");
}
