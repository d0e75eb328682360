//! "Checkpoints".

use crate::failure::FailureKind;
use crate::machine::{Checkpoint, Input, Settings};

use super::harness::Bench;
use super::shown::{FLOW, SESSION, answered, asking, failed, finished, run, shown, waiting_at};
use super::words::{failure, kind};

fn stores(settings: &mut Settings) {
    settings.stores_answers = true;
}

/// What a process left behind that ended while the outcome of its answer was unknown.
fn left_behind() -> Checkpoint {
    let (bench, _) = Bench::reconciling();
    Checkpoint::parse(&bench.machine.checkpoint().to_text()).unwrap()
}

fn restored() -> Bench {
    Bench::restored(|_| (), left_behind())
}

#[test]
fn a_checkpoint_holds_the_ids_and_survives_its_text_form() {
    let bench = Bench::asking();
    let checkpoint = bench.machine.checkpoint();
    assert_eq!(checkpoint.live_flow_id().as_str(), FLOW);
    assert_eq!(checkpoint.session_id().as_str(), SESSION);
    assert_eq!(checkpoint.to_text().parse::<Checkpoint>().unwrap(), checkpoint);
}

#[test]
fn saves_are_numbered_also_across_a_restart() {
    let mut bench = Bench::with(stores);
    bench.read(&asking());
    let first = bench.unsaved().unwrap();
    bench.answer("1000");
    let second = bench.unsaved().unwrap();
    assert!(second.number() > first.number());
    let mut bench = Bench::restored(stores, second.clone());
    bench.read(&answered("1000"));
    assert!(bench.unsaved().unwrap().number() > second.number());
}

#[test]
fn without_a_store_the_numbers_of_checkpoints_rise_as_well() {
    let mut bench = Bench::asking();
    let first = bench.machine.checkpoint().number();
    bench.read(&answered("999"));
    assert!(bench.machine.checkpoint().number() > first);
}

#[test]
fn a_prompt_announced_or_closed_is_saved() {
    let mut bench = Bench::with(stores);
    bench.read(&asking());
    assert!(bench.unsaved().is_some(), "announced");
    bench.read(&asking());
    assert!(bench.unsaved().is_none(), "nothing new");
    bench.read(&answered("999"));
    let text = bench.unsaved().expect("closed").to_text();
    assert!(text.contains("answered_elsewhere"), "{text}");
}

#[test]
fn a_session_is_saved_as_soon_as_it_has_been_seen_before_it_asks_anything() {
    let mut bench = Bench::with(stores);
    assert!(bench.unsaved().is_none(), "it may not exist");
    bench.read(&shown("RUNNING"));
    assert_eq!(bench.unsaved().unwrap().session_id().as_str(), SESSION);
    bench.read(&shown("RUNNING"));
    assert!(bench.unsaved().is_none(), "nothing new");
}

#[test]
fn without_a_store_nothing_is_unsaved_or_forgotten() {
    let (mut bench, _) = Bench::reconciling();
    bench.read(&finished("1000"));
    assert!(bench.unsaved().is_none() && !bench.is_to_be_forgotten());
}

#[test]
fn a_session_that_has_ended_is_forgotten_by_the_store() {
    let mut bench = Bench::asking_with(stores);
    bench.read(&finished("999"));
    assert!(bench.is_to_be_forgotten());
    assert!(!bench.is_to_be_forgotten(), "once");
}

#[test]
fn a_watch_that_was_closed_is_not_forgotten_by_the_store() {
    let mut bench = Bench::asking_with(stores);
    bench.tell(Input::Close);
    assert!(!bench.is_to_be_forgotten());
}

#[test]
fn an_answer_that_came_to_its_end_is_no_longer_kept() {
    let (mut bench, _) = Bench::sending_with(stores);
    bench.attempt(Ok(None));
    assert!(!bench.unsaved().unwrap().to_text().contains("1000"));
}

#[test]
fn an_answer_whose_caller_was_told_that_its_outcome_is_unknown_is_no_longer_kept() {
    let (mut bench, call) = Bench::sending_with(stores);
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    let anew = run("ask", "WAITING_FOR_USER_INPUT").asks("Really?");
    bench.read(&waiting_at(anew).updated(20));
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert!(!bench.unsaved().unwrap().to_text().contains("1000"));
}

#[test]
fn an_answer_that_was_refused_is_no_longer_kept() {
    let (mut bench, call) = Bench::sending_with(stores);
    bench.attempt(Err(failure(FailureKind::Status(403))));
    assert_eq!(kind(&bench.error(call)), "PermissionDenied");
    assert!(!bench.unsaved().unwrap().to_text().contains("1000"));
}

#[test]
fn an_answer_that_is_settled_after_the_end_leaves_nothing_in_the_store() {
    let (mut bench, call) = Bench::sending_with(stores);
    bench.cancel();
    bench.cancel_attempt(Ok(Some(failed().session())));
    assert!(!bench.is_to_be_forgotten(), "the answer is still on the wire");
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert!(bench.is_to_be_forgotten());
    assert!(bench.unsaved().is_none());
}

