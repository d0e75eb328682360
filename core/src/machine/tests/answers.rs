//! "Answer (add user input)": before sending, and the outcomes of an attempt.

use crate::error::LiveFlowError;
use crate::failure::FailureKind;
use crate::json::Json;
use crate::machine::{Input, SessionReading, WriteResult};

use super::harness::{Bench, TOTAL, failure, kind, seconds, status, status_after};
use super::shown::{answered, asking, finished, run, running, shown, waiting_at};

// Before sending.

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
    assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
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
    assert_eq!(kind(&bench.error(call)), "RequestTimeout");
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

// Outcomes: it surely never left.

#[test]
fn an_answer_that_never_left_is_sent_again_with_backoff_after_another_look() {
    let (mut bench, call) = Bench::sending();
    let mut waits = Vec::new();
    for _ in 0..4 {
        bench.attempt(Err(failure(FailureKind::NeverLeft)));
        let before = bench.now;
        bench.until_sent(&asking());
        waits.push(bench.now.since(before).as_secs_f64());
    }
    for (wait, longest) in waits.iter().zip([0.5, 1.0, 2.0, 4.0]) {
        assert!((longest / 2.0..=longest).contains(wait), "{waits:?}");
    }
    bench.attempt(Ok(None));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn every_attempt_carries_the_same_idempotency_key_and_the_deadline_of_the_call() {
    let mut bench = Bench::asking();
    let deadline = bench.now + TOTAL;
    let call = bench.answer("1000");
    for _ in 0..3 {
        let sent = bench.until_sent(&asking());
        assert_eq!((sent.idempotency_key, sent.deadline), (format!("key-{}", call.0), deadline));
        bench.attempt(Err(failure(FailureKind::NeverLeft)));
    }
}

#[test]
fn reads_that_somebody_waits_for_go_before_ordinary_polls() {
    let mut bench = Bench::asking();
    assert!(!bench.read_is_urgent(&asking()));
    bench.wait(1.5);
    let call = bench.answer("1000");
    assert!(bench.read_is_urgent(&asking()));
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    assert!(bench.read_is_urgent(&asking()));
    bench.tell(Input::GiveUp { call });
    assert!(!bench.read_is_urgent(&asking()), "nobody waits any more");
    bench.cancel();
    bench.cancel_attempt(Ok(None));
    assert!(bench.read_is_urgent(&asking()));
}

#[test]
fn an_answer_that_never_left_is_a_network_error_at_the_deadline() {
    let (mut bench, call) = Bench::sending();
    let begun = bench.now;
    let result = loop {
        if bench.machine.answer_op().is_some() {
            bench.attempt(Err(failure(FailureKind::NeverLeft)));
        }
        bench.read_for(0.1, &asking());
        if let Some(result) = bench.result_if_any(call) {
            break result;
        }
    };
    let error = result.unwrap_err();
    assert_eq!(kind(&error), "Network");
    assert_eq!(error.context().answer.as_deref(), Some("1000"));
    assert!(bench.now.since(begun) <= TOTAL + seconds(0.1));
}

#[test]
fn a_server_whose_certificate_is_not_trusted_is_surfaced_at_once() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(failure(FailureKind::Untrusted)));
    assert_eq!(kind(&bench.error(call)), "Network");
}

#[test]
fn a_credentials_provider_that_fails_is_surfaced_at_once() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(failure(FailureKind::NoCredentials)));
    assert_eq!(kind(&bench.error(call)), "HandlerFailed");
}

// Outcomes: it arrived.

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

// Outcomes: it was refused.

#[test]
fn refused_with_400_409_or_422_while_the_prompt_is_open_is_an_invalid_request() {
    for code in [400, 409, 422] {
        let (mut bench, call) = Bench::sending();
        bench.attempt(Err(status(code)));
        assert_eq!(bench.result_if_any(call), None, "the prompt is looked at first");
        bench.read(&asking());
        let error = bench.error(call);
        assert_eq!(
            (kind(&error), error.context().http_status),
            ("InvalidRequest".into(), Some(code))
        );
        assert_eq!(bench.events(), Vec::<String>::new(), "it stays open");
        assert_eq!(bench.prompt().round, 0);
    }
}

#[test]
fn refused_with_400_409_or_422_after_the_prompt_was_closed_is_prompt_no_longer_open() {
    for code in [400, 409, 422] {
        for now_shown in [answered("999"), running().updated(15), finished("999")] {
            let (mut bench, call) = Bench::sending();
            bench.attempt(Err(status(code)));
            bench.read(&now_shown);
            assert_eq!(kind(&bench.error(call)), "PromptNoLongerOpen");
        }
    }
}

#[test]
fn a_refused_answer_can_be_followed_by_a_better_one() {
    let (mut bench, _) = Bench::sending();
    bench.attempt(Err(status(422)));
    bench.read(&asking());
    let call = bench.answer("2000");
    assert_eq!(bench.expect_sent().text, "2000");
    bench.attempt(Ok(None));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn a_refusal_that_cannot_be_judged_by_the_deadline_is_told_as_it_came() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(status(409)));
    bench.until_read();
    bench.wait(120.0);
    assert_eq!(kind(&bench.error(call)), "NotWaitingForInput");
}

#[test]
fn refused_with_401_it_is_sent_once_more_with_fresh_credentials() {
    let (mut bench, call) = Bench::sending_with(|settings| settings.can_refresh_credentials = true);
    bench.attempt(Err(status(401)));
    assert!(bench.until_sent(&asking()).fresh_credentials);
    bench.attempt(Err(status(401)));
    assert_eq!(kind(&bench.error(call)), "Authentication");
}

