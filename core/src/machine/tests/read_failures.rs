//! "Failures of reads", and what `Retry-After` asks of them.

use crate::failure::FailureKind;
use crate::machine::Input;

use super::harness::{Bench, seconds};
use super::shown::{asking, running};
use super::words::{failure, status_after};

const TRANSIENT: [FailureKind; 10] = [
    FailureKind::NeverLeft,
    FailureKind::NoStatus,
    FailureKind::NoCredentials,
    FailureKind::Unreadable,
    FailureKind::Status(408),
    FailureKind::Status(425),
    FailureKind::Status(429),
    FailureKind::Status(500),
    FailureKind::Status(503),
    FailureKind::Status(599),
];

#[test]
fn a_transient_failure_is_told_at_the_second_in_a_row_and_restored_at_the_first_success() {
    for kind in TRANSIENT {
        let mut bench = Bench::asking();
        bench.read_fails(kind);
        assert_eq!(bench.events(), Vec::<String>::new(), "{kind:?}");
        bench.read_fails(kind);
        assert_eq!(bench.events(), ["lost"], "{kind:?}");
        bench.read_fails(kind);
        assert_eq!(bench.events(), Vec::<String>::new(), "once only");
        bench.read(&asking());
        assert_eq!(bench.events(), ["restored"], "{kind:?}");
    }
}

#[test]
fn a_success_in_between_begins_the_count_anew() {
    let mut bench = Bench::asking();
    for _ in 0..5 {
        bench.read_fails(FailureKind::NoStatus);
        bench.read(&asking());
    }
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn failures_back_off_exponentially_with_jitter_from_half_to_the_whole() {
    let mut bench = Bench::new();
    bench.read_fails(FailureKind::NoStatus);
    for longest in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
        let before = bench.now;
        bench.read_fails(FailureKind::NoStatus);
        let wait = bench.now.since(before).as_secs_f64();
        assert!((longest / 2.0..=longest).contains(&wait), "{wait} of {longest}");
    }
}

#[test]
fn after_a_success_the_schedule_goes_on_as_before() {
    let mut bench = Bench::new();
    for _ in 0..8 {
        bench.read_fails(FailureKind::NoStatus);
    }
    bench.read(&running());
    let before = bench.now;
    bench.until_read();
    assert!(bench.now.since(before) < seconds(1.0));
}

#[test]
fn a_retry_after_is_obeyed_and_read_anew_from_each_answer() {
    let mut bench = Bench::new();
    for (wait, header) in [(7.0, 7), (3.0, 3), (9.0, 9)] {
        bench.read_fails_with(status_after(503, header));
        let before = bench.now;
        let op = bench.until_read();
        let waited = bench.now.since(before).as_secs_f64();
        assert!((wait..=1.1 * wait).contains(&waited), "{waited} for {wait}");
        bench.read_done(op, bench.now, Ok(&running()));
    }
}

#[test]
fn a_retry_after_is_capped() {
    let mut bench = Bench::new();
    bench.read_fails_with(status_after(503, u64::MAX));
    let before = bench.now;
    bench.until_read();
    assert!(bench.now.since(before) <= seconds(330.0));
}

#[test]
fn a_retry_after_is_no_reason_to_hold_an_answer_beyond_its_deadline() {
    let mut bench = Bench::asking();
    bench.read_fails_with(status_after(503, 300));
    let call = bench.answer("1000");
    bench.wait(120.0);
    bench.error(call);
}

#[test]
fn the_fifth_unreadable_answer_in_a_row_ends_the_watch() {
    let mut bench = Bench::asking();
    for _ in 0..4 {
        bench.read_fails(FailureKind::Unreadable);
    }
    assert_eq!(bench.events(), ["lost"]);
    bench.read_fails(FailureKind::Unreadable);
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: InvalidResponse"]);
}

#[test]
fn unreadable_answers_that_are_not_in_a_row_do_not_end_the_watch() {
    let mut bench = Bench::asking();
    for other in [Some(FailureKind::NoStatus), Some(FailureKind::Status(502)), None] {
        for _ in 0..4 {
            bench.read_fails(FailureKind::Unreadable);
        }
        match other {
            Some(kind) => bench.read_fails(kind),
            None => bench.read(&asking()),
        }
    }
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn an_answer_over_the_body_limit_ends_the_watch_at_once() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::TooLarge);
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: InvalidResponse"]);
    assert!(bench.machine.is_done());
}