#[test]
fn an_unknown_answer_at_close_stays_in_the_store() {
    let (mut bench, call) = Bench::sending_with(stores);
    bench.attempt(Err(failure(FailureKind::NoStatus)));
    bench.tell(Input::Close);
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    assert!(bench.unsaved().is_none(), "a restart finds out what came of it");
}

#[test]
fn after_a_restart_an_open_prompt_is_announced_again_in_its_words_and_round() {
    let mut bench = Bench::asking();
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget in dollars?");
    bench.read(&waiting_at(ask).updated(11));
    assert_eq!(bench.prompt().round, 1);
    let mut again = Bench::restored(|_| (), bench.machine.checkpoint());
    assert_eq!(again.events(), Vec::<String>::new(), "nothing is known before the first read");
    let ask = run("ask", "WAITING_FOR_USER_INPUT").asks("Budget in dollars?");
    again.read(&waiting_at(ask).updated(11));
    assert_eq!(again.events().last().unwrap(), "requested ask/1 Budget in dollars?");
}

#[test]
fn after_a_restart_an_answer_of_unknown_outcome_is_still_known_to_be_ours() {
    let (mut bench, call) = Bench::reconciling_with(|settings| settings.resend_answers = false);
    bench.read_for(60.0, &asking());
    assert_eq!(kind(&bench.error(call)), "OutcomeUnknown");
    let restored = || {
        let mut again = Bench::restored(|_| (), bench.machine.checkpoint());
        again.read(&asking());
        again.events();
        again
    };
    let mut again = restored();
    again.read(&answered("1000"));
    assert_eq!(again.events()[0], "closed ask/0 Answered");
    let mut again = restored();
    again.read(&asking().updated(11));
    assert_eq!(again.events(), ["closed ask/0 Unknown", "requested ask/1 Budget?"]);
}

#[test]
fn after_a_restart_a_closed_prompt_that_a_lagging_service_shows_is_not_announced() {
    let (mut bench, _) = Bench::sending();
    bench.attempt(Ok(Some(asking().session())));
    let mut again = Bench::restored(|_| (), bench.machine.checkpoint());
    again.read(&asking());
    assert!(!again.events().iter().any(|event| event.starts_with("requested")));
}

#[test]
fn after_a_restart_a_snapshot_older_than_what_was_known_is_stale() {
    let mut bench = Bench::asking();
    bench.read(&answered("999"));
    let mut again = Bench::restored(|_| (), bench.machine.checkpoint());
    again.read(&asking());
    assert_eq!(again.events(), Vec::<String>::new());
    again.read(&answered("999"));
    assert_eq!(again.events().last().unwrap(), "status nothing -> RUNNING");
}

#[test]
fn after_a_restart_an_end_is_told_again() {
    let mut bench = Bench::asking();
    bench.read(&finished("999"));
    let mut again = Bench::restored(|_| (), bench.machine.checkpoint());
    again.read(&finished("999"));
    assert_eq!(again.events().last().unwrap(), "finished");
}

#[test]
fn a_restored_answer_that_arrived_is_told_to_nobody() {
    let mut bench = restored();
    bench.read(&answered("1000"));
    let events = bench.events();
    assert!(!events.iter().any(|event| event.starts_with("unresolved")), "{events:?}");
    bench.read_for(60.0, &answered("1000"));
    assert_eq!(bench.sent(), None);
}

#[test]
fn a_restored_answer_is_looked_for_at_once() {
    let mut bench = restored();
    assert!(bench.wants_read());
    bench.read(&asking());
}

#[test]
fn a_restored_answer_that_stays_unseen_for_the_grace_from_the_restart_is_unresolved() {
    let mut bench = restored();
    bench.read_for(44.9, &asking());
    assert!(!bench.events().iter().any(|event| event.starts_with("unresolved")));
    bench.read_for(1.0, &asking());
    assert_eq!(bench.events(), ["unresolved ask/0 1000"]);
    bench.read_for(60.0, &asking());
    assert_eq!(bench.sent(), None, "it is never sent again");
}

#[test]
fn a_restored_answer_that_somebody_else_gave_differently_is_unresolved() {
    let mut bench = restored();
    bench.read(&answered("999"));
    assert_eq!(bench.events()[0], "unresolved ask/0 1000");
}

#[test]
fn a_restored_answer_whose_session_ended_without_it_is_unresolved_before_the_end_is_told() {
    let mut bench = restored();
    bench.read(&failed());
    let events = bench.events();
    assert_eq!(events[0], "unresolved ask/0 1000");
    assert_eq!(events.last().unwrap(), "failed");
}

