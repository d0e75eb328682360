//! `doctor`.

use serde_json::{Value, json};

use crate::support::{Ended, LEAD, Service};

fn verdict<'a>(findings: &'a [Value], check: &str) -> &'a str {
    let finding = findings.iter().find(|it| it["check"] == check);
    finding.unwrap_or_else(|| panic!("no {check}: {findings:?}"))["verdict"].as_str().unwrap()
}

#[test]
fn a_sound_set_up_is_found_sound_and_nothing_is_changed() {
    let service = Service::with(|it| it.speed(1.0));
    let findings = service.run(&["doctor", LEAD, "--json"]).with_code(0).lines();
    for check in [
        "configuration",
        "key",
        "checkpoints",
        "address",
        "clock",
        "answers",
        "cancel",
        "access",
        "flow",
    ] {
        assert_eq!(verdict(&findings, check), "fine", "{check}: {findings:?}");
    }
    let journal = service.journal();
    let requests = journal["requests"].as_array().unwrap();
    assert!(requests.iter().all(|request| request["method"] == "GET"), "{requests:?}");
    assert!(service.run(&["doctor"]).with_code(0).stdout.contains("✓ access"));
}

#[test]
fn what_is_wrong_is_named() {
    let service = Service::new();
    let mut wrong_key = service.command(&["doctor", "--json"]);
    let ended = wrong_key.env("TRUESTATE_API_KEY", "wrong").output().unwrap();
    assert_eq!(verdict(&Ended::of(ended).with_code(1).lines(), "access"), "wrong");

    let keyless = service.keyless(&["doctor", "--json"]).output().unwrap();
    let findings = Ended::of(keyless).with_code(1).lines();
    assert_eq!(verdict(&findings, "key"), "wrong");
    assert_eq!(verdict(&findings, "address"), "fine", "the rest is looked at all the same");

    let mut nobody = service.command(&["doctor", "--json"]);
    let ended = nobody.env("TRUESTATE_HOST", "http://127.0.0.1:9").output().unwrap();
    assert_eq!(verdict(&Ended::of(ended).with_code(1).lines(), "address"), "wrong");

    let nowhere = "99999999-9999-4999-8999-999999999999";
    let findings = service.run(&["doctor", nowhere, "--json"]).with_code(1).lines();
    assert_eq!(verdict(&findings, "flow"), "wrong");
}

#[test]
fn endpoints_that_are_elsewhere_are_noticed() {
    let service = Service::new();
    let settings = json!({
        "add_user_input": {"method": "PUT"},
        "cancel_session": {"path": "/live_flows/{live_flow_id}/sessions/{session_id}/stop/"},
    });
    let settings = service.simulator.settings().merged(&settings).unwrap();
    service.simulator.set_settings(settings).unwrap();
    let findings = service.run(&["doctor", "--json"]).with_code(1).lines();
    assert_eq!(verdict(&findings, "answers"), "wrong");
    assert_eq!(verdict(&findings, "cancel"), "unsure");
}

#[test]
fn a_clock_that_is_off_is_noticed() {
    let service = Service::new();
    service.advance_clock(std::time::Duration::from_secs(3600));
    let findings = service.run(&["doctor", "--json"]).with_code(1).lines();
    assert_eq!(verdict(&findings, "clock"), "wrong");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_noticed() {
    use std::os::unix::fs::PermissionsExt as _;
    let service = Service::with(|it| it.speed(1.0));
    let key = service.write("key", crate::support::KEY);
    for (mode, expected) in [(0o644, "unsure"), (0o600, "fine")] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = service.keyless(&["doctor", "--json", "--api-key-file", &key]).output();
        assert_eq!(verdict(&Ended::of(output.unwrap()).with_code(0).lines(), "key"), expected);
    }
}
