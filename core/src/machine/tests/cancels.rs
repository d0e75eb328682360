//! "Cancel".

use crate::failure::FailureKind;
use crate::machine::{Input, WriteResult};
use crate::session::SessionStatus;

use super::harness::{Bench, seconds};
use super::shown::{answered, asking, failed, finished, run, running, shown};
use super::words::{failure, kind, status, status_after};

fn cancelling() -> (Bench, crate::machine::CallId) {
    cancelling_with(|_| ())
}

fn cancelling_with(
    change: impl FnOnce(&mut crate::machine::Settings),
) -> (Bench, crate::machine::CallId) {
    let mut bench = Bench::asking_with(change);
    let call = bench.cancel();
    (bench, call)
}

#[test]
fn a_cancel_is_sent_at_once() {
    let (mut bench, _) = cancelling();
    assert!(bench.cancel_sent().is_some());
}

#[test]
fn a_cancel_of_a_session_that_is_known_to_have_ended_succeeds_with_its_end() {
    let mut bench = Bench::asking();
    bench.read(&finished("1000"));
    let call = bench.cancel();
    let session = bench.cancelled(call).unwrap().unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert!(bench.cancel_sent().is_none());
}

#[test]
fn accepted_it_reads_until_the_session_has_ended() {
    for result in [Ok(None), Ok(Some(asking().session())), Err(failure(FailureKind::Unreadable))] {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(result);
        bench.read_for(10.0, &asking());
        assert!(bench.cancelled(call).is_none());
        assert!(bench.cancel_sent().is_none(), "it is not sent again");
        bench.read(&failed());
        let session = bench.cancelled(call).unwrap().unwrap();
        assert_eq!(session.status, SessionStatus::Failed);
        assert_eq!(bench.events().last().unwrap(), "failed");
    }
}

#[test]
fn accepted_with_the_ended_session_it_is_done() {
    let (mut bench, call) = cancelling();
    bench.cancel_attempt(Ok(Some(failed().session())));
    assert!(bench.cancelled(call).unwrap().is_ok());
    assert!(bench.machine.is_done());
}

#[test]
fn accepted_without_a_session_it_reads_at_once() {
    let (mut bench, _) = cancelling();
    bench.cancel_attempt(Ok(None));
    let before = bench.now;
    bench.until_read();
    assert_eq!(bench.now, before);
}

#[test]
fn an_accepted_cancel_without_an_end_by_the_deadline_times_out() {
    let (mut bench, call) = cancelling();
    bench.cancel_attempt(Ok(None));
    bench.read_for(121.0, &asking());
    let error = bench.cancelled(call).unwrap().unwrap_err();
    assert_eq!(kind(&error), "RequestTimeout");
    assert!(error.is_retryable());
    assert!(error.to_string().contains("accepted the cancel"), "{error}");
}

#[test]
fn an_accepted_cancel_whose_end_cannot_be_read_is_told_what_the_service_said() {
    let (mut bench, call) = cancelling();
    bench.cancel_attempt(Ok(None));
    let error = loop {
        bench.read_fails(FailureKind::Status(503));
        if let Some(result) = bench.cancelled(call) {
            break result.unwrap_err();
        }
    };
    assert_eq!(kind(&error), "RequestTimeout");
    assert_eq!(error.context().http_status, Some(503));
}

#[test]
fn what_became_of_a_cancel_is_looked_at_sooner_than_the_schedule_would() {
    let attempts = [(status(409), 0.0), (failure(FailureKind::NoStatus), 0.5)];
    for (result, within) in attempts {
        let mut bench = Bench::asking();
        bench.read_for(3600.0, &asking());
        bench.cancel();
        bench.cancel_attempt(Err(result));
        let ended = bench.now;
        bench.until_read();
        assert!(bench.now.since(ended) <= seconds(within), "{:?}", bench.now.since(ended));
    }
}

/// Failures after which the cancel may be sent again.
fn for_now() -> Vec<WriteResult> {
    let kinds = [
        FailureKind::NoStatus,
        FailureKind::NeverLeft,
        FailureKind::Status(408),
        FailureKind::Status(500),
        FailureKind::Status(503),
        FailureKind::Status(425),
        FailureKind::Status(429),
        FailureKind::Status(302),
    ];
    kinds.into_iter().map(|kind| Err(failure(kind))).collect()
}

#[test]
fn unknown_never_left_425_or_429_it_reads_and_while_still_active_sends_again() {
    for result in for_now() {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(result.clone());
        assert!(bench.cancel_sent().is_none(), "a read comes first: {result:?}");
        bench.read_for(1.0, &asking());
        bench.cancel_attempt(Ok(Some(failed().session())));
        assert!(bench.cancelled(call).unwrap().is_ok());
    }
}