#[test]
fn a_restored_answer_whose_prompt_changed_is_unresolved_and_the_new_round_announced() {
    let mut bench = restored();
    bench.read(&asking().updated(11));
    let events = bench.events();
    assert_eq!(events[0], "unresolved ask/0 1000");
    assert_eq!(events.last().unwrap(), "requested ask/1 Budget?");
}

#[test]
fn another_answer_to_a_prompt_whose_restored_answer_is_unresolved_has_to_wait() {
    let mut bench = restored();
    bench.read(&asking());
    let call = bench.answer("1000");
    assert_eq!(kind(&bench.error(call)), "InvalidRequest");
    bench.read_for(46.0, &asking());
    let again = bench.answer("2000");
    assert_eq!(bench.until_sent(&asking()).text, "2000");
    assert_eq!(bench.result_if_any(again), None);
}

/// What the store would have in the end.
fn newest_unsaved(bench: &mut Bench) -> Checkpoint {
    std::iter::from_fn(|| bench.unsaved()).last().expect("something is to be stored")
}

#[test]
fn an_unresolved_answer_is_kept_until_a_consumer_has_been_told() {
    let mut bench = Bench::restored(stores, left_behind());
    bench.read_for(60.0, &asking());
    let untold = newest_unsaved(&mut bench);
    // The process ends before anybody has asked for events.
    let mut again = Bench::restored(stores, Checkpoint::parse(&untold.to_text()).unwrap());
    again.read(&asking());
    assert!(again.events().contains(&"unresolved ask/0 1000".to_owned()));
    assert!(again.machine.checkpoint().to_text().contains("1000"), "it may end right now");
    again.tell(Input::UnresolvedTold { number: 1 });
    let told = newest_unsaved(&mut again);
    let mut after = Bench::restored(stores, told);
    after.read_for(60.0, &asking());
    assert!(!after.events().iter().any(|event| event.starts_with("unresolved")), "told already");
    assert_eq!(after.sent(), None);
}

#[test]
fn a_session_that_has_ended_is_not_forgotten_before_a_consumer_was_told_what_is_unresolved() {
    let mut bench = Bench::restored(stores, left_behind());
    bench.read(&failed());
    assert!(!bench.is_to_be_forgotten());
    let mut again = Bench::restored(stores, newest_unsaved(&mut bench));
    again.read(&failed());
    assert!(!again.is_to_be_forgotten() && !again.machine.is_done());
    newest_unsaved(&mut again);
    assert!(again.events().contains(&"unresolved ask/0 1000".to_owned()));
    again.tell(Input::UnresolvedTold { number: 1 });
    assert!(again.is_to_be_forgotten());
    assert!(again.unsaved().is_none());
}

#[test]
fn an_answer_that_was_stored_but_not_sent_is_of_unknown_outcome_too() {
    let mut bench = Bench::asking_with(stores);
    bench.answer("1000");
    let stored = bench.unsaved().unwrap();
    let mut again = Bench::restored(stores, stored);
    again.read_for(60.0, &asking());
    assert_eq!(again.sent(), None);
    let events = again.events();
    assert!(events.contains(&"unresolved ask/0 1000".to_owned()), "{events:?}");
}

#[test]
fn a_restored_answer_that_shows_up_after_it_was_given_up_is_known_to_be_ours() {
    let mut bench = restored();
    bench.read_for(60.0, &asking());
    bench.events();
    bench.read(&answered("1000"));
    assert_eq!(bench.events()[0], "closed ask/0 Answered");
}

#[test]
fn a_checkpoint_of_another_version_is_refused_and_says_so() {
    let text = Bench::asking().machine.checkpoint().to_text();
    let newer = text.replace("\"version\":1", "\"version\":2");
    assert_ne!(newer, text);
    let error = Checkpoint::parse(&newer).unwrap_err();
    assert_eq!(kind(&error), "InvalidRequest");
    assert!(error.to_string().contains("version 2"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_refused_and_says_so() {
    let text = left_behind().to_text();
    let bad_id = text.replace(SESSION, "../../etc");
    for damaged in ["", "{}", "null", "not json", &text[..text.len() / 2], &bad_id] {
        let error = Checkpoint::parse(damaged).unwrap_err();
        assert_eq!(kind(&error), "InvalidRequest");
        assert!(error.to_string().contains("checkpoint"), "{error}");
    }
}

#[test]
fn what_a_consumer_has_been_told_is_news_once() {
    let mut unresolved = crate::machine::unresolved::UnresolvedAnswers::default();
    assert!(unresolved.told(1));
    assert!(!unresolved.told(1));
    assert!(unresolved.told(2));
}

#[test]
fn what_a_look_shows_of_the_checkpoint_follows_the_answer() {
    let mut bench = Bench::asking();
    let call = bench.answer("1000");
    assert!(bench.machine.look().checkpoint.to_text().contains("1000"));
    bench.tell(Input::GiveUp { call });
    assert!(!bench.machine.look().checkpoint.to_text().contains("1000"));
}
