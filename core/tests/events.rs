//! What consumers are told: in order, once, at their own pace.

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use common::*;
use futures_util::future::join_all;
use liveflow::{Events, SessionEvent, SessionStatus, Taken};
use liveflow_simulator::{Call, Fault, FaultRule};

/// Fails unless these are, together, one consumer's whole story.
fn assert_whole_story(events: &[SessionEvent]) {
    let mut status = None;
    let mut open = Vec::new();
    let mut asked = HashSet::new();
    let mut is_lost = false;
    for (at, event) in events.iter().enumerate() {
        let comes_last = at + 1 == events.len();
        assert_eq!(event.is_terminal(), comes_last, "one end, and it comes last: {events:#?}");
        match event {
            SessionEvent::StatusChanged { previous, current } => {
                assert_eq!(*previous, status, "{events:#?}");
                assert_ne!(Some(*current), status, "{events:#?}");
                status = Some(*current);
            }
            SessionEvent::PromptRequested { prompt } => {
                let key = (prompt.run_id.clone(), prompt.round);
                assert!(asked.insert(key.clone()), "asked twice: {events:#?}");
                open.push(key);
            }
            SessionEvent::PromptClosed { prompt, .. } => {
                let key = (prompt.run_id.clone(), prompt.round);
                let at = open.iter().position(|open| *open == key);
                open.remove(at.unwrap_or_else(|| panic!("not open: {events:#?}")));
            }
            SessionEvent::ConnectionLost { .. } => assert!(!std::mem::replace(&mut is_lost, true)),
            SessionEvent::ConnectionRestored => assert!(std::mem::replace(&mut is_lost, false)),
            _ => {}
        }
    }
    assert!(open.is_empty(), "each prompt that was asked is closed: {events:#?}");
}

/// The finished steps that were told, in order.
fn finished_steps(events: &[SessionEvent]) -> Vec<String> {
    let name = |event: &SessionEvent| match event {
        SessionEvent::StepChanged { step } if step.status == SessionStatus::Finished => {
            step.name.clone()
        }
        _ => None,
    };
    events.iter().filter_map(name).collect()
}

const ALL_STEPS: [&str; 10] =
    ["start", "step1", "step2", "step3", "step4", "step5", "step6", "step7", "step8", "end"];

#[tokio::test]
async fn steps_and_statuses_come_in_order_and_the_end_comes_last() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let events = rest(&live.events()).await;
    assert_whole_story(&events);
    assert_eq!(finished_steps(&events), ALL_STEPS);
    assert!(matches!(events.last(), Some(SessionEvent::Finished { .. })));
}

#[tokio::test]
async fn who_comes_late_is_told_the_present_and_then_what_follows() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (live, _, prompt) = asked(&client, TWICE).await;
    within(live.answer(&prompt, "one")).await.unwrap();
    let late = live.events();
    let second = common::prompt(&late).await;
    assert_eq!(second.step_name.as_deref(), Some("second"), "the first is answered already");
    within(live.answer(&second, "two")).await.unwrap();
    within(live.wait(None)).await.unwrap();
    let after_the_end = rest(&live.events()).await;
    assert_whole_story(&after_the_end);
    assert_eq!(finished_steps(&after_the_end), ["start", "first", "second", "end"]);
    assert!(
        !after_the_end.iter().any(|event| matches!(event, SessionEvent::PromptRequested { .. })),
        "nobody is shown a prompt that is answered"
    );
}

#[tokio::test]
async fn a_slow_consumer_misses_no_finished_step() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let slow = live.events();
    let first = within(slow.next()).await.unwrap();
    within(live.wait(None)).await.unwrap();
    let mut all = vec![first];
    all.extend(rest(&slow).await);
    assert_whole_story(&all);
    assert_eq!(finished_steps(&all), ALL_STEPS);
}

#[tokio::test]
async fn taking_does_not_wait_and_finds_nothing_twice() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let (_live, events, prompt) = asked(&client, ASK).await;
    assert_eq!(events.take(), Taken::NothingYet, "{prompt:?} is told once");
}

#[tokio::test]
async fn each_consumer_is_told_the_whole_story_whatever_the_others_do() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(LEADS, inputs()).await.unwrap();
    let (quick, slow, leaving) = (live.events(), live.events(), live.events());
    let answering = async {
        let mut all = Vec::new();
        while let Some(event) = within(quick.next()).await {
            if let SessionEvent::PromptRequested { prompt } = &event {
                within(live.answer(prompt, "100000")).await.unwrap();
            }
            all.push(event);
        }
        all
    };
    let dawdling = async {
        let mut all = Vec::new();
        while let Some(event) = within(slow.next()).await {
            all.push(event);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        all
    };
    let going = async {
        within(leaving.next()).await.unwrap();
        drop(leaving);
    };
    let (quick, slow, ()) = tokio::join!(answering, dawdling, going);
    for story in [&quick, &slow] {
        assert_whole_story(story);
        assert_eq!(finished_steps(story), finished_steps(&quick));
    }
}

