//! `sessions`, `show` and `cancel`.

use crate::support::{LEAD, MODERATION, Service, until};

#[test]
fn a_table_lists_the_newest_first_and_filters() {
    let service = Service::new();
    let first = service.session(LEAD, &["-i", "company=ONE"]);
    let second = service.session(LEAD, &["-i", "company=TWO"]);
    service.until_it_asks(&first);
    service.until_it_asks(&second);
    service.run(&["cancel", LEAD, &first]).with_code(0);
    let rows = |more: &[&str]| {
        let ended = service.run(&[&["sessions", LEAD], more].concat()).with_code(0);
        let table: Vec<String> = ended.stdout.lines().map(ToOwned::to_owned).collect();
        table.into_iter().skip(1).collect::<Vec<_>>()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 2);
    assert!(all[0].starts_with(&second) && all[0].contains("waiting"), "{all:?}");
    assert!(all[0].contains("ask_budget"), "{all:?}");
    assert!(all[1].starts_with(&first) && all[1].contains("failed"), "{all:?}");
    let failed = rows(&["--status", "failed"]);
    assert!(failed.len() == 1 && failed[0].starts_with(&first), "{failed:?}");
    assert_eq!(rows(&["--status", "active,finished"]).len(), 1);
    assert!(rows(&["--with-input", "company=ONE"])[0].starts_with(&first));
    assert_eq!(rows(&["--limit", "1"]).len(), 1);
    assert_eq!(rows(&["--since", "1d"]).len(), 2);
    assert!(rows(&["--status", "finished"]).is_empty());
}

#[test]
fn one_session_is_shown_with_its_questions_and_its_result() {
    let service = Service::new();
    let session = service.session(MODERATION, &["-i", "text=I sell a bicycle"]);
    service.until_it_asks(&session);
    let waiting = service.run(&["show", MODERATION, &session]).with_code(0).stdout;
    for part in ["waiting", "I sell a bicycle", "ask_reviewer", "(waiting for an answer)"] {
        assert!(waiting.contains(part), "{part}: {waiting}");
    }
    service.run(&["answer", MODERATION, &session, "yes"]).with_code(0);
    until(|| service.status(&session) == "finished");
    let finished = service.run(&["show", MODERATION, &session]).with_code(0).stdout;
    for part in ["finished", "> yes", "Result"] {
        assert!(finished.contains(part), "{part}: {finished}");
    }
    let result = service.run(&["show", MODERATION, &session, "--output"]).with_code(0).stdout;
    assert!(!result.is_empty() && !result.contains("Result"), "{result}");
}

#[test]
fn cancelling_ends_a_session_and_tells_of_each() {
    let service = Service::new();
    let session = service.session(LEAD, &[]);
    let nowhere = "99999999-9999-4999-8999-999999999999";
    let ended = service.run(&["cancel", LEAD, nowhere, &session]).with_code(6);
    assert!(ended.stderr.contains(&format!("{session}: cancelled")), "{}", ended.stderr);
    assert_eq!(service.status(&session), "failed");
}
