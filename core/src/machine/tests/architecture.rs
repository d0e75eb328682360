//! `docs/architecture.md` against the code: its diagrams against the tables that every step is looked
//! up in, its numbers against the defaults.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::config::{ClientConfig, PollingConfig, RetryConfig};
use crate::machine::stages::{ANSWER, CANCEL, CREATE, Ways};

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/architecture.md");
    std::fs::read_to_string(path).expect("docs/architecture.md can be read")
}

/// The ways that the diagram under this heading draws.
fn drawn(document: &str, heading: &str) -> BTreeSet<(String, String)> {
    let section = document.split_once(&format!("\n### {heading}\n")).expect(heading).1;
    let diagram = section
        .split_once("```mermaid\nstateDiagram-v2\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("the section has a state diagram")
        .0;
    diagram
        .lines()
        .filter_map(|line| line.split_once("-->"))
        .map(|(from, to)| {
            // What follows a colon says why.
            let to = to.split(':').next().unwrap_or_default();
            (from.trim().to_owned(), to.trim().to_owned())
        })
        .filter(|(from, _)| from != "[*]")
        .map(|(from, to)| (from, to.replace("[*]", "End")))
        .collect()
}

#[track_caller]
fn assert_same(heading: &str, ways: Ways) {
    let known: BTreeSet<(String, String)> =
        ways.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    assert_eq!(known.len(), ways.len(), "a way stands twice in the table of {heading}");
    let drawn = drawn(&document(), heading);
    let missing: Vec<_> = known.difference(&drawn).collect();
    let invented: Vec<_> = drawn.difference(&known).collect();
    assert!(missing.is_empty(), "not drawn under {heading:?}: {missing:?}");
    assert!(invented.is_empty(), "drawn under {heading:?}, but no such way: {invented:?}");
}

#[test]
fn the_diagram_of_an_answer_is_its_table() {
    assert_same("An answer", ANSWER);
}

#[test]
fn the_diagram_of_a_cancel_is_its_table() {
    assert_same("A cancel", CANCEL);
}

#[test]
fn the_diagram_of_a_create_is_its_table() {
    assert_same("A create", CREATE);
}

fn words(span: Duration) -> String {
    match span.as_millis() {
        millis if millis < 1000 => format!("{millis} ms"),
        _ => format!("{} s", span.as_secs()),
    }
}

#[test]
fn the_numbers_of_the_schedule_are_the_defaults() {
    let polling = PollingConfig::default();
    let retry = RetryConfig::default();
    let config = ClientConfig::new("key");
    let (running, waiting) = (
        (words(polling.running_min), words(polling.running_max)),
        (words(polling.waiting_min), words(polling.waiting_max)),
    );
    let document = document();
    for said in [
        format!("| `running_min`, `running_max` | {}, {} |", running.0, running.1),
        format!("| `waiting_min`, `waiting_max` | {}, {} |", waiting.0, waiting.1),
        format!("| `growth` | {} |", polling.growth),
        format!("| `jitter` | {} |", polling.jitter),
        format!("| `initial_backoff` | {} |", words(retry.initial_backoff)),
        format!("| `multiplier` | {} |", retry.multiplier),
        format!("| `max_backoff` | {} |", words(retry.max_backoff)),
        format!("`watch_limit` ({} h,", config.watch_limit.as_secs() / 3600),
    ] {
        assert!(document.contains(&said), "docs/architecture.md does not say {said:?}");
    }
}
