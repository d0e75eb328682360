//! The attempt arrived.

use crate::failure::FailureKind;
use crate::machine::{Input, SessionReading, WriteResult};

use crate::machine::tests::harness::{Bench, seconds};
use crate::machine::tests::shown::{answered, asking, run, shown, waiting_at};
use crate::machine::tests::words::failure;

#[test]
fn accepted_with_this_session_it_is_delivered_and_the_session_is_applied() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Ok(Some(answered("1000").session())));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(
        bench.events(),
        [
            "closed ask/0 Answered",
            "step ask FINISHED",
            "step think RUNNING",
            "status WAITING_FOR_USER_INPUT -> RUNNING"
        ]
    );
}

#[test]
fn accepted_with_a_session_that_still_shows_the_prompt_it_is_delivered() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Ok(Some(asking().updated(11).session())));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(bench.events(), ["closed ask/0 Answered"]);
    // The service may go on showing it for a while.
    bench.read_for(5.0, &asking().updated(11));
    assert_eq!(bench.events(), Vec::<String>::new());
    assert!(bench.machine.look().open_prompt().is_none());
}

#[test]
fn a_prompt_that_is_still_shown_a_grace_after_its_answer_was_accepted_is_asked_anew() {
    for accepted in [Ok(None), Ok(Some(asking().session()))] {
        let (mut bench, _) = Bench::sending();
        bench.attempt(accepted);
        bench.events();
        bench.read_for(44.9, &asking());
        assert_eq!(bench.events(), Vec::<String>::new());
        bench.wait(1.0);
        let op = bench.until_read();
        let result = Ok(SessionReading::Session(asking().session()));
        let outputs = bench.outputs_of(Input::ReadDone { op, begun: bench.now, result });
        assert_eq!(outputs, ["Changed"]);
        assert_eq!(bench.events(), ["requested ask/1 Budget?"]);
    }
}

#[test]
fn accepted_with_a_session_that_asks_something_else_at_the_same_run_it_is_a_new_round() {
    let (mut bench, call) = Bench::sending();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("That is too much. Budget?");
    bench.attempt(Ok(Some(waiting_at(ask).updated(11).session())));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(
        bench.events(),
        [
            "closed ask/0 Answered",
            "step ask WAITING_FOR_USER_INPUT",
            "requested ask/1 That is too much. Budget?"
        ]
    );
}

#[test]
fn the_round_rises_when_a_newer_snapshot_shows_the_run_asking_again() {
    let (mut bench, _) = Bench::sending();
    bench.attempt(Ok(Some(
        shown("RUNNING").at(run("ask", "RUNNING").answered("1000")).updated(11).session(),
    )));
    bench.events();
    bench.read(&asking().updated(12));
    assert_eq!(bench.events().last().unwrap(), "requested ask/1 Budget?");
}

#[test]
fn a_run_without_times_that_was_shown_answered_and_then_insists_on_asking_is_a_new_round() {
    let ask = || run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    let mut bench = Bench::new();
    bench.read(&waiting_at(ask()));
    bench.events();
    bench.read(&shown("RUNNING").at(run("ask", "RUNNING").asks("Budget?").answered("999")));
    assert_eq!(bench.events()[0], "closed ask/0 AnsweredElsewhere");
    bench.read_for(30.0, &waiting_at(ask()));
    assert_eq!(bench.events().last().unwrap(), "requested ask/1 Budget?");
}

/// Successes that do not show this session.
fn unseen_successes() -> Vec<WriteResult> {
    vec![Ok(None), Err(failure(FailureKind::Unreadable)), Err(failure(FailureKind::TooLarge))]
}

#[test]
fn accepted_without_a_readable_session_it_is_delivered_and_read_back_at_once() {
    for result in unseen_successes() {
        let (mut bench, call) = Bench::sending();
        bench.attempt(result);
        assert_eq!(bench.result(call), Ok(()));
        let before = bench.now;
        bench.read(&answered("1000"));
        assert_eq!(bench.now, before, "read back at once");
        assert_eq!(bench.events()[0], "closed ask/0 Answered");
    }
}

#[test]
fn accepted_without_a_readable_session_the_same_words_may_be_the_old_round_as_long_as_reads_may_lag()
 {
    for result in unseen_successes() {
        let (mut bench, _) = Bench::sending();
        bench.attempt(result);
        bench.events();
        // Touched just before the answer came in, or asked anew: the snapshot does not tell.
        bench.read_for(9.9, &asking().updated(11));
        assert_eq!(bench.events(), Vec::<String>::new());
        assert!(bench.machine.look().open_prompt().is_none());
        bench.wait(0.2);
        bench.read(&asking().updated(11));
        assert_eq!(bench.events(), ["requested ask/1 Budget?"]);
    }
}

#[test]
fn accepted_without_a_readable_session_other_words_are_a_new_round_at_once() {
    for result in unseen_successes() {
        let (mut bench, _) = Bench::sending();
        bench.attempt(result);
        bench.events();
        let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("That is too much. Budget?");
        bench.read(&waiting_at(ask).updated(11));
        assert_eq!(bench.events().last().unwrap(), "requested ask/1 That is too much. Budget?");
    }
}

#[test]
fn accepted_without_a_readable_session_it_is_never_sent_again_even_if_reading_back_fails() {
    for result in unseen_successes() {
        let (mut bench, call) = Bench::sending();
        bench.attempt(result);
        for _ in 0..10 {
            bench.read_fails(FailureKind::NeverLeft);
        }
        bench.read_for(120.0, &asking());
        assert_eq!(bench.sent(), None);
        assert_eq!(bench.result(call), Ok(()));
    }
}

#[test]
fn what_is_read_just_a_grace_after_the_answer_was_accepted_is_asked_anew() {
    for (result, touched, span) in [(Ok(None), 10, 45.0), (Ok(None), 11, 10.0)] {
        let (mut bench, _) = Bench::sending();
        bench.attempt(result);
        bench.events();
        let op = bench.until_read();
        let begun = bench.now + seconds(span);
        bench.wait(span);
        bench.read_done(op, begun, Ok(&asking().updated(touched)));
        assert_eq!(bench.events(), ["requested ask/1 Budget?"]);
    }
}
