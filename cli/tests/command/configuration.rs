//! Flags, environment, file, and where the key comes from.

use std::process::Command;

use crate::support::{Ended, KEY, LEAD, RESEARCH, Service};

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let service = Service::new();
    let base_url = service.simulator.base_url().to_owned();
    let run = |host: Option<&str>, flag: Option<&str>| {
        let mut command = service.command(&["sessions", LEAD]);
        match host {
            Some(host) => command.env("TRUESTATE_HOST", host),
            None => command.env_remove("TRUESTATE_HOST"),
        };
        if let Some(flag) = flag {
            command.args(["--base-url", flag]);
        }
        Ended::of(command.output().unwrap())
    };
    let wrong = "ftp://nowhere.invalid";
    service.config(&format!("base_url = \"{wrong}\""));
    run(None, None).with_code(2);
    run(Some(&base_url), None).with_code(0);
    run(Some(wrong), None).with_code(2);
    run(Some(wrong), Some(&base_url)).with_code(0);
    service.config(&format!("base_url = \"{base_url}\""));
    run(None, None).with_code(0);
    run(Some(""), None).with_code(0);
}

#[test]
fn the_key_comes_from_a_file_or_the_environment_or_the_configuration() {
    let service = Service::new();
    let file = service.write("key", &format!("{KEY}\n"));
    let works = |change: &dyn Fn(&mut Command) -> &mut Command| {
        let mut command = service.keyless(&["sessions", LEAD]);
        change(&mut command);
        Ended::of(command.output().unwrap())
    };
    works(&|command| command.args(["--api-key-file", &file])).with_code(0);
    works(&|command| command.env("TRUESTATE_API_KEY", KEY)).with_code(0);
    works(&|command| command.env("TRUESTATE_API_KEY_FILE", &file)).with_code(0);
    service.config("api_key_file = \"../../key\"");
    works(&|command| command).with_code(0);
    works(&|command| command.env("TRUESTATE_API_KEY", "wrong")).with_code(5);
    service.config(&format!("api_key = \"{KEY}\""));
    works(&|command| command).with_code(0);
    service.config("");
    let none = works(&|command| command).with_code(2);
    assert!(none.stderr.contains("TRUESTATE_API_KEY"), "{}", none.stderr);
    assert!(none.stderr.contains("liveflow demo"), "{}", none.stderr);
}

#[test]
fn a_key_is_no_argument_and_is_never_shown() {
    let service = Service::new();
    service.run(&["sessions", LEAD, "--api-key", KEY]).with_code(2);
    let mut broken = service.keyless(&["doctor"]);
    let ended = Ended::of(broken.env("TRUESTATE_API_KEY", "two words").output().unwrap());
    assert!(!ended.stdout.contains("two words") && !ended.stderr.contains("two words"));
    service.config("api_key = not-quoted");
    let ended = Ended::of(service.keyless(&["sessions", LEAD]).output().unwrap()).with_code(2);
    assert!(!ended.stderr.contains("not-quoted"), "{}", ended.stderr);
}

#[test]
fn a_flow_may_have_a_name() {
    let service = Service::new();
    service.config(&format!("[flows]\nresearch = \"{RESEARCH}\""));
    service.run(&["run", "research", "--quiet"]).with_code(0);
    let ended = service.run(&["run", "reserach"]).with_code(2);
    assert!(ended.stderr.contains("names in the configuration file: research"), "{}", ended.stderr);
}

#[test]
fn every_assumption_about_the_service_can_be_set_in_the_file() {
    let service = Service::new();
    let settings = serde_json::json!({
        "create_session": {"body": "bare"},
        "add_user_input": {
            "method": "PUT", "member": "reply",
            "path": "/v2/{live_flow_id}/answers/{session_id}/",
        },
        "cancel_session": {
            "method": "DELETE", "path": "/live_flows/{live_flow_id}/sessions/{session_id}/",
        },
        "status_words": {"finished": "ENDED_WELL"},
    });
    let settings = service.simulator.settings().merged(&settings).unwrap();
    service.simulator.set_settings(settings).unwrap();
    service.config(
        r#"
        [endpoints]
        create_body = "bare"
        user_input_member = "reply"
        list_page_size = 10
        add_user_input = { method = "PUT", path = "/v2/{live_flow_id}/answers/{session_id}/" }
        [endpoints.cancel_session]
        method = "DELETE"
        path = "/live_flows/{live_flow_id}/sessions/{session_id}/"
        [status_aliases]
        ENDED_WELL = "finished"
        "#,
    );
    let answers = ["--answer", "ask_budget=1", "--answer", "ask_timeline=soon"];
    service.run(&[&["run", LEAD, "-i", "company=X"], &answers[..]].concat()).with_code(0);
    assert_eq!(service.journal()["sessions"][0]["inputs_at_create"]["company"], "X");
    let other = service.session(LEAD, &[]);
    service.run(&["cancel", LEAD, &other]).with_code(0);
    let listed = service.run(&["sessions", LEAD]).with_code(0);
    assert!(listed.stdout.contains("finished"), "{}", listed.stdout);
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    let service = Service::new();
    service.config("[polling]\nrunning_max = \"soon\"");
    let ended = service.run(&["sessions", LEAD]).with_code(2);
    assert!(
        ended.stderr.contains("config.toml: line 2: \"soon\" is not a span"),
        "{}",
        ended.stderr
    );
    service.run(&["sessions", LEAD, "--config", "nowhere.toml"]).with_code(2);
}