#[test]
fn unknown_never_left_425_or_429_and_ended_since_it_is_done() {
    for result in for_now() {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(result);
        bench.read(&finished("1000"));
        let session = bench.cancelled(call).unwrap().unwrap();
        assert_eq!(session.status, SessionStatus::Finished, "the true end");
        assert!(bench.cancel_sent().is_none());
    }
}

#[test]
fn it_is_sent_again_with_backoff_until_the_deadline() {
    let (mut bench, call) = cancelling();
    let mut sent = 0;
    let error = loop {
        if bench.cancel_sent().is_some() {
            sent += 1;
            let op = bench.machine.cancel_op().unwrap();
            bench.tell(Input::CancelDone { op, result: Err(failure(FailureKind::NoStatus)) });
        }
        bench.read_for(0.1, &asking());
        if let Some(result) = bench.cancelled(call) {
            break result.unwrap_err();
        }
    };
    assert_eq!(kind(&error), "OutcomeUnknown");
    assert!((5..=12).contains(&sent), "{sent} attempts in 120 s");
    bench.read_for(120.0, &asking());
    assert!(bench.cancel_sent().is_none());
}

#[test]
fn a_cancel_of_which_nothing_ever_left_is_told_so_at_the_deadline() {
    for (result, error) in
        [(failure(FailureKind::NeverLeft), "Network"), (status_after(429, 4000), "RateLimited")]
    {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(Err(result));
        for _ in 0..1000 {
            if bench.machine.cancel_op().is_some() {
                bench.cancel_attempt(Err(failure(FailureKind::NeverLeft)));
            }
            bench.read_for(0.2, &asking());
        }
        assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), error);
    }
}

#[test]
fn a_retry_after_is_waited_for() {
    let (mut bench, _) = cancelling();
    bench.cancel_attempt(Err(status_after(429, 7)));
    bench.read_for(6.9, &asking());
    assert!(bench.cancel_sent().is_none());
    bench.read_for(2.0, &asking());
    assert!(bench.cancel_sent().is_some());
}

#[test]
fn a_look_that_does_not_tell_is_not_repeated_without_a_pause() {
    let (mut bench, _) = cancelling();
    bench.cancel_attempt(Err(failure(FailureKind::NoStatus)));
    let reads = bench.read_for(9.0, &running());
    assert!((2..=60).contains(&reads), "{reads} reads in 9 s");
}

#[test]
fn refused_with_400_404_409_or_422_and_ended_it_succeeds_with_the_true_end() {
    for code in [400, 404, 409, 422] {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(Err(status(code)));
        bench.read(&finished("1000"));
        let session = bench.cancelled(call).unwrap().unwrap();
        assert_eq!(session.status, SessionStatus::Finished);
        assert_eq!(bench.events().last().unwrap(), "finished");
    }
}

#[test]
fn refused_with_400_409_or_422_and_still_active_it_is_surfaced() {
    for (code, error) in
        [(400, "InvalidRequest"), (409, "NotWaitingForInput"), (422, "InvalidRequest")]
    {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(Err(status(code)));
        assert!(bench.cancelled(call).is_none(), "it reads first");
        bench.read(&asking());
        assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), error);
        assert!(bench.cancel_sent().is_none());
    }
}

#[test]
fn refused_with_404_or_405_and_still_active_the_path_template_is_named() {
    for code in [404, 405] {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(Err(status(code)));
        bench.read(&asking());
        let error = bench.cancelled(call).unwrap().unwrap_err();
        assert_eq!(kind(&error), "Configuration");
        assert!(error.to_string().contains("/cancel/"), "{error}");
        assert!(!error.context().retryable, "the same path will not do the next time either");
    }
}

#[test]
fn a_404_after_a_delete_means_cancelled() {
    for result in [Ok(None), Err(failure(FailureKind::NoStatus)), Err(status(404))] {
        let (mut bench, call) = cancelling_with(|settings| settings.cancel_deletes = true);
        bench.cancel_attempt(result);
        bench.read_fails(FailureKind::Status(404));
        let session = bench.cancelled(call).unwrap().unwrap();
        assert_eq!((session.status, &*session.raw_status), (SessionStatus::Failed, "CANCELLED"));
        assert_eq!(session.current_step, None, "nothing is asked any more");
        assert_eq!(bench.events().last().unwrap(), "failed");
    }
}

#[test]
fn a_404_after_a_delete_that_never_left_is_not_found() {
    let (mut bench, call) = cancelling_with(|settings| settings.cancel_deletes = true);
    bench.cancel_attempt(Err(failure(FailureKind::NeverLeft)));
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), "NotFound");
}

#[test]
fn a_404_after_a_cancel_that_is_no_delete_is_not_found() {
    let (mut bench, call) = cancelling();
    bench.cancel_attempt(Ok(None));
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), "NotFound");
    assert_eq!(bench.events().last().unwrap(), "watch ended: NotFound");
}

