//! "Suspend, resume, close", and the watch's own limit.

use std::time::Duration;

use crate::failure::FailureKind;
use crate::machine::{Input, SessionReading};

use super::harness::{Bench, seconds};
use super::shown::{answered, asking, finished, running};
use super::words::{failure, kind};

#[test]
fn while_suspended_no_request_starts() {
    let mut bench = Bench::asking();
    bench.tell(Input::Suspend { order: 1 });
    bench.forget_outputs();
    bench.tell(Input::PollNow);
    bench.tell(Input::NetworkChanged);
    let answer = bench.answer("1000");
    bench.wait(60.0);
    assert!(!bench.wants_read());
    assert_eq!((bench.sent(), bench.result_if_any(answer)), (None, None));
    bench.cancel();
    bench.wait(60.0);
    assert!(bench.cancel_sent().is_none());
}

#[test]
fn a_read_in_flight_is_aborted_by_suspend() {
    let mut bench = Bench::asking();
    let read = bench.until_read();
    bench.tell(Input::Suspend { order: 1 });
    assert_eq!(bench.withdrawn(), Some(read));
    bench.read_done(read, bench.now, Ok(&answered("999")));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_write_that_suspend_cuts_off_is_of_unknown_outcome() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::Suspend { order: 1 });
    assert!(bench.withdrawn().is_some());
    bench.wait(2.0);
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    assert_eq!(bench.result_if_any(call), None);
    bench.tell(Input::Resume { order: 2 });
    bench.read(&answered("1000"));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn a_write_that_suspend_keeps_from_beginning_is_sent_after_resume() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::Suspend { order: 1 });
    let op = bench.withdrawn().unwrap();
    bench.tell(Input::NotStarted { op });
    assert_eq!(bench.sent(), None);
    bench.tell(Input::Resume { order: 2 });
    bench.until_sent(&asking());
    bench.attempt(Ok(None));
    assert_eq!(bench.result(call), Ok(()));
}

#[test]
fn an_answer_given_while_suspended_is_stored_and_waits() {
    let mut bench = Bench::asking_with(|settings| settings.stores_answers = true);
    bench.tell(Input::Suspend { order: 1 });
    bench.answer("1000");
    assert!(bench.unsaved().unwrap().to_text().contains("1000"));
    bench.tell(Input::Saved { number: u64::MAX, result: Ok(()) });
    bench.wait(30.0);
    assert_eq!(bench.sent(), None);
    bench.tell(Input::Resume { order: 2 });
    bench.read(&asking());
    bench.expect_sent();
}

#[test]
fn an_answer_that_waits_for_a_resume_that_does_not_come_is_handed_back_at_its_deadline() {
    let mut bench = Bench::asking();
    bench.tell(Input::Suspend { order: 1 });
    let call = bench.answer("1000");
    bench.wait(120.0);
    assert_eq!(kind(&bench.error(call)), "RequestTimeout");
}

#[test]
fn the_later_of_suspend_and_resume_wins_in_whichever_order_they_come() {
    let mut bench = Bench::asking();
    bench.tell(Input::Resume { order: 2 });
    bench.tell(Input::Suspend { order: 1 });
    bench.until_read();
    let mut bench = Bench::asking();
    bench.tell(Input::Suspend { order: 1 });
    bench.tell(Input::Suspend { order: 3 });
    bench.forget_outputs();
    bench.tell(Input::Resume { order: 2 });
    assert!(!bench.wants_read());
    bench.wait(60.0);
    assert!(!bench.wants_read());
}

#[test]
fn resume_looks_at_once_and_does_not_wait_for_a_backoff() {
    let mut bench = Bench::asking();
    for _ in 0..6 {
        bench.read_fails(FailureKind::NeverLeft);
    }
    bench.tell(Input::Suspend { order: 1 });
    bench.wait(1.0);
    bench.tell(Input::Resume { order: 2 });
    let before = bench.now;
    bench.until_read();
    assert_eq!(bench.now, before);
}

#[test]
fn a_resume_without_a_suspend_changes_nothing() {
    let mut bench = Bench::asking();
    bench.tell(Input::Resume { order: 1 });
    assert!(!bench.wants_read());
}

#[test]
fn the_watch_limit_does_not_count_suspension() {
    let limit = |settings: &mut crate::machine::Settings| {
        settings.watch_limit = Duration::from_secs(100);
    };
    let mut bench = Bench::with(limit);
    bench.read_for(50.0, &running());
    bench.tell(Input::Suspend { order: 1 });
    bench.wait(500.0);
    // Said twice it is the same suspension.
    bench.tell(Input::Suspend { order: 2 });
    bench.wait(500.0);
    bench.tell(Input::Resume { order: 3 });
    bench.read_for(49.0, &running());
    bench.events();
    bench.read_for(2.0, &running());
    assert_eq!(bench.events(), ["watch ended: time limit"]);
    assert!(bench.machine.is_done());
}

