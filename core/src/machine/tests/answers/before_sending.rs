//! Before anything is sent.

use crate::error::LiveFlowError;
use crate::failure::FailureKind;
use crate::json::Json;
use crate::machine::Input;

use crate::machine::tests::harness::{Bench, TOTAL, seconds};
use crate::machine::tests::shown::{answered, asking, finished, run, shown, waiting_at};
use crate::machine::tests::words::kind;

#[test]
fn an_answer_to_a_prompt_that_is_known_to_be_closed_is_refused_without_any_request() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    bench.read(&answered("999"));
    bench.forget_outputs();
    let call = bench.answer_to(&prompt, "1000");
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
    assert_eq!(bench.sent(), None);
}

#[test]
fn an_answer_after_the_session_ended_is_refused() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    bench.read(&finished("999"));
    let call = bench.answer_to(&prompt, "1000");
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
}

#[test]
fn an_answer_while_another_is_pending_is_refused_and_the_other_goes_on() {
    let mut bench = Bench::asking();
    let first = bench.answer("first");
    let second = bench.answer("1000");
    assert_eq!(kind(&bench.error(second)), "InvalidRequest");
    bench.read(&asking());
    assert_eq!(bench.expect_sent().text, "first");
    bench.attempt(Ok(None));
    assert_eq!(bench.result(first), Ok(()));
}

#[test]
fn an_answer_to_a_closed_prompt_is_told_so_even_while_another_is_pending() {
    let mut bench = Bench::asking();
    let closed = bench.prompt();
    let ask = run("ask", "FINISHED").asks("Budget?").answered("999").result("999");
    let next = run("next", "WAITING_FOR_USER_INPUT").asks("Name?");
    bench.read(&shown("WAITING_FOR_USER_INPUT").past(ask).at(next).updated(20));
    bench.answer("Ada");
    let late = bench.answer_to(&closed, "1000");
    assert_eq!(kind(&bench.error(late)), "PromptNoLongerOpen");
}

#[test]
fn an_answer_while_one_that_was_given_up_is_still_on_the_wire_is_refused() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::GiveUp { call });
    let other = waiting_at(run("other", "WAITING_FOR_USER_INPUT").asks("Name?"));
    let mut elsewhere = Bench::new();
    elsewhere.read(&other);
    let second = bench.answer_to(&elsewhere.prompt(), "1000");
    assert_eq!(kind(&bench.error(second)), "InvalidRequest");
}

#[test]
fn with_a_store_nothing_is_sent_before_the_answer_is_stored() {
    let mut bench = Bench::asking_with(|settings| settings.stores_answers = true);
    let call = bench.answer("1000");
    bench.read_for(5.0, &asking());
    assert_eq!(bench.sent(), None);
    let checkpoint = bench.unsaved().unwrap();
    let text = checkpoint.to_text();
    assert!(text.contains("1000") && text.contains(&format!("key-{}", call.0)), "{text}");
    bench.tell(Input::Saved { number: checkpoint.number(), result: Ok(()) });
    assert_eq!(bench.until_sent(&asking()).text, "1000");
}

#[test]
fn an_answer_that_cannot_be_stored_is_not_sent_and_its_caller_is_told() {
    let mut bench = Bench::asking_with(|settings| settings.stores_answers = true);
    let call = bench.answer("1000");
    let number = bench.unsaved().unwrap().number();
    let full = LiveFlowError::closed("the disk is full");
    bench.tell(Input::Saved { number, result: Err(full) });
    assert_eq!(bench.error(call).to_string(), "the disk is full");
    bench.read_for(5.0, &asking());
    assert_eq!(bench.sent(), None);
}

#[test]
fn an_answer_follows_a_read_begun_at_most_a_second_earlier() {
    let mut bench = Bench::asking();
    bench.answer("1000");
    assert_eq!(bench.sent(), None);
    let op = bench.until_read();
    let begun = bench.now;
    bench.wait(0.3);
    bench.read_done(op, begun, Ok(&asking()));
    let sent = bench.expect_sent();
    assert_eq!(sent.not_after, Some(begun + seconds(1.0)));
}

#[test]
fn a_read_that_has_just_been_made_is_not_made_again() {
    let mut bench = Bench::new();
    bench.read(&asking());
    bench.wait(0.5);
    bench.answer("1000");
    bench.expect_sent();
}

#[test]
fn a_service_whose_reads_take_over_a_second_can_still_be_answered() {
    let mut bench = Bench::asking();
    bench.answer("1000");
    let op = bench.until_read();
    let begun = bench.now;
    bench.wait(4.0);
    bench.read_done(op, begun, Ok(&asking()));
    assert!(bench.expect_sent().not_after > Some(bench.now));
}

#[test]
fn an_answer_that_came_too_late_after_its_read_is_read_for_again() {
    let mut bench = Bench::asking();
    bench.answer("1000");
    bench.read(&asking());
    let op = bench.expect_sent().op;
    bench.wait(3.0);
    bench.tell(Input::NotStarted { op });
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn an_answer_whose_prompt_was_answered_elsewhere_meanwhile_is_not_sent() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    bench.read(&answered("999"));
    assert_eq!(bench.sent(), None);
    let error = bench.error(call);
    assert_eq!(kind(&error), "PromptNoLongerOpen");
    assert!(error.to_string().contains("somebody else has answered it"), "{error}");
    assert_eq!(bench.events()[0], "closed ask/0 AnsweredElsewhere");
}

