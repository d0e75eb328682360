//! The attempt surely never left.

use crate::failure::FailureKind;
use crate::machine::Input;

use crate::machine::tests::harness::{Bench, TOTAL, seconds};
use crate::machine::tests::shown::asking;
use crate::machine::tests::words::{failure, kind};

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
