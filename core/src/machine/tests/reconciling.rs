//! "Reconciling reads": what reads show after an attempt of unknown outcome.

use serde_json::json;

use crate::failure::FailureKind;
use crate::json::Json;
use crate::machine::Input;

use super::harness::{Bench, TOTAL, seconds};
use super::shown::{Shown, answered, asking, failed, finished, run, running, shown, waiting_at};
use super::words::{failure, kind};

/// The run is at work, and does not show any answer.
fn working() -> Shown {
    shown("RUNNING").at(run("ask", "RUNNING").asks("Budget?")).updated(15)
}

#[test]
fn the_text_exactly_is_a_success() {
    let (mut bench, call) = Bench::reconciling();
    bench.read(&answered("1000"));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
}

#[test]
fn the_text_trimmed_is_a_success() {
    let (mut bench, call) = Bench::reconciling();
    bench.read(&answered("  1000\n"));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn json_of_the_same_meaning_is_a_success() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    let answer = Json::parse(r#"{"a": 1, "b": 2}"#).unwrap();
    let call = bench.answer_by(&prompt, &answer, TOTAL);
    bench.read(&asking());
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    let ask = run("ask", "RUNNING").answered_with(json!({ "b": 2, "a": 1 }));
    bench.read(&shown("RUNNING").at(ask).updated(11));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn another_answer_is_prompt_no_longer_open() {
    let (mut bench, call) = Bench::reconciling();
    bench.read(&answered("999"));
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
    assert_eq!(bench.events()[0], "closed ask/0 AnsweredElsewhere");
}

#[test]
fn unseen_for_the_grace_it_is_sent_again_right_after_a_read() {
    let (mut bench, call) = Bench::reconciling();
    let ended = bench.now;
    bench.read_for(44.9, &asking());
    assert_eq!(bench.sent(), None);
    bench.read_for(0.2, &asking());
    let sent = bench.expect_sent();
    assert!(sent.not_after.is_some_and(|until| until.since(ended) <= seconds(46.1)));
    bench.attempt(Ok(None));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn one_read_after_the_grace_is_not_enough() {
    let (mut bench, _) = Bench::reconciling();
    let op = bench.until_read();
    bench.wait(50.0);
    bench.read_done(op, bench.now, Ok(&asking()));
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn a_read_that_comes_after_the_grace_but_was_begun_before_is_not_enough() {
    let (mut bench, _) = Bench::reconciling();
    bench.read_for(38.0, &asking());
    let op = bench.until_read();
    let begun = bench.now;
    bench.wait(10.0);
    bench.read_done(op, begun, Ok(&asking()));
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn a_read_begun_before_the_attempt_ended_proves_nothing() {
    let (mut bench, _) = Bench::sending();
    let before = bench.now;
    bench.wait(1.0);
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    let op = bench.until_read();
    bench.read_done(op, before, Ok(&asking()));
    let op = bench.until_read();
    bench.wait(50.0);
    bench.read_done(op, bench.now, Ok(&asking()));
    assert_eq!(bench.sent(), None, "the first one does not count");
}

#[test]
fn with_resend_answers_off_it_is_never_sent_again() {
    let (mut bench, call) = Bench::reconciling_with(|settings| settings.resend_answers = false);
    bench.read_for(60.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert_eq!(bench.events(), Vec::<String>::new(), "the prompt is still open");
}

#[test]
fn an_attempt_sent_again_may_be_sent_again_once_more() {
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(46.0, &asking());
    bench.expect_sent();
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    bench.read_for(44.9, &asking());
    assert_eq!(bench.sent(), None, "it has a grace of its own");
    bench.read_for(0.2, &asking());
    bench.expect_sent();
    bench.attempt(Ok(None));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn the_right_to_send_again_ends_with_the_deadline() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    let call = bench.answer_by(&prompt, &Json::string("1000"), seconds(30.0));
    bench.read(&asking());
    bench.expect_sent();
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    bench.read_for(120.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
}

#[test]
fn the_right_to_send_again_ends_with_a_dropped_future() {
    let (mut bench, call) = Bench::reconciling();
    bench.tell(Input::GiveUp { call });
    bench.read_for(120.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(bench.events(), ["unresolved ask/0 1000"]);
}

#[test]
fn the_right_to_send_again_ends_with_a_cancel_even_if_that_fails() {
    let (mut bench, call) = Bench::reconciling();
    let cancel = bench.cancel();
    bench.cancel_attempt(Err(failure(FailureKind::Status(403))));
    assert!(bench.cancelled(cancel).unwrap().is_err());
    bench.read_for(120.0, &asking());
    assert_eq!(bench.sent(), None);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
}

#[test]
fn the_right_to_send_again_ends_with_close() {
    let (mut bench, call) = Bench::reconciling();
    bench.tell(Input::Close);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert_eq!(bench.machine.wake_at(), None);
}

#[test]
fn a_changed_prompt_is_a_new_round_and_it_is_never_sent_again() {
    let (mut bench, call) = Bench::reconciling();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget, please?");
    bench.read(&waiting_at(ask).updated(11));
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert_eq!(
        bench.events(),
        [
            "closed ask/0 Unknown",
            "step ask WAITING_FOR_USER_INPUT",
            "requested ask/1 Budget, please?"
        ]
    );
    bench.read_for(60.0, &asking().updated(11));
    assert_eq!(bench.sent(), None);
}

#[test]
fn the_same_words_at_another_time_are_a_new_round_as_well() {
    let ask = || run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    for again in [waiting_at(ask()).updated(11), waiting_at(ask().updated(11)).updated(11)] {
        let (mut bench, call) = Bench::reconciling();
        bench.read(&again);
        assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
        let events = bench.events();
        assert_eq!(events[0], "closed ask/0 Unknown");
        assert_eq!(events.last().unwrap(), "requested ask/1 Budget?");
    }
}

#[test]
fn a_new_round_first_seen_without_a_current_step_is_announced_as_well() {
    let (mut bench, call) = Bench::reconciling();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    bench.read(&shown("WAITING_FOR_USER_INPUT").past(ask).updated(11));
    assert_eq!(bench.result_if_any(call), None);
    bench.read(&asking().updated(11));
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    let events = bench.events();
    assert_eq!(events, ["closed ask/0 Unknown", "requested ask/1 Budget?"]);
}

#[test]
fn running_without_an_answer_is_no_evidence_and_reading_goes_on() {
    let (mut bench, call) = Bench::reconciling();
    let reads = bench.read_for(100.0, &working());
    assert_eq!(bench.result_if_any(call), None);
    assert_eq!(bench.sent(), None);
    assert!((5..=100).contains(&reads), "{reads} reads in 100 s");
    bench.read(&answered("1000"));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn running_without_an_answer_does_not_count_as_not_seen() {
    let (mut bench, _) = Bench::reconciling();
    bench.read_for(44.0, &working().updated(10));
    bench.wait(2.0);
    bench.read(&asking());
    assert_eq!(bench.sent(), None);
}

#[test]
fn another_current_run_is_judged_by_the_entry_in_steps() {
    for (text, result) in [("1000", "success"), ("999", "PromptNoLongerOpen")] {
        let (mut bench, call) = Bench::reconciling();
        bench.read(&answered(text));
        let told = match bench.result(call) {
            Ok(()) => "success".to_owned(),
            Err(error) => kind(&error),
        };
        assert_eq!(told, result);
    }
}

#[test]
fn another_current_run_with_the_entry_absent_or_unanswered_is_an_unknown_outcome() {
    let next = || shown("RUNNING").updated(20);
    let unanswered = run("ask", "FINISHED").asks("Budget?");
    for now_shown in [
        next().at(run("think", "RUNNING")),
        next().past(unanswered).at(run("think", "RUNNING")),
        next().with("status", "WAITING_FOR_USER_INPUT").at(run("other", "WAITING_FOR_USER_INPUT")),
    ] {
        let (mut bench, call) = Bench::reconciling();
        bench.read(&now_shown);
        assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
        assert_eq!(bench.events()[0], "closed ask/0 Unknown");
        bench.read_for(60.0, &now_shown);
        assert_eq!(bench.sent(), None);
    }
}

#[test]
fn a_session_that_ended_with_the_run_unanswered_or_absent_is_an_unknown_outcome() {
    for end in [failed(), shown("FINISHED").updated(30), shown("FAILED").updated(30)] {
        let (mut bench, call) = Bench::reconciling();
        bench.read(&end);
        assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
        assert_eq!(bench.events()[0], "closed ask/0 SessionEnded");
        assert_eq!(bench.sent(), None);
        assert!(bench.machine.wake_at().is_none());
    }
}

#[test]
fn a_session_that_ended_with_the_text_shown_is_a_success() {
    let (mut bench, call) = Bench::reconciling();
    bench.read(&finished("1000"));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
}

#[test]
fn without_a_current_step_only_an_answer_in_steps_tells() {
    let waiting = || shown("WAITING_FOR_USER_INPUT").updated(10);
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(100.0, &waiting().past(ask));
    assert_eq!(bench.sent(), None, "it never counts towards the grace");
    assert_eq!(bench.result_if_any(call), None);
    bench.read(&shown("RUNNING").past(run("ask", "FINISHED").answered("1000")).updated(20));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn an_unrecognised_status_tells_only_by_an_answer_in_steps() {
    let strange = || shown("PAUSED").updated(20);
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(50.0, &strange().at(run("ask", "PAUSED").asks("Budget?")));
    bench.read_for(
        50.0,
        &strange().past(run("ask", "PAUSED").asks("Budget?")).at(run("review", "PAUSED")),
    );
    assert_eq!(bench.sent(), None, "it never counts towards the grace");
    assert_eq!(bench.result_if_any(call), None);
    bench
        .read(&strange().past(run("ask", "FINISHED").answered("1000")).at(run("review", "PAUSED")));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn stale_reads_tell_nothing_and_never_count_towards_the_grace() {
    let (mut bench, call) = Bench::reconciling();
    let stale = waiting_at(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?"));
    bench.read_for(5.0, &running());
    bench.read_for(4.0, &stale.updated(9));
    assert_eq!(bench.sent(), None);
    assert_eq!(bench.result_if_any(call), None);
    assert_eq!(bench.events(), Vec::<String>::new());
    bench.wait(41.0);
    bench.read(&asking());
    assert_eq!(bench.sent(), None, "it is the first that counts");
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn while_reads_fail_nothing_is_concluded() {
    let (mut bench, call) = Bench::reconciling();
    for _ in 0..6 {
        bench.read_fails(FailureKind::NeverLeft);
    }
    assert_eq!(bench.result_if_any(call), None);
    bench.read(&answered("1000"));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn an_end_seen_by_a_cancel_settles_an_answer_whose_second_attempt_was_not_begun() {
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(46.0, &asking());
    let op = bench.expect_sent().op;
    let cancel = bench.cancel();
    bench.cancel_attempt(Ok(Some(failed().session())));
    bench.tell(Input::NotStarted { op });
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert!(bench.cancelled(cancel).unwrap().is_ok());
    assert!(bench.machine.is_done());
}

#[test]
fn an_answer_of_unknown_outcome_that_shows_up_after_all_closes_its_prompt_as_answered() {
    let (mut bench, call) = Bench::reconciling_with(|settings| settings.resend_answers = false);
    bench.read_for(60.0, &asking());
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    bench.read(&answered("1000"));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
}

#[test]
fn a_new_round_seen_after_the_call_was_over_is_announced_as_well() {
    let (mut bench, call) = Bench::reconciling();
    let op = bench.until_read();
    bench.wait(120.0);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    bench.read_done(op, bench.now, Ok(&asking().updated(11)));
    assert_eq!(bench.events(), ["closed ask/0 Unknown", "requested ask/1 Budget?"]);
}

#[test]
fn a_prompt_whose_refused_answer_somebody_else_gives_was_answered_elsewhere() {
    let (mut bench, _) = Bench::sending();
    bench.attempt(Err(failure(FailureKind::Status(422))));
    bench.read(&asking());
    bench.read(&answered("1000"));
    assert_eq!(bench.events()[0], "closed ask/0 AnsweredElsewhere");
}

#[test]
fn what_became_of_an_answer_is_looked_at_often_however_long_its_question_stood() {
    let mut bench = Bench::asking();
    bench.read_for(3600.0, &asking());
    bench.answer("1000");
    bench.until_sent(&asking());
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    let reads = bench.read_for(10.0, &asking());
    assert!(reads >= 8, "{reads} reads in the first ten seconds");
}
