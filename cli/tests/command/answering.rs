//! `answer`.

use crate::support::{LEAD, MODERATION, RESEARCH, Service};

#[test]
fn the_open_question_is_answered_once() {
    let service = Service::new();
    let session = service.session(LEAD, &[]);
    service.until_it_asks(&session);
    let ended = service.run(&["answer", LEAD, &session, "5000", "--step", "ask_budget"]);
    assert!(ended.with_code(0).stderr.contains("answered: "));
    assert_eq!(service.inputs(&session), ["5000"]);
}

#[test]
fn another_question_than_the_one_meant_is_not_answered() {
    let service = Service::new();
    let session = service.session(LEAD, &[]);
    service.until_it_asks(&session);
    let ended = service.run(&["answer", LEAD, &session, "soon", "--step", "ask_timeline"]);
    assert!(ended.with_code(9).stderr.contains("ask_budget"));
    assert!(service.inputs(&session).is_empty());
}

#[test]
fn a_session_that_asks_nothing_takes_no_answer() {
    let service = Service::new();
    let session = service.session(RESEARCH, &[]);
    service.run(&["answer", RESEARCH, &session, "hello"]).with_code(9);
}

#[test]
fn an_answer_that_is_refused_comes_back() {
    let service = Service::new();
    let session = service.session(MODERATION, &["-i", "text=I sell"]);
    service.until_it_asks(&session);
    let ended = service.run(&["answer", MODERATION, &session, "perhaps"]).with_code(2);
    assert!(ended.stderr.contains("your answer was: perhaps"), "{}", ended.stderr);
}

#[test]
fn the_answer_may_come_from_standard_input() {
    let service = Service::new();
    let session = service.session(LEAD, &[]);
    service.until_it_asks(&session);
    let answer = service.write("answer", "between 1 and 2\nmillions\n");
    let mut command = service.command(&["answer", LEAD, &session, "-"]);
    assert!(command.stdin(std::fs::File::open(answer).unwrap()).status().unwrap().success());
    assert_eq!(service.inputs(&session), ["between 1 and 2\nmillions"]);
    service.until_it_asks(&session);
    let ended = service.run(&["answer", LEAD, &session]).with_code(2);
    assert!(ended.stderr.contains("the question is: "), "{}", ended.stderr);
}
