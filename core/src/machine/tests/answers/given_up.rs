//! What ends the right to send again: `resend_answers = false`, and a call that is given up.

use crate::failure::FailureKind;
use crate::machine::Input;

use crate::machine::tests::harness::Bench;
use crate::machine::tests::shown::{answered, asking, run, shown};
use crate::machine::tests::words::{failure, kind, status};

#[test]
fn without_resending_an_answer_of_which_nothing_left_is_still_sent_again() {
    let (mut bench, _) = Bench::sending_with(|settings| settings.resend_answers = false);
    bench.attempt(Err(failure(FailureKind::NeverLeft)));
    bench.read_for(2.0, &asking());
    bench.expect_sent();
}

#[test]
fn without_resending_nothing_is_sent_after_an_attempt_whose_first_byte_left() {
    for (code, error) in [(429, "RateLimited"), (425, "RateLimited"), (401, "Authentication")] {
        let (mut bench, call) = Bench::sending_with(|settings| {
            settings.resend_answers = false;
            settings.can_refresh_credentials = true;
        });
        bench.attempt(Err(status(code)));
        assert_eq!(kind(&bench.error(call)), error);
        bench.read_for(60.0, &asking());
        assert_eq!(bench.sent(), None);
    }
}

#[test]
fn a_call_given_up_before_anything_was_sent_leaves_nothing_behind() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    bench.tell(Input::GiveUp { call });
    bench.read_for(60.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(bench.result_if_any(call), None);
    assert_eq!(bench.events(), Vec::<String>::new());
    let again = bench.answer("2000");
    bench.read(&asking());
    bench.expect_sent();
    assert_eq!(bench.result_if_any(again), None);
}

#[test]
fn a_call_given_up_while_its_attempt_waits_to_be_sent_keeps_it_from_being_sent() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::GiveUp { call });
    let op = bench.withdrawn().expect("the attempt is withdrawn");
    bench.tell(Input::NotStarted { op });
    bench.read_for(60.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_call_given_up_after_it_was_sent_is_told_to_consumers_when_it_stays_unresolved() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::GiveUp { call });
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    bench.read_for(60.0, &asking());
    assert_eq!(bench.sent(), None, "it is never sent again");
    assert_eq!(bench.events(), ["unresolved ask/0 1000"]);
    assert_eq!(bench.result_if_any(call), None);
}

#[test]
fn a_call_given_up_after_it_was_sent_bars_its_own_run_only() {
    let (mut bench, call) = Bench::reconciling();
    let prompt = bench.prompt();
    bench.tell(Input::GiveUp { call });
    let again = bench.answer_to(&prompt, "1000");
    assert_eq!(kind(&bench.error(again)), "InvalidRequest");
    // Another run asks; nothing tells what became of the answer to the first one.
    let asks = |id: &str, text: &str| run(id, "WAITING_FOR_USER_INPUT").asks(text);
    let both = shown("WAITING_FOR_USER_INPUT").past(asks("ask", "Budget?"));
    bench.read(&both.past(asks("name", "Name?")).updated(20));
    let other = bench.prompt();
    assert_eq!(other.text, "Name?");
    let call = bench.answer_to(&other, "Ada");
    assert_eq!(bench.result_if_any(call), None);
    assert!(bench.events().contains(&"unresolved ask/0 1000".to_owned()));
}

#[test]
fn a_call_given_up_after_it_was_sent_is_told_to_nobody_when_it_arrived() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::GiveUp { call });
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    bench.read(&answered("1000"));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
    assert!(!bench.events().iter().any(|event| event.starts_with("unresolved")));
}

#[test]
fn a_call_given_up_is_not_sent_again_after_a_refusal_for_now() {
    for refusal in [status(429), status(401), failure(FailureKind::NeverLeft)] {
        let (mut bench, call) =
            Bench::sending_with(|settings| settings.can_refresh_credentials = true);
        bench.tell(Input::GiveUp { call });
        bench.attempt(Err(refusal));
        bench.read_for(60.0, &asking());
        assert_eq!(bench.sent(), None);
        assert_eq!(bench.events(), ["unresolved ask/0 1000"]);
    }
}

#[test]
fn a_call_given_up_before_anything_left_makes_nobody_elses_answer_ours() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::GiveUp { call });
    let op = bench.withdrawn().expect("the attempt is withdrawn");
    bench.tell(Input::NotStarted { op });
    bench.read(&answered("1000"));
    assert_eq!(bench.events()[0], "closed ask/0 AnsweredElsewhere");
}

#[test]
fn an_answer_on_the_wire_is_not_withdrawn_before_its_deadline_and_keeps_nobody_awake() {
    let (mut bench, _) = Bench::sending();
    let op = bench.machine.answer_op().unwrap();
    assert_eq!(bench.machine.answer_wake(), None);
    bench.wait(119.0);
    bench.tell(Input::Wake);
    assert_eq!(bench.withdrawn(), None);
    bench.wait(1.5);
    bench.tell(Input::Wake);
    assert_eq!(bench.withdrawn(), Some(op));
}