#[test]
fn refused_with_401_it_is_sent_once_more_with_fresh_credentials() {
    let (mut bench, call) = cancelling_with(|settings| settings.can_refresh_credentials = true);
    bench.cancel_attempt(Err(status(401)));
    let (op, fresh) = bench.cancel_sent().unwrap();
    assert!(fresh);
    bench.tell(Input::NotStarted { op });
    let (op, fresh) = bench.cancel_sent().unwrap();
    assert!(fresh, "still wanted after an attempt that was not begun");
    bench.tell(Input::CancelDone { op, result: Err(status(401)) });
    assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), "Authentication");
}

#[test]
fn fresh_credentials_are_wanted_for_one_attempt_only() {
    let (mut bench, _) = cancelling_with(|settings| settings.can_refresh_credentials = true);
    bench.cancel_attempt(Err(status(401)));
    bench.cancel_attempt(Err(failure(FailureKind::NoStatus)));
    bench.read_for(1.0, &asking());
    let (_, fresh) = bench.cancel_sent().unwrap();
    assert!(!fresh);
}

#[test]
fn refused_with_403_or_without_trust_it_is_surfaced() {
    for (result, error) in
        [(status(403), "PermissionDenied"), (failure(FailureKind::Untrusted), "Network")]
    {
        let (mut bench, call) = cancelling();
        bench.cancel_attempt(Err(result));
        assert_eq!(kind(&bench.cancelled(call).unwrap().unwrap_err()), error);
    }
}

#[test]
fn a_cancel_overtakes_a_poll() {
    let mut bench = Bench::asking();
    let read = bench.until_read();
    bench.cancel();
    assert_eq!(bench.withdrawn(), Some(read));
    assert!(bench.cancel_sent().is_some());
    bench.wait(60.0);
    assert!(!bench.wants_read(), "no read while the write is on the wire");
}

#[test]
fn a_cancel_never_aborts_an_answer_in_flight() {
    let (mut bench, answer) = Bench::sending();
    bench.cancel();
    assert!(bench.cancel_sent().is_some());
    assert_eq!(bench.withdrawn(), None);
    bench.attempt(Ok(None));
    assert_eq!(bench.result(answer), Ok(()));
}

#[test]
fn a_cancel_that_fails_after_an_answer_has_ended_the_session_succeeds_with_that_end() {
    for result in [failure(FailureKind::NeverLeft), failure(FailureKind::NoStatus), status(409)] {
        let (mut bench, answer) = Bench::sending();
        let cancel = bench.cancel();
        bench.attempt(Ok(Some(finished("1000").session())));
        assert_eq!(bench.result(answer), Ok(()));
        bench.cancel_attempt(Err(result));
        let session = bench.cancelled(cancel).unwrap().unwrap();
        assert_eq!(session.status, SessionStatus::Finished);
        assert!(bench.machine.is_done());
    }
}

#[test]
fn what_a_cancel_shows_of_an_answer_in_flight_is_known_to_be_ours() {
    let (mut bench, answer) = Bench::sending();
    bench.cancel();
    let ask = run("ask", "FINISHED").asks("Budget?").answered("1000");
    bench.cancel_attempt(Ok(Some(shown("FAILED").past(ask).updated(30).session())));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
    bench.attempt(Ok(None));
    assert_eq!(bench.result(answer), Ok(()));
    assert!(bench.machine.is_done());
}

#[test]
fn an_answer_that_was_still_to_begin_when_a_cancel_ended_the_session_surely_never_arrived() {
    let (mut bench, answer) = Bench::sending();
    let op = bench.machine.answer_op().unwrap();
    bench.cancel();
    bench.cancel_attempt(Ok(Some(failed().session())));
    bench.tell(Input::NotStarted { op });
    assert_eq!(kind(&bench.error(answer)), "PromptNoLongerOpen");
}

#[test]
fn a_cancel_forbids_an_answer_that_was_not_begun() {
    let mut bench = Bench::asking();
    let answer = bench.answer("1000");
    let call = bench.cancel();
    assert_eq!(kind(&bench.error(answer)), "PromptNoLongerOpen");
    bench.cancel_attempt(Err(status(403)));
    bench.read_for(5.0, &asking());
    assert_eq!(bench.sent(), None);
    assert!(bench.cancelled(call).unwrap().is_err());
}

#[test]
fn a_cancel_forbids_an_answer_that_did_not_get_through_to_be_sent_again() {
    for (result, error) in [
        (failure(FailureKind::NeverLeft), "PromptNoLongerOpen"),
        (status(429), "RateLimited"),
        (status(401), "Authentication"),
    ] {
        let (mut bench, answer) =
            Bench::sending_with(|settings| settings.can_refresh_credentials = true);
        bench.cancel();
        bench.attempt(Err(result));
        assert_eq!(kind(&bench.error(answer)), error);
    }
}

