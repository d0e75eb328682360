//! The attempt was refused, or nobody knows.

use crate::failure::FailureKind;
use crate::machine::Input;

use crate::machine::tests::harness::{Bench, seconds};
use crate::machine::tests::shown::{answered, asking, finished, running};
use crate::machine::tests::words::{failure, kind, status, status_after};

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
            assert!(!error.context().retryable, "the same path will not do the next time either");
            assert!(error.to_string().contains("/user_input/"), "{error}");
            assert_eq!(error.context().http_status, Some(code));
            let tells_the_services_words = error.to_string().contains(&words_of(code));
            assert_eq!(tells_the_services_words, ![404, 405, 410].contains(&code), "{error}");
        }
    }
}

fn words_of(code: u16) -> String {
    status(code).error.to_string()
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
    assert!(error.to_string().contains("nothing shows whether it arrived"), "{error}");
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
