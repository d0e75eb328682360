//! `demo`, `simulate`, and what the command says of itself.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::{Ended, LEAD, Service};

#[test]
fn the_demo_needs_no_set_up_and_touches_no_service() {
    let service = Service::new();
    service.config("this is no configuration");
    for flow in ["lead", "research", "moderation"] {
        let demo = ["demo", flow, "--non-interactive", "--speed", "50"];
        let ended = Ended::of(service.keyless(&demo).output().unwrap()).with_code(0);
        assert!(!ended.stdout.is_empty(), "{flow}");
    }
    let requests = &service.journal()["requests"];
    assert_eq!(requests.as_array().unwrap().len(), 0, "{requests}");
}

#[test]
fn the_simulator_tells_programs_where_it_is() {
    let service = Service::new();
    let mut simulate = service
        .keyless(&["simulate", "--quiet", "--speed", "50", "--exit-with-stdin"])
        .args(["--fault", "get_live_flows=hold*1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(simulate.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let first: serde_json::Value = serde_json::from_str(&line).unwrap();
    let mut command = service.command(&["sessions", LEAD]);
    let base_url = first["base_url"].as_str().unwrap();
    assert!(command.env("TRUESTATE_HOST", base_url).status().unwrap().success());
    drop(simulate.stdin.take());
    assert!(simulate.wait().unwrap().success());
    service.run(&["simulate", "--fault", "any=hodl"]).with_code(2);
    service.run(&["simulate", "--speed", "0"]).with_code(2);
}

#[test]
fn completions_and_manual_pages_are_made() {
    let service = Service::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = service.run(&["completions", shell]).with_code(0).stdout;
        assert!(script.contains("liveflow") && script.contains("answers-from-stdin"), "{shell}");
    }
    let page = service.run(&["man"]).with_code(0).stdout;
    assert!(page.contains(".TH liveflow 1") && page.contains("Exit codes"), "{page}");
    let folder = service.home.path().join("man");
    service.run(&["man", folder.to_str().unwrap()]).with_code(0);
    assert!(folder.join("liveflow-run.1").exists());
}
