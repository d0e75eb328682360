//! `watch`.

use std::process::Stdio;

use crate::support::{Ended, LEAD, MODERATION, RESEARCH, Service};

#[test]
fn one_session_is_watched_to_its_end_without_answering_it() {
    let service = Service::new();
    let session = service.session(LEAD, &[]);
    service.until_it_asks(&session);
    let watch = service
        .command(&["watch", LEAD, &session])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    service.answer_elsewhere(&session, "1000");
    service.until_it_asks(&session);
    service.answer_elsewhere(&session, "next month");
    let ended = Ended::of(watch.wait_with_output().unwrap()).with_code(0);
    assert_eq!(service.inputs(&session), ["1000", "next month"]);
    assert!(ended.stderr.contains("✓ ask_timeline"), "{}", ended.stderr);
    assert!(!ended.stdout.is_empty());
}

#[test]
fn a_watch_answers_only_when_it_is_told_to() {
    let service = Service::new();
    let session = service.session(MODERATION, &["-i", "text=I sell"]);
    service.until_it_asks(&session);
    service.run(&["watch", MODERATION, &session, "--answer", "ask_reviewer=yes"]).with_code(0);
    assert_eq!(service.inputs(&session), ["yes"]);
    let two = service.run(&["watch", MODERATION, &session, &session, "--ask"]).with_code(2);
    assert!(two.stderr.contains("name one session"), "{}", two.stderr);
}

#[test]
fn several_sessions_are_told_line_by_line_and_one_failure_shows_in_the_end() {
    let service = Service::new();
    let good = service.session(RESEARCH, &[]);
    let also = service.session(RESEARCH, &[]);
    let ended = service.run(&["watch", RESEARCH, &good, &also]).with_code(0);
    for id in [&good, &also] {
        let last = ended.stdout.lines().rfind(|line| line.starts_with(id.as_str()));
        assert!(last.is_some_and(|line| line.contains("finished")), "{}", ended.stdout);
    }
    let cancelled = service.session(LEAD, &[]);
    service.run(&["cancel", LEAD, &cancelled]).with_code(0);
    service.run(&["watch", LEAD, &cancelled, &cancelled]).with_code(3);
}

#[test]
fn without_names_all_active_ones_are_watched() {
    let service = Service::new();
    let none = service.run(&["watch", LEAD]).with_code(0);
    assert!(none.stderr.contains("no session is active"), "{}", none.stderr);
    let sessions = [service.session(LEAD, &[]), service.session(LEAD, &[])];
    for session in &sessions {
        service.until_it_asks(session);
    }
    let ended = service.run(&["watch", LEAD, "--json", "--timeout", "1s"]).with_code(4);
    for session in &sessions {
        let asks = |line: &&serde_json::Value| {
            line["event"] == "prompt_requested" && line["session_id"] == session.as_str()
        };
        assert_eq!(ended.lines().iter().filter(asks).count(), 1);
    }
}