#[test]
fn a_cancel_refuses_new_answers_until_it_is_known_to_have_failed() {
    let (mut bench, call) = cancelling();
    let answer = bench.answer("1000");
    assert_eq!(kind(&bench.error(answer)), "PromptNoLongerOpen");
    bench.cancel_attempt(Err(status(409)));
    let answer = bench.answer("1000");
    assert_eq!(kind(&bench.error(answer)), "PromptNoLongerOpen");
    bench.read(&asking());
    assert!(bench.cancelled(call).unwrap().is_err());
    bench.answer("1000");
    bench.expect_sent();
}

#[test]
fn two_cancels_share_what_is_sent_and_keep_their_own_deadlines() {
    let mut bench = Bench::asking();
    let hurried = bench.cancel_within(seconds(10.0));
    let patient = bench.cancel_within(seconds(60.0));
    bench.cancel_attempt(Ok(None));
    bench.read_for(9.9, &asking());
    assert!(bench.cancelled(hurried).is_none());
    bench.read_for(0.2, &asking());
    assert_eq!(kind(&bench.cancelled(hurried).unwrap().unwrap_err()), "RequestTimeout");
    assert!(bench.cancel_sent().is_none());
    bench.read_for(30.0, &asking());
    bench.read(&failed());
    assert!(bench.cancelled(patient).unwrap().is_ok());
}

#[test]
fn a_cancel_on_the_wire_has_until_the_last_deadline_and_keeps_nobody_awake() {
    let mut bench = Bench::asking();
    bench.cancel_within(seconds(10.0));
    bench.cancel_within(seconds(60.0));
    let (op, _) = bench.cancel_sent().unwrap();
    bench.wait(59.0);
    bench.tell(Input::Wake);
    assert_eq!(bench.withdrawn(), None);
    bench.wait(1.0);
    bench.tell(Input::Wake);
    assert_eq!(bench.withdrawn(), Some(op));
}

#[test]
fn a_cancel_that_is_given_up_is_not_sent_again() {
    let (mut bench, call) = cancelling();
    bench.cancel_attempt(Err(failure(FailureKind::NoStatus)));
    bench.tell(Input::GiveUp { call });
    bench.read_for(60.0, &asking());
    assert!(bench.cancel_sent().is_none());
    assert!(bench.cancelled(call).is_none());
    assert_eq!(bench.machine.cancel_op(), None);
}

#[test]
fn a_cancel_that_is_given_up_before_it_was_begun_is_withdrawn() {
    let (mut bench, call) = cancelling();
    let (op, _) = bench.cancel_sent().unwrap();
    bench.tell(Input::GiveUp { call });
    assert_eq!(bench.withdrawn(), Some(op));
    bench.tell(Input::NotStarted { op });
    bench.read_for(60.0, &answered("1000"));
    assert!(bench.cancel_sent().is_none());
}

#[test]
fn a_cancel_that_was_on_the_wire_at_the_close_of_the_watch_is_told_when_it_is_over() {
    let ends: Vec<(WriteResult, bool)> = vec![
        (Ok(Some(failed().session())), true),
        (Ok(Some(asking().session())), false),
        (Ok(None), false),
        (Err(failure(FailureKind::NoStatus)), false),
        (Err(status(409)), false),
    ];
    for (result, is_ok) in ends {
        let (mut bench, call) = cancelling();
        bench.tell(Input::Close);
        assert!(bench.cancelled(call).is_none());
        bench.cancel_attempt(result.clone());
        let told = bench.cancelled(call).unwrap_or_else(|| panic!("{result:?}"));
        assert_eq!(told.is_ok(), is_ok, "{result:?}: {told:?}");
        assert!(bench.machine.is_done());
        assert_eq!(bench.events().last().unwrap(), "watch ended: closed");
    }
}

#[test]
fn of_two_cancels_one_that_is_given_up_takes_nothing_from_the_other() {
    let (mut bench, call) = cancelling();
    let other = bench.cancel();
    bench.cancel_attempt(Ok(None));
    bench.tell(Input::GiveUp { call: other });
    bench.read(&failed());
    assert!(bench.cancelled(call).unwrap().is_ok());
    assert!(bench.cancelled(other).is_none());
}

#[test]
fn a_cancel_is_withdrawn_once_whatever_else_is_given_up() {
    let (mut bench, call) = cancelling();
    let (op, _) = bench.cancel_sent().unwrap();
    bench.tell(Input::GiveUp { call });
    assert_eq!(bench.withdrawn(), Some(op));
    let another = bench.new_call();
    bench.tell(Input::GiveUp { call: another });
    assert_eq!(bench.withdrawn(), None);
}
