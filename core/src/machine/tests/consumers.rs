//! "Consumers": what each is told, in which order, and how often.

use crate::failure::FailureKind;
use crate::machine::{Cursor, Input};

use super::harness::{Bench, drain};
use super::shown::{answered, asking, failed, finished, run, running, shown, waiting_at};
use super::words::words;

#[test]
fn a_new_consumer_is_told_the_present() {
    let mut bench = Bench::new();
    bench.read(
        &waiting_at(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?"))
            .past(run("a", "FINISHED")),
    );
    let told = bench.events();
    assert_eq!(
        told,
        [
            "step ask WAITING_FOR_USER_INPUT",
            "step a FINISHED",
            "status nothing -> WAITING_FOR_USER_INPUT",
            "requested ask/0 Budget?"
        ]
    );
    assert_eq!(bench.events_of_a_new_consumer(), told);
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn news_come_before_the_results_of_calls_so_that_whoever_is_told_a_result_can_see_it() {
    let (mut bench, _) = Bench::sending();
    let op = bench.machine.answer_op().unwrap();
    let result = Ok(Some(answered("1000").session()));
    let outputs = bench.outputs_of(Input::AnswerDone { op, result });
    assert_eq!(outputs, ["Changed", "Answered"]);
}

#[test]
fn a_read_that_shows_nothing_new_is_no_news() {
    let mut bench = Bench::asking();
    let op = bench.until_read();
    let result = Ok(crate::machine::SessionReading::Session(asking().session()));
    let outputs = bench.outputs_of(Input::ReadDone { op, begun: bench.now, result });
    assert_eq!(outputs, Vec::<String>::new());
}

#[test]
fn before_the_first_read_there_is_nothing_to_tell() {
    assert_eq!(Bench::new().events(), Vec::<String>::new());
}

#[test]
fn within_one_look_the_order_is_connection_closed_prompts_steps_status_requested_prompt() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::NoStatus);
    bench.read_fails(FailureKind::NoStatus);
    bench.events();
    let next = run("next", "WAITING_FOR_USER_INPUT").asks("Name?");
    let ask = run("ask", "FINISHED").asks("Budget?").answered("999");
    bench.read(&shown("RUNNING").past(ask.clone()).at(run("x", "RUNNING")).updated(11));
    bench.read(
        &shown("WAITING_FOR_USER_INPUT").past(ask).past(run("x", "FINISHED")).at(next).updated(12),
    );
    assert_eq!(
        bench.events(),
        [
            "restored",
            "closed ask/0 AnsweredElsewhere",
            "step ask FINISHED",
            "step x FINISHED",
            "step next WAITING_FOR_USER_INPUT",
            "requested next/0 Name?"
        ]
    );
}

#[test]
fn the_end_comes_last_after_the_closed_prompt_the_steps_and_the_status() {
    let mut bench = Bench::asking();
    bench.read(&failed());
    assert_eq!(
        bench.events(),
        [
            "closed ask/0 SessionEnded",
            "step ask FAILED",
            "status WAITING_FOR_USER_INPUT -> FAILED",
            "failed"
        ]
    );
}

#[test]
fn nothing_follows_the_end() {
    let mut bench = Bench::asking();
    bench.read(&finished("999"));
    assert_eq!(bench.events().last().unwrap(), "finished");
    assert!(bench.cursor.has_ended());
    bench.tell(Input::Close);
    assert_eq!(bench.events(), Vec::<String>::new());
    assert_eq!(bench.cursor.stop(), None);
}

#[test]
fn states_in_between_may_collapse_for_a_slow_consumer_but_no_finished_step_is_missed() {
    let mut bench = Bench::new();
    bench.read(&running());
    bench.read(&shown("RUNNING").past(run("begin", "FINISHED")).at(run("b", "RUNNING")).updated(2));
    bench.read(
        &shown("RUNNING")
            .past(run("begin", "FINISHED"))
            .past(run("b", "FINISHED"))
            .at(run("c", "RUNNING"))
            .updated(3),
    );
    assert_eq!(
        bench.events(),
        ["step begin FINISHED", "step b FINISHED", "step c RUNNING", "status nothing -> RUNNING"]
    );
}

#[test]
fn a_prompt_that_opened_and_closed_between_two_pulls_is_never_shown() {
    let mut bench = Bench::new();
    bench.read(&running());
    bench.events();
    bench.read(&asking());
    bench.read(&answered("999"));
    let events = bench.events();
    assert!(!events.iter().any(|event| event.contains("ask/0")), "{events:?}");
}

