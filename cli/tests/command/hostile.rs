//! Texts of the service that would take the terminal over, if they reached it.

use serde_json::json;

use crate::support::Service;

const FLOW: &str = "99999999-9999-4999-8999-999999999999";
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{202e}b\r\u{8}\u{7f}";

fn service() -> Service {
    let text = |of: &str| json!({"type": "text", "text": format!("{of} {HOSTILE}")});
    let flow = json!({
        "id": FLOW, "name": format!("Flow {HOSTILE}"),
        "steps": [
            {"name": "start", "type": "start", "transitions": [{"to": "ask"}]},
            {"name": "ask", "type": "input", "prompt": text("ask"),
             "transitions": [{"to": "route"}]},
            {"name": "route", "type": "branch", "transitions": [
                {"to": "bad", "when": {"value": "${ask.result}", "contains": "bad"}},
                {"to": "end", "otherwise": true}]},
            {"name": "bad", "type": "llm", "fail": format!("error {HOSTILE}")},
            {"name": "end", "type": "end",
             "result": {format!("name {HOSTILE}"): format!("result {HOSTILE}")}},
        ],
    });
    Service::with(|it| it.flow(flow.to_string()))
}

#[track_caller]
fn assert_harmless(text: &str) {
    let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.chars().any(acts), "{text:?}");
}

/// It does nothing, and can be seen for what it is.
#[track_caller]
fn assert_shown(text: &str) {
    assert_harmless(text);
    assert!(text.contains("␛[2J") || text.contains("\\u001b[2J"), "{text:?}");
}

#[test]
fn nothing_of_a_session_acts_on_the_terminal() {
    let service = service();
    let answer = format!("ask=fine {HOSTILE}");
    let ended = service.run(&["run", FLOW, "--answer", &answer]).with_code(0);
    assert_shown(&ended.stdout);
    assert_shown(&ended.stderr);
    let ended = service.run(&["run", FLOW, "--answer", "ask=bad"]).with_code(3);
    assert_shown(&ended.stderr);
    let json = service.run(&["run", FLOW, "--json", "--answer", &answer]).with_code(0);
    assert_shown(&json.stdout);
    let last = &json.lines().pop().unwrap()["output"];
    assert_eq!(last[format!("name {HOSTILE}")], format!("result {HOSTILE}"), "it means the same");
}

#[test]
fn nothing_of_a_list_or_an_error_acts_on_the_terminal() {
    let service = service();
    let session = service.session(FLOW, &[]);
    service.until_it_asks(&session);
    assert_shown(&service.run(&["show", FLOW, &session]).with_code(0).stdout);
    assert_shown(&service.run(&["show", FLOW, &session, "--json"]).with_code(0).stdout);
    let ended = service.run(&["run", FLOW]).with_code(4);
    assert_shown(&ended.stderr);
    let fault = json!({"on": "get_sessions", "fault": {"status": {
        "status": 403, "body": {"detail": format!("detail {HOSTILE}")}}}});
    service.simulator.add_faults(vec![fault.to_string().parse().unwrap()]).unwrap();
    assert_harmless(&service.run(&["sessions", FLOW]).with_code(5).stderr);
}