#[test]
fn at_the_watch_limit_a_pending_answer_is_handed_back() {
    let mut bench = Bench::asking_with(|settings| settings.watch_limit = Duration::from_secs(10));
    let call = bench.answer("1000");
    bench.wait(10.0);
    assert_eq!(kind(&bench.error(call)), "RequestTimeout");
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: time limit"]);
}

#[test]
fn after_close_those_who_pull_get_watch_ended_and_nothing_starts() {
    let mut bench = Bench::asking();
    let read = bench.until_read();
    bench.tell(Input::Close);
    assert_eq!(bench.withdrawn(), Some(read));
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: closed"]);
    assert_eq!(bench.events(), Vec::<String>::new());
    bench.tell(Input::PollNow);
    bench.tell(Input::Resume { order: 9 });
    assert!(!bench.wants_read());
    assert_eq!(bench.machine.wake_at(), None);
    assert!(bench.machine.is_done());
}

#[test]
fn calls_after_close_are_refused() {
    let mut bench = Bench::asking();
    let prompt = bench.prompt();
    bench.tell(Input::Close);
    let answer = bench.answer_to(&prompt, "1000");
    assert_eq!(kind(&bench.error(answer)), "Closed");
    let cancel = bench.cancel();
    assert_eq!(kind(&bench.cancelled(cancel).unwrap().unwrap_err()), "Closed");
}

#[test]
fn an_answer_not_begun_at_close_is_handed_back_as_closed() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    bench.tell(Input::Close);
    assert_eq!(kind(&bench.error(call)), "Closed");
    assert!(bench.machine.is_done());
}

#[test]
fn an_answer_on_the_wire_at_close_is_told_when_it_is_over() {
    type End = (crate::machine::WriteResult, &'static str);
    let ends: [End; 5] = [
        (Ok(None), "success"),
        (Ok(Some(finished("1000").session())), "success"),
        (Err(failure(FailureKind::NoStatus)), "OutcomeUnknown"),
        (Err(failure(FailureKind::NeverLeft)), "Network"),
        (Err(failure(FailureKind::Status(409))), "NotWaitingForInput"),
    ];
    for (result, told) in ends {
        let (mut bench, call) = Bench::sending();
        bench.tell(Input::Close);
        assert!(bench.withdrawn().is_some());
        assert!(!bench.machine.is_done());
        bench.attempt(result);
        match bench.result(call) {
            Ok(()) => assert_eq!(told, "success"),
            Err(error) => {
                assert_eq!(kind(&error), told);
                assert_eq!(error.context().answer.as_deref(), Some("1000"));
            }
        }
        assert!(bench.machine.is_done());
        assert_eq!(bench.events().last().unwrap(), "watch ended: closed", "it ended first");
    }
}

#[test]
fn an_answer_withdrawn_at_close_is_handed_back_as_closed() {
    let (mut bench, call) = Bench::sending();
    bench.tell(Input::Close);
    let op = bench.withdrawn().unwrap();
    bench.tell(Input::NotStarted { op });
    assert_eq!(kind(&bench.error(call)), "Closed");
    assert!(bench.machine.is_done());
}

#[test]
fn a_second_attempt_withdrawn_at_close_leaves_the_first_one_unknown() {
    let (mut bench, call) = Bench::reconciling();
    bench.read_for(46.0, &asking());
    let op = bench.expect_sent().op;
    bench.tell(Input::Close);
    bench.tell(Input::NotStarted { op });
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
}

#[test]
fn what_comes_after_the_end_changes_nothing() {
    let mut bench = Bench::new();
    bench.read(&finished("1000"));
    bench.events();
    bench.saved();
    for input in [
        Input::Wake,
        Input::Close,
        Input::PollNow,
        Input::NetworkChanged,
        Input::Suspend { order: 1 },
        Input::Resume { order: 2 },
        Input::ReadDone {
            op: crate::machine::OpId(1),
            begun: bench.now,
            result: Ok(SessionReading::Unchanged),
        },
    ] {
        bench.tell(input);
    }
    assert_eq!(bench.events(), Vec::<String>::new());
    assert_eq!(bench.machine.wake_at(), None);
    assert!(bench.machine.is_done() && !bench.wants_read());
}

#[test]
fn while_waiting_for_the_user_it_reads_slowly_and_while_running_often() {
    let mut bench = Bench::asking();
    let waiting = bench.read_for(60.0, &asking());
    bench.read(&answered("999"));
    let running = bench.read_for(60.0, &answered("999"));
    assert!((5..=15).contains(&waiting), "{waiting} reads in a minute of waiting");
    assert!((15..=35).contains(&running), "{running} reads in a minute of running");
}

#[test]
fn the_first_read_of_a_watch_comes_when_it_is_due() {
    let settings = std::sync::Arc::new(super::world::settings());
    let now = crate::machine::Moment::after_origin(seconds(5.0));
    let machine = crate::machine::Machine::new(
        settings,
        super::shown::flow(),
        super::shown::session_id(),
        1,
        now,
        now + seconds(0.7),
    );
    assert_eq!(machine.wake_at(), Some(now + seconds(0.7)));
}