#[test]
fn an_answer_whose_prompt_changed_meanwhile_is_not_sent() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget in dollars?");
    bench.read(&waiting_at(ask).updated(11));
    assert_eq!(bench.sent(), None);
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
    assert_eq!(bench.prompt().round, 1);
}

#[test]
fn a_read_that_does_not_tell_is_followed_by_another_one_by_the_schedule() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    let paused = shown("PAUSED").updated(11).at(run("ask", "PAUSED").asks("Budget?"));
    let reads = bench.read_for(20.0, &paused);
    assert!((2..=60).contains(&reads), "{reads} reads in 20 s");
    assert_eq!(bench.sent(), None);
    bench.read(&asking().updated(12));
    bench.expect_sent();
    assert_eq!(bench.result_if_any(call), None);
}

#[test]
fn without_verify_before_answer_it_is_sent_at_once() {
    let mut bench = Bench::asking_with(|settings| settings.verify_before_answer = false);
    bench.answer("1000");
    assert_eq!(bench.expect_sent().not_after, None);
}

#[test]
fn a_prompt_that_this_watch_has_not_seen_is_looked_for_even_without_verify_before_answer() {
    let mut bench = Bench::with(|settings| settings.verify_before_answer = false);
    let prompt = Bench::asking().prompt();
    bench.answer_to(&prompt, "1000");
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn after_an_unknown_outcome_the_prompt_is_looked_for_even_without_verify_before_answer() {
    let (mut bench, call) = Bench::reconciling_with(|settings| {
        (settings.verify_before_answer, settings.resend_answers) = (false, false);
    });
    bench.until_read();
    bench.tell(Input::Suspend { order: 1 });
    bench.wait(200.0);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    bench.answer("2000");
    bench.forget_outputs();
    bench.tell(Input::Resume { order: 2 });
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn after_an_unknown_outcome_a_read_that_does_not_tell_what_is_asked_is_not_enough() {
    let (mut bench, call) = Bench::reconciling_with(|settings| {
        (settings.verify_before_answer, settings.resend_answers) = (false, false);
    });
    bench.until_read();
    bench.tell(Input::Suspend { order: 1 });
    bench.wait(200.0);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    let call = bench.answer("1000");
    bench.forget_outputs();
    bench.tell(Input::Resume { order: 2 });
    // Meanwhile the first answer was taken, found wanting, and something else asked.
    let anew = run("ask", "WAITING_FOR_USER_INPUT").asks("Really?").updated(20);
    bench.read(&shown("PAUSED_BY_ADMIN").at(anew.clone()).updated(20));
    assert_eq!(bench.sent(), None);
    bench.read(&waiting_at(anew).updated(20));
    assert_eq!(bench.sent(), None);
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
}

#[test]
fn amid_an_unknown_status_the_prompt_is_looked_for_even_without_verify_before_answer() {
    let mut bench = Bench::asking_with(|settings| settings.verify_before_answer = false);
    let prompt = bench.prompt();
    bench.read(&asking().with("status", "PAUSED"));
    bench.answer_to(&prompt, "1000");
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn after_a_restart_the_prompt_is_looked_for_even_without_verify_before_answer() {
    let prompt = Bench::asking().prompt();
    let checkpoint = Bench::asking().machine.checkpoint();
    let mut bench = Bench::restored(|settings| settings.verify_before_answer = false, checkpoint);
    bench.answer_to(&prompt, "1000");
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn after_a_restart_a_look_that_was_begun_a_grace_later_settles_what_is_asked() {
    for (later, settles) in [(44.999, false), (45.0, true)] {
        let prompt = Bench::asking().prompt();
        let checkpoint = Bench::asking().machine.checkpoint();
        let mut bench =
            Bench::restored(|settings| settings.verify_before_answer = false, checkpoint);
        bench.read(&asking());
        bench.wait(later);
        bench.read(&asking());
        // That look is no longer fresh enough to be acted upon.
        bench.wait(1.5);
        bench.answer_to(&prompt, "1000");
        assert_eq!(bench.sent().is_some(), settles, "{later} s after the restart");
    }
}

#[test]
fn an_answer_may_be_json() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    let answer = Json::parse(r#"{"budget": 1000}"#).unwrap();
    let call = bench.answer_by(&prompt, &answer, TOTAL);
    bench.read(&answered("999"));
    let error = bench.result(call).unwrap_err();
    assert_eq!(error.context().answer.as_deref(), Some(r#"{"budget":1000}"#));
}

#[test]
fn an_answer_that_cannot_be_verified_by_the_deadline_was_not_sent() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    bench.until_read();
    bench.wait(119.0);
    assert_eq!(bench.result_if_any(call), None);
    bench.wait(1.0);
    let error = bench.error(call);
    assert_eq!(kind(&error), "RequestTimeout");
    assert!(error.to_string().contains("nothing was sent"), "{error}");
    assert!(error.is_retryable());
}

#[test]
fn when_reads_fail_until_the_deadline_the_reason_is_told() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    loop {
        bench.read_fails(FailureKind::NeverLeft);
        if let Some(result) = bench.result_if_any(call) {
            assert_eq!(kind(&result.unwrap_err()), "Network");
            break;
        }
    }
}
