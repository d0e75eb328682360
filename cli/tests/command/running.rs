//! `run`.

use liveflow_simulator::{Call, Fault, FaultRule};

use crate::support::{LEAD, MODERATION, RESEARCH, Service};

#[test]
fn the_result_goes_to_standard_output_and_the_steps_to_standard_error() {
    let service = Service::new();
    let ended = service.run(&["run", RESEARCH, "-i", "company=ACME"]).with_code(0);
    assert!(ended.stdout.contains("ACME"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('✓'), "{}", ended.stdout);
    assert!(ended.stderr.contains("✓ start"), "{}", ended.stderr);
    assert!(ended.stderr.contains("finished in"), "{}", ended.stderr);
    assert!(!ended.stderr.contains('\x1b'), "no colours and no moving lines without a terminal");
}

#[test]
fn a_flow_may_be_named_by_its_page() {
    let service = Service::new();
    let page = format!("https://platform.truestate.io/live-flows/{RESEARCH}?tab=runs");
    service.run(&["run", &page, "--quiet"]).with_code(0);
    let ended = service.run(&["run", "my-flow"]).with_code(2);
    assert!(ended.stderr.contains("must be a UUID"), "{}", ended.stderr);
}

#[test]
fn answers_can_be_given_beforehand() {
    let service = Service::new();
    let answers = ["--answer", "ask_budget=100000", "--answer", "ask_timeline=x", "--answer"];
    let ended = service
        .run(
            &[&["run", LEAD, "-i", "company=ACME"], &answers[..], &["ask_timeline=next month"]]
                .concat(),
        )
        .with_code(0);
    let session = session_of(&ended.stderr);
    // The timeline was asked for again, because one letter is too short.
    assert_eq!(service.inputs(&session), ["100000", "x", "next month"]);
    assert!(ended.stderr.contains("? "), "the questions are shown: {}", ended.stderr);
}

#[test]
fn answers_can_come_from_standard_input() {
    let service = Service::new();
    let mut command = service.command(&["run", LEAD, "--answers-from-stdin"]);
    let answers = service.write("answers", "100000\nnext month\n");
    let ended = command.stdin(std::fs::File::open(answers).unwrap()).output().unwrap();
    let ended = crate::support::Ended::of(ended).with_code(0);
    assert_eq!(service.inputs(&session_of(&ended.stderr)), ["100000", "next month"]);
}

#[test]
fn a_question_that_nobody_can_answer_ends_the_command_and_not_the_session() {
    let service = Service::new();
    let ended = service.run(&["run", LEAD]).with_code(4);
    let session = session_of(&ended.stderr);
    assert!(ended.stderr.contains("--answer 'ask_budget=…'"), "{}", ended.stderr);
    assert!(ended.stderr.contains(session.as_str()), "{}", ended.stderr);
    assert_eq!(service.status(&session), "waiting");
}

#[test]
fn a_session_that_fails_has_its_own_exit_code_and_says_why() {
    let service = Service::new();
    let ended = service.run(&["run", MODERATION, "-i", "text=buy spam"]).with_code(3);
    assert!(ended.stderr.contains("✗ failed after"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn the_time_to_watch_can_be_limited() {
    let service = Service::with(|it| it.speed(0.01));
    let ended = service.run(&["run", RESEARCH, "--timeout", "300ms"]).with_code(4);
    assert!(ended.stderr.contains("the session goes on"), "{}", ended.stderr);
    assert_eq!(service.status(&session_of(&ended.stderr)), "ready");
}

#[test]
fn an_answer_that_was_lost_on_the_way_arrives_once() {
    let service = Service::with(|it| {
        it.faults([FaultRule::new(Call::AddUserInput, Fault::ResetAfterEffect {}).times(1)])
    });
    let ended = service
        .run(&["run", LEAD, "--answer", "ask_budget=1", "--answer", "ask_timeline=soon"])
        .with_code(0);
    assert_eq!(service.inputs(&session_of(&ended.stderr)), ["1", "soon"]);
}

#[test]
fn what_goes_wrong_has_its_exit_code() {
    let service = Service::new();
    let nowhere = "99999999-9999-4999-8999-999999999999";
    service.run(&["run", nowhere]).with_code(6);
    service.run(&["show", LEAD, nowhere]).with_code(6);
    service.run(&["run"]).with_code(2);
    service.run(&["run", LEAD, "-i", "no-sign"]).with_code(2);
    service.run(&["run", LEAD, "--inputs", "nowhere.json"]).with_code(2);
    let list = service.write("list.json", "[]");
    service.run(&["run", LEAD, "--inputs", &list]).with_code(2);
    let mut wrong_key = service.command(&["run", LEAD]);
    let output = wrong_key.env("TRUESTATE_API_KEY", "wrong").output().unwrap();
    assert_eq!(output.status.code(), Some(5));
}

#[test]
fn inputs_come_from_arguments_and_files() {
    let service = Service::new();
    let file = service.write("inputs.json", r#"{"company": "ACME", "size": 1.5}"#);
    service.run(&["run", RESEARCH, "--quiet", "--inputs", &file, "-i", "tags=[1]"]).with_code(0);
    let inputs = &service.journal()["sessions"][0]["inputs_at_create"];
    assert_eq!(inputs, &serde_json::json!({"company": "ACME", "size": 1.5, "tags": [1]}));
    let mut piped = service.command(&["run", RESEARCH, "--quiet", "--inputs", "-"]);
    let output = piped.stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(service.journal()["sessions"][1]["inputs_at_create"]["company"], "ACME");
}

/// The id that the first line tells.
fn session_of(stderr: &str) -> String {
    let line = stderr.lines().find_map(|line| line.strip_prefix("session ")).expect(stderr);
    line.trim().to_owned()
}