#[tokio::test]
async fn callers_of_next_event_share_one_place() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let collect = |live: liveflow::LiveSession| async move {
        let mut mine = Vec::new();
        while let Some(event) = within(live.next_event()).await {
            mine.push(event);
            tokio::task::yield_now().await;
        }
        mine
    };
    let shares = join_all([collect(live.clone()), collect(live.clone()), collect(live)]).await;
    let steps: Vec<_> = shares.iter().flat_map(|share| finished_steps(share)).collect();
    let different: HashSet<_> = steps.iter().cloned().collect();
    assert_eq!(steps.len(), different.len(), "each event goes to one of them: {steps:?}");
    assert_eq!(different.len(), ALL_STEPS.len(), "and none is lost");
    let ends = shares.iter().flatten().filter(|event| event.is_terminal()).count();
    assert_eq!(ends, 1);
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Pulls with all the impatience there is: each pull is dropped after a random moment.
async fn pull_impatiently(events: &Events, seed: u64) -> Vec<SessionEvent> {
    let mut numbers = Numbers(seed);
    let mut all = Vec::new();
    loop {
        let patience = Duration::from_micros(numbers.below(3000));
        if numbers.below(2) == 0 {
            match tokio::time::timeout(patience, events.next()).await {
                Ok(Some(event)) => all.push(event),
                Ok(None) => return all,
                Err(_) => {}
            }
        } else if tokio::time::timeout(patience, events.ready()).await.is_ok() {
            // The two halves of a pull, as language bindings use them.
            match events.take() {
                Taken::Event(event) => all.push(*event),
                Taken::NothingYet => {}
                Taken::End => return all,
            }
        }
    }
}

#[tokio::test]
async fn pulls_that_are_dropped_at_random_moments_lose_nothing() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let one = |seed: u64| {
        let client = client.clone();
        async move {
            let live = within(client.start(STEPS, inputs())).await.unwrap();
            let story = within(pull_impatiently(&live.events(), seed)).await;
            assert_whole_story(&story);
            assert_eq!(finished_steps(&story), ALL_STEPS, "seed {seed}");
        }
    };
    join_all((1..=100).map(one)).await;
}

#[tokio::test]
async fn the_end_comes_exactly_once_to_each_of_many_sessions() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let one = |number: usize| {
        let client = client.clone();
        async move {
            let flow = [QUICK, STEPS, FAILS][number % 3];
            let live = within(client.start(flow, inputs())).await.unwrap();
            let (first, second) = (live.events(), live.events());
            let (first, second) = tokio::join!(rest(&first), rest(&second));
            assert_whole_story(&first);
            assert_whole_story(&second);
            assert!(within(live.events().next()).await.is_some(), "a new consumer is told as well");
        }
    };
    join_all((0..60).map(one)).await;
}

#[tokio::test]
async fn a_status_nobody_knows_is_shown_in_its_own_word_and_is_never_an_end() {
    let simulator = simulator().await;
    let word = Fault::UnknownStatus { word: "PAUSED_BY_ADMIN".to_owned() };
    fault(&simulator, FaultRule::new(Call::GetSession, word).times(3));
    let client = client(&simulator);
    let live = client.start(STEPS, inputs()).await.unwrap();
    let events = live.events();
    until(&events, |event| match event {
        SessionEvent::StatusChanged { current: SessionStatus::Unrecognised, .. } => Some(()),
        _ => None,
    })
    .await;
    let story = rest(&events).await;
    assert!(matches!(story.last(), Some(SessionEvent::Finished { .. })), "{story:?}");
    fault(
        &simulator,
        FaultRule::new(Call::GetSession, Fault::UnknownStatus { word: "ODD".to_owned() }),
    );
    let live = client.start(STEPS, inputs()).await.unwrap();
    eventually("the word is shown", || {
        live.snapshot().is_some_and(|session| session.raw_status == "ODD")
    })
    .await;
}

#[tokio::test]
async fn reads_that_show_an_older_state_are_not_believed() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let stale = FaultRule::new(Call::GetSession, Fault::StaleRead { changes: 2 }).probability(0.4);
    fault(&simulator, stale);
    let one = || async {
        let live = within(client.start(STEPS, inputs())).await.unwrap();
        let story = rest(&live.events()).await;
        assert_whole_story(&story);
        let statuses = story.iter().filter_map(|event| match event {
            SessionEvent::StatusChanged { current, .. } => Some(*current),
            _ => None,
        });
        assert!(
            statuses.is_sorted_by_key(|status| match status {
                SessionStatus::Ready => 0,
                SessionStatus::Running => 1,
                _ => 2,
            }),
            "{story:#?}"
        );
        let steps = finished_steps(&story);
        let different: HashSet<_> = steps.iter().collect();
        assert_eq!(steps.len(), different.len(), "no step finishes twice: {steps:?}");
    };
    join_all((0..10).map(|_| one())).await;
}

#[tokio::test]
async fn who_does_not_listen_costs_nothing_but_the_polls() {
    let simulator = simulator().await;
    let client = client(&simulator);
    let live = Arc::new(client.start(STEPS, inputs()).await.unwrap());
    let _never_pulled = live.events();
    let session = within(live.wait(None)).await.unwrap();
    assert_eq!(session.status, SessionStatus::Finished);
    assert_eq!(live.snapshot().unwrap().status, SessionStatus::Finished);
}
