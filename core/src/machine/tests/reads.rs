//! "Which reads count".

use crate::machine::Input;

use super::harness::{Bench, seconds};
use super::shown::{answered, asking, failed, finished, run, running, shown, waiting_at};

#[test]
fn at_most_one_read_is_in_flight() {
    let mut bench = Bench::new();
    let first = bench.until_read();
    bench.wait(600.0);
    bench.tell(Input::PollNow);
    assert!(!bench.wants_read());
    bench.read_done(first, bench.now, Ok(&running()));
    bench.until_read();
}

#[test]
fn a_read_that_was_withdrawn_for_a_write_tells_nothing() {
    let mut bench = Bench::asking();
    let read = bench.until_read();
    bench.answer("1000");
    // The read in flight is the one that verifies; a cancel does not wait for it.
    bench.cancel();
    assert_eq!(bench.withdrawn(), Some(read));
    bench.read_done(read, bench.now, Ok(&answered("999")));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_read_begun_before_a_write_ended_is_followed_by_another_one_at_once() {
    let (mut bench, _) = Bench::sending();
    let before = bench.now;
    bench.wait(1.0);
    bench.attempt(Ok(Some(answered("1000").session())));
    bench.events();
    let op = bench.until_read();
    bench.read_done(op, before, Ok(&asking()));
    assert_eq!(bench.events(), Vec::<String>::new());
    assert!(bench.wants_read());
}

#[test]
fn finished_never_changes_back() {
    let mut bench = Bench::new();
    bench.read(&finished("1000"));
    let told = bench.events();
    assert_eq!(told.last().unwrap(), "finished");
    assert_eq!(bench.machine.wake_at(), None);
    assert!(bench.machine.is_done());
    assert_eq!(bench.events_of_a_new_consumer().last().unwrap(), "finished");
}

#[test]
fn an_end_is_believed_even_if_its_time_is_older() {
    let mut bench = Bench::asking();
    bench.read(&failed().updated(1));
    assert_eq!(bench.events().last().unwrap(), "failed");
}

#[test]
fn a_snapshot_with_an_older_time_is_stale_and_another_read_follows_soon() {
    let mut bench = Bench::asking();
    bench.read(&running());
    assert_eq!(bench.events(), Vec::<String>::new());
    let before = bench.now;
    bench.until_read();
    assert!(bench.now.since(before) <= seconds(0.3));
}

#[test]
fn with_equal_times_a_snapshot_that_misses_a_known_run_is_stale() {
    let mut bench = Bench::new();
    bench.read(&answered("1000").updated(10));
    bench.events();
    bench.read(&asking());
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn without_times_a_snapshot_in_which_a_finished_run_runs_is_stale() {
    let mut bench = Bench::new();
    bench.read(&shown("RUNNING").past(run("a", "FINISHED")).at(run("b", "RUNNING")));
    bench.events();
    bench.read(&shown("RUNNING").past(run("b", "RUNNING")).at(run("a", "RUNNING")));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn without_times_a_snapshot_in_which_an_answered_run_waits_is_stale() {
    let mut bench = Bench::new();
    bench.read(&shown("RUNNING").at(run("ask", "RUNNING").asks("Budget?").answered("1000")));
    bench.events();
    bench.read(&waiting_at(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?")));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn equal_times_do_not_mean_equal_content() {
    let mut bench = Bench::asking();
    bench.read(&answered("1000").updated(10));
    assert_eq!(
        bench.events(),
        [
            "closed ask/0 AnsweredElsewhere",
            "step ask FINISHED",
            "step think RUNNING",
            "status WAITING_FOR_USER_INPUT -> RUNNING"
        ]
    );
}

/// A snapshot older than [`asking`] that un-finishes nothing.
fn older() -> super::shown::Shown {
    shown("RUNNING").updated(5)
}

#[test]
fn three_stale_reads_in_a_row_over_more_than_max_staleness_are_believed() {
    let mut bench = Bench::asking();
    bench.read(&older());
    bench.wait(6.0);
    bench.read(&older());
    assert_eq!(bench.events(), Vec::<String>::new());
    bench.wait(6.0);
    // The read that is due was begun by now, and the next one is the third.
    let op = bench.until_read();
    bench.read_done(op, bench.now, Ok(&older()));
    assert_eq!(bench.events(), ["status WAITING_FOR_USER_INPUT -> RUNNING"]);
}

#[test]
fn two_stale_reads_over_more_than_max_staleness_are_not_believed() {
    let mut bench = Bench::asking();
    bench.read(&older());
    bench.wait(60.0);
    bench.read(&older());
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn many_stale_reads_within_max_staleness_are_not_believed() {
    let mut bench = Bench::asking();
    assert!(bench.read_for(9.0, &older()) > 3);
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_fresh_read_in_between_begins_the_count_of_stale_ones_anew() {
    let mut bench = Bench::asking();
    bench.read_for(9.0, &older());
    bench.read(&asking());
    bench.read_for(5.0, &older());
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_stale_read_that_took_long_is_no_newer_for_that() {
    let mut bench = Bench::asking();
    bench.read(&older());
    bench.read(&older());
    let slow = bench.until_read();
    let begun = bench.now;
    bench.wait(25.0);
    bench.read_done(slow, begun, Ok(&older()));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn stale_reads_that_unfinish_a_run_are_never_believed() {
    let mut bench = Bench::new();
    bench.read(&answered("1000"));
    bench.events();
    bench.read_for(120.0, &asking());
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn stale_reads_are_not_repeated_without_a_pause_even_while_an_answer_waits_for_one() {
    let (mut bench, _) = Bench::reconciling();
    let reads = bench.read_for(10.0, &older());
    assert!((2..=60).contains(&reads), "{reads} reads in 10 s");
}

#[test]
fn without_a_current_step_only_steps_count() {
    let mut bench = Bench::new();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    bench.read(&shown("WAITING_FOR_USER_INPUT").past(run("begin", "FINISHED")).past(ask));
    let events = bench.events();
    assert!(events.contains(&"requested ask/0 Budget?".to_owned()), "{events:?}");
}

#[test]
fn a_run_seen_as_current_and_in_steps_is_one_run() {
    let mut bench = Bench::new();
    bench.read(&asking());
    assert_eq!(
        bench.events(),
        [
            "step ask WAITING_FOR_USER_INPUT",
            "status nothing -> WAITING_FOR_USER_INPUT",
            "requested ask/0 Budget?"
        ]
    );
}

#[test]
fn a_run_that_is_only_current_is_known_as_well() {
    let mut bench = Bench::new();
    bench.read(
        &shown("WAITING_FOR_USER_INPUT")
            .only_current(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?")),
    );
    let events = bench.events();
    assert!(events.contains(&"requested ask/0 Budget?".to_owned()), "{events:?}");
}

#[test]
fn an_unchanged_read_confirms_what_is_known() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    bench.unchanged();
    bench.expect_sent();
    assert_eq!(bench.result_if_any(call), None);
    // By this the engine asks whether anything has changed.
    assert_eq!(bench.machine.known(), Some(&asking().session()));
}

#[test]
fn an_unknown_status_is_no_end_and_reading_goes_on() {
    let mut bench = Bench::new();
    bench.read(&shown("PAUSED_BY_ADMIN").at(run("begin", "PAUSED_BY_ADMIN")));
    assert_eq!(bench.events(), ["step begin PAUSED_BY_ADMIN", "status nothing -> UNRECOGNISED"]);
    bench.until_read();
}

#[test]
fn a_read_that_was_kept_from_starting_is_asked_for_again() {
    let mut bench = Bench::new();
    let op = bench.until_read();
    bench.tell(Input::NotStarted { op });
    assert_ne!(bench.until_read(), op);
}

#[test]
fn amid_an_unknown_status_a_prompt_stays_open_whatever_the_session_is_at() {
    let mut bench = Bench::asking();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    bench.read(&shown("PAUSED_BY_ADMIN").past(ask).at(run("think", "RUNNING")).updated(11));
    assert_eq!(
        bench.events(),
        ["step think RUNNING", "status WAITING_FOR_USER_INPUT -> UNRECOGNISED"]
    );
}

#[test]
fn a_question_that_is_shown_with_its_answer_is_not_asked_again_when_it_is_touched() {
    let mut bench = Bench::asking();
    let ask = || run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?").answered("999");
    bench.read(&waiting_at(ask()).updated(11));
    bench.events();
    bench.read(&waiting_at(ask()).updated(12));
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn what_is_asked_and_has_its_answer_is_read_as_often_as_what_runs() {
    let mut bench = Bench::asking();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?").answered("999");
    let reads = bench.read_for(60.0, &waiting_at(ask).updated(11));
    assert!(reads > 15, "{reads} reads in a minute");
}

#[test]
fn stale_reads_over_just_max_staleness_are_not_believed() {
    let mut bench = Bench::asking();
    for after in [0.0, 5.0, 5.0] {
        bench.wait(after);
        let op = bench.until_read();
        bench.read_done(op, bench.now, Ok(&older()));
    }
    assert_eq!(bench.events(), Vec::<String>::new());
}