#[test]
fn fresh_credentials_are_still_wanted_after_an_attempt_that_was_not_begun() {
    let (mut bench, _) = Bench::sending_with(|settings| settings.can_refresh_credentials = true);
    bench.attempt(Err(status(401)));
    let op = bench.until_sent(&asking()).op;
    bench.tell(Input::NotStarted { op });
    assert!(bench.until_sent(&asking()).fresh_credentials);
}

#[test]
fn fresh_credentials_are_wanted_for_one_attempt_only() {
    let (mut bench, _) = Bench::sending_with(|settings| settings.can_refresh_credentials = true);
    bench.attempt(Err(status(401)));
    assert!(bench.until_sent(&asking()).fresh_credentials);
    bench.attempt(Err(failure(FailureKind::NeverLeft)));
    assert!(!bench.until_sent(&asking()).fresh_credentials);
}

#[test]
fn refused_with_401_without_a_provider_is_an_authentication_error() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(status(401)));
    assert_eq!(kind(&bench.error(call)), "Authentication");
}

#[test]
fn refused_with_403_is_permission_denied() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(status(403)));
    assert_eq!(kind(&bench.error(call)), "PermissionDenied");
}

#[test]
fn refused_with_404_405_or_another_4xx_while_the_session_can_be_read_names_the_path_template() {
    for code in [404, 405, 410, 413, 415, 451] {
        for now_shown in [asking(), answered("999")] {
            let (mut bench, call) = Bench::sending();
            bench.attempt(Err(status(code)));
            bench.read(&now_shown);
            let error = bench.error(call);
            assert_eq!(kind(&error), "Configuration");
            assert!(error.to_string().contains("/user_input/"), "{error}");
            assert_eq!(error.context().http_status, Some(code));
        }
    }
}

#[test]
fn refused_with_404_while_the_session_cannot_be_found_is_not_found() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(status(404)));
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(kind(&bench.error(call)), "NotFound");
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: NotFound"]);
}

#[test]
fn refused_with_425_or_429_it_holds_looks_again_and_sends_again() {
    for code in [425, 429] {
        let (mut bench, call) = Bench::sending();
        bench.attempt(Err(status_after(code, 7)));
        bench.read_for(6.9, &asking());
        assert_eq!(bench.sent(), None, "it holds");
        let before = bench.now;
        bench.read(&asking());
        bench.until_sent(&asking());
        assert!(bench.now.since(before) < seconds(2.0));
        bench.attempt(Ok(None));
        assert_eq!(bench.result(call), Ok(()));
    }
}

#[test]
fn after_a_429_a_read_begun_before_the_wait_was_over_does_not_do() {
    let (mut bench, _) = Bench::sending();
    bench.attempt(Err(status_after(429, 7)));
    bench.read_for(5.0, &asking());
    let early = bench.until_read();
    let begun = bench.now;
    bench.wait(3.0);
    bench.read_done(early, begun, Ok(&asking()));
    assert_eq!(bench.sent(), None);
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn rate_limited_until_the_deadline_it_is_handed_back() {
    let (mut bench, call) = Bench::sending();
    bench.attempt(Err(status_after(429, 4000)));
    bench.read_for(121.0, &asking());
    assert_eq!(kind(&bench.error(call)), "RateLimited");
    assert_eq!(bench.sent(), None);
}

#[test]
fn a_redirect_that_is_not_followed_is_a_refusal() {
    for code in [307, 308] {
        let (mut bench, call) = Bench::sending();
        bench.attempt(Err(status(code)));
        assert_eq!(kind(&bench.error(call)), "InvalidResponse");
    }
}

#[test]
fn unknown_outcomes_are_reconciled() {
    let kinds = [408, 500, 502, 503, 504, 301, 302, 303].map(FailureKind::Status);
    for unknown in kinds.into_iter().chain([FailureKind::NoStatus]) {
        let (mut bench, call) = Bench::sending();
        bench.attempt(Err(failure(unknown)));
        assert_eq!(bench.result_if_any(call), None, "{unknown:?}");
        bench.read(&answered("1000"));
        assert_eq!(bench.result(call), Ok(()), "{unknown:?}");
    }
}

#[test]
fn an_outcome_that_stays_unknown_until_the_deadline_is_told_so() {
    let (mut bench, call) = Bench::reconciling_with(|s| s.resend_answers = false);
    bench.until_read();
    bench.wait(120.0);
    let error = bench.error(call);
    assert_eq!(kind(&error), "OutcomeUnknown");
    assert!(error.to_string().contains("NoStatus"), "it names the cause: {error}");
    assert!(!error.is_retryable(), "to send it again without a look might be to answer twice");
}

#[test]
fn a_refusal_settles_its_own_attempt_only() {
    for code in [403, 409, 422] {
        let (mut bench, call) = Bench::reconciling();
        bench.read_for(46.0, &asking());
        bench.expect_sent();
        bench.attempt(Err(status(code)));
        bench.read_for(60.0, &asking());
        assert_eq!(bench.sent(), None, "nothing is sent after a refusal");
        assert_eq!(kind(&bench.error(call)), "OutcomeUnknown", "{code}");
    }
}

#[test]
fn the_first_attempt_may_show_up_after_the_second_was_refused() {
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(46.0, &asking());
    bench.expect_sent();
    bench.attempt(Err(status(409)));
    bench.read(&answered("1000"));
    assert_eq!(bench.result(call), Ok(()));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
}

// With `resend_answers = false` nothing is sent after an attempt whose first byte left.

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

// Calls that are given up.

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