#[test]
fn a_404_within_10_s_of_our_own_create_is_transient() {
    let mut bench = Bench::created(&running());
    bench.events();
    bench.read_fails(FailureKind::Status(404));
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(bench.events(), ["lost"]);
    bench.read(&running());
    assert_eq!(bench.events(), ["restored"]);
}

#[test]
fn a_404_later_than_10_s_after_our_own_create_ends_the_watch() {
    let mut bench = Bench::created(&running());
    bench.events();
    bench.read_for(11.0, &running());
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(bench.events(), ["watch ended: NotFound"]);
}

#[test]
fn a_404_of_a_session_that_we_did_not_create_ends_the_watch() {
    let mut bench = Bench::new();
    bench.read_fails(FailureKind::Status(404));
    assert_eq!(bench.events(), ["watch ended: NotFound"]);
}

#[test]
fn a_401_is_tried_once_more_with_fresh_credentials_and_then_ends_the_watch() {
    let mut bench = Bench::asking_with(|settings| settings.can_refresh_credentials = true);
    bench.read_fails(FailureKind::Status(401));
    let before = bench.now;
    let (op, fresh) = bench.until_read_with_credentials();
    assert!(fresh && bench.now == before);
    bench.read_done(op, bench.now, Err(FailureKind::Status(401)));
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: Authentication"]);
}

#[test]
fn fresh_credentials_that_work_are_enough_until_the_next_401() {
    let mut bench = Bench::asking_with(|settings| settings.can_refresh_credentials = true);
    for _ in 0..3 {
        bench.read_fails(FailureKind::Status(401));
        bench.read(&asking());
        let (op, fresh) = bench.until_read_with_credentials();
        assert!(!fresh);
        bench.read_done(op, bench.now, Ok(&asking()));
    }
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_401_without_a_provider_and_a_403_end_the_watch_with_the_typed_error() {
    for (code, error) in [(401, "Authentication"), (403, "PermissionDenied")] {
        let mut bench = Bench::new();
        bench.read_fails(FailureKind::Status(code));
        assert_eq!(bench.events(), [format!("watch ended: {error}")]);
        assert!(!bench.wants_read());
    }
}

#[test]
fn an_untrusted_certificate_ends_a_watch_that_has_never_reached_the_service() {
    let mut bench = Bench::new();
    bench.read_fails(FailureKind::Untrusted);
    assert_eq!(bench.events(), ["watch ended: Network"]);
}

#[test]
fn an_untrusted_certificate_after_the_service_was_reached_is_an_outage() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::Untrusted);
    bench.read_fails(FailureKind::Untrusted);
    assert_eq!(bench.events(), ["lost"]);
    bench.read(&asking());
    assert_eq!(bench.events(), ["restored"]);
}

#[test]
fn a_watch_that_ends_out_of_reach_has_restored_nothing() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::NeverLeft);
    bench.read_fails(FailureKind::NeverLeft);
    assert_eq!(bench.events(), ["lost"]);
    bench.tell(Input::Close);
    assert_eq!(bench.events(), ["closed ask/0 WatchEnded", "watch ended: closed"]);
}

#[test]
fn a_changed_network_and_a_poll_now_do_not_wait_for_the_backoff() {
    for input in [Input::NetworkChanged, Input::PollNow] {
        let mut bench = Bench::new();
        for _ in 0..8 {
            bench.read_fails(FailureKind::NeverLeft);
        }
        let before = bench.now;
        bench.tell(input);
        assert!(bench.wants_read() && bench.now == before);
    }
}

#[test]
fn a_write_that_gets_through_restores_the_connection() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::NoStatus);
    bench.read_fails(FailureKind::NoStatus);
    assert_eq!(bench.events(), ["lost"]);
    for _ in 0..8 {
        bench.read_fails(FailureKind::NoStatus);
    }
    bench.cancel();
    bench.cancel_attempt(Ok(Some(asking().session())));
    assert_eq!(bench.events(), ["restored"]);
    let before = bench.now;
    bench.until_read();
    assert!(bench.now.since(before) < seconds(1.0), "and ends the backoff");
}

#[test]
fn the_error_of_the_loss_is_told_with_the_time_of_the_next_try() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::NeverLeft);
    bench.read_fails_with(status_after(503, 40));
    let look = bench.machine.look();
    let event = bench.cursor.next(&look).unwrap();
    let crate::machine::SessionEvent::ConnectionLost { error, retry_in } = event else {
        panic!("{event:?}")
    };
    assert_eq!(error, failure(FailureKind::Status(503)).error);
    assert!(retry_in >= seconds(40.0) && retry_in <= seconds(44.0), "{retry_in:?}");
}