#[test]
fn a_prompt_is_requested_once_however_often_it_is_seen() {
    let mut bench = Bench::asking();
    for second in 11..20 {
        // Touched, but the same question.
        bench.read(&asking().updated(second));
    }
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_prompt_that_the_newest_snapshot_does_not_ask_is_not_shown_to_a_new_consumer() {
    let mut bench = Bench::asking();
    bench.read(&shown("RUNNING").at(run("ask", "RUNNING").asks("Budget?")).updated(15));
    let events = bench.events_of_a_new_consumer();
    assert!(!events.iter().any(|event| event.starts_with("requested")), "{events:?}");
    assert_eq!(bench.events().last().unwrap(), "status WAITING_FOR_USER_INPUT -> RUNNING");
    // The session waits, and nothing says at which run.
    let ask = run("ask", "RUNNING").asks("Budget?");
    bench.read(&shown("WAITING_FOR_USER_INPUT").past(ask).updated(16));
    let events = bench.events_of_a_new_consumer();
    assert!(!events.iter().any(|event| event.starts_with("requested")), "{events:?}");
}

#[test]
fn a_prompt_that_the_session_has_left_for_another_run_is_closed() {
    let mut bench = Bench::asking();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    bench.read(&shown("RUNNING").past(ask).at(run("think", "RUNNING")).updated(15));
    assert_eq!(bench.events()[0], "closed ask/0 Unknown");
}

#[test]
fn a_prompt_whose_run_ended_without_an_answer_is_closed() {
    let mut bench = Bench::asking();
    bench.read(&shown("RUNNING").at(run("ask", "FINISHED").asks("Budget?")).updated(15));
    assert_eq!(bench.events()[0], "closed ask/0 Unknown");
}

#[test]
fn a_prompt_that_the_session_comes_back_to_is_asked_anew() {
    let mut bench = Bench::asking();
    let ask = || run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?");
    bench.read(&shown("RUNNING").past(ask()).at(run("think", "RUNNING")).updated(10));
    bench.events();
    bench.read(
        &shown("WAITING_FOR_USER_INPUT").past(run("think", "FINISHED")).at(ask()).updated(10),
    );
    assert_eq!(bench.events().last().unwrap(), "requested ask/1 Budget?");
}

#[test]
fn a_prompt_already_answered_when_first_seen_is_never_shown() {
    let mut bench = Bench::new();
    bench.read(&waiting_at(run("ask", "WAITING_FOR_USER_INPUT").asks("Budget?").answered("1")));
    let events = bench.events();
    assert!(!events.iter().any(|event| event.starts_with("requested")), "{events:?}");
}

#[test]
fn a_consumer_that_ends_alone_is_told_its_closed_prompts_and_then_the_end() {
    let mut bench = Bench::asking();
    let told: Vec<String> =
        std::iter::from_fn(|| bench.cursor.stop()).map(|event| words(&event)).collect();
    assert_eq!(told, ["closed ask/0 WatchEnded", "watch ended: closed"]);
    assert_eq!(bench.events(), Vec::<String>::new());
    assert_eq!(bench.events_of_a_new_consumer().last().unwrap(), "requested ask/0 Budget?");
}

#[test]
fn each_consumer_is_told_for_itself() {
    let mut bench = Bench::asking();
    let mut other = Cursor::default();
    assert_eq!(drain(&mut other, &bench.machine.look()).len(), 3);
    bench.read(&answered("999"));
    let told = bench.events();
    assert_eq!(drain(&mut other, &bench.machine.look()), told);
}

#[test]
fn a_consumer_that_comes_while_the_service_is_out_of_reach_is_told() {
    let mut bench = Bench::asking();
    bench.read_fails(FailureKind::NoStatus);
    bench.read_fails(FailureKind::NoStatus);
    assert_eq!(bench.events_of_a_new_consumer()[0], "lost");
}

#[test]
fn a_step_is_told_again_when_it_differs_and_not_when_only_its_times_do() {
    let mut bench = Bench::new();
    bench.read(&shown("RUNNING").at(run("a", "RUNNING").updated(1)));
    bench.events();
    bench.read(&shown("RUNNING").at(run("a", "RUNNING").updated(2)));
    assert_eq!(bench.events(), Vec::<String>::new());
    bench.read(&shown("RUNNING").at(run("a", "RUNNING").updated(3).result("half")));
    assert_eq!(bench.events(), ["step a RUNNING"]);
}

#[test]
fn a_close_that_is_long_past_is_told_with_an_unknown_reason() {
    let mut bench = Bench::asking();
    // Meanwhile so many others came and went that this one is forgotten.
    for number in 0..300_u64 {
        let asks = run(&format!("q{number}"), "WAITING_FOR_USER_INPUT").asks("?");
        bench.read(&waiting_at(asks).updated(11 + number));
    }
    assert_eq!(bench.events()[0], "closed ask/0 Unknown");
}

#[test]
fn unresolved_answers_are_kept_for_late_consumers_up_to_a_limit() {
    let mut bench = Bench::asking();
    for _ in 0..70 {
        let call = bench.answer("1000");
        bench.read(&asking());
        bench.tell(Input::GiveUp { call });
        bench.attempt(Err(super::words::failure(FailureKind::NoStatus)));
        bench.read_for(60.0, &asking());
    }
    let unresolved =
        |events: Vec<String>| events.iter().filter(|event| event.starts_with("unresolved")).count();
    assert_eq!(unresolved(bench.events_of_a_new_consumer()), 64);
    assert_eq!(unresolved(bench.events()), 64);
    assert_eq!(bench.cursor.unresolved_told(), 70);
    assert_eq!(unresolved(bench.events()), 0);
}
