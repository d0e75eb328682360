//! `--json`.

use serde_json::Value;

use crate::support::{LEAD, MODERATION, RESEARCH, Service};

fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[test]
fn each_event_is_a_line_and_the_last_one_has_the_result() {
    let service = Service::new();
    let ended = service
        .run(&["run", LEAD, "--json", "--answer", "ask_budget=7", "--answer", "ask_timeline=soon"])
        .with_code(0);
    let lines = ended.lines();
    let names = names(&lines);
    assert_eq!((names.first(), names.last()), (Some(&"session_created"), Some(&"finished")));
    assert_eq!(names.iter().filter(|name| **name == "prompt_requested").count(), 2);
    assert_eq!(names.iter().filter(|name| **name == "prompt_closed").count(), 2);
    let session = lines[0]["session_id"].as_str().unwrap();
    assert!(lines.iter().all(|line| line["session_id"] == session && line["live_flow_id"] == LEAD));
    let last = lines.last().unwrap();
    assert_eq!(last["session"]["id"], session);
    assert!(!last["output"].is_null());
    let prompt = lines.iter().find(|line| line["event"] == "prompt_requested").unwrap();
    assert_eq!(prompt["prompt"]["step_name"], "ask_budget");
    assert_eq!(prompt["prompt"]["round"], 0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_failure_is_a_line_too() {
    let service = Service::new();
    let ended = service.run(&["run", MODERATION, "--json", "-i", "text=spam"]).with_code(3);
    let lines = ended.lines();
    let last = lines.last().unwrap();
    assert_eq!(last["event"], "failed");
    assert_eq!(last["error"]["kind"], "session_failed");
    let ended = service.run(&["run", LEAD, "--json"]).with_code(4);
    let lines = ended.lines();
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["error"]["kind"]), (&"error".into(), &"command".into()));
    let ended = service.run(&["watch", RESEARCH, LEAD, "--json"]).with_code(6);
    assert_eq!(ended.lines().last().unwrap()["error"]["kind"], "not_found");
}

#[test]
fn sessions_are_printed_as_the_service_gave_them() {
    let service = Service::new();
    let session = service.session(LEAD, &["-i", "company=ACME"]);
    let shown = service.run(&["show", LEAD, &session, "--json"]).with_code(0).lines();
    assert_eq!(shown[0]["id"], session.as_str());
    assert!(shown[0]["flow_version"]["steps"].is_array());
    let listed = service.run(&["sessions", LEAD, "--json"]).with_code(0).lines();
    assert_eq!((listed.len(), &listed[0]["inputs"]["company"]), (1, &"ACME".into()));
}
