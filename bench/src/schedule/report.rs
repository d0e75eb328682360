//! The figures of every schedule, as JSON.

use liveflow::PollingConfig;
use serde_json::{Value, json};

use super::mixture::Mixture;
use super::optimum::Optimum;
use super::play::{Figures, Outcome, play};
use super::policy::{AWS, Fixed, GOOGLE, Policy, Shipped};
use super::trace::{Band, Step, sessions};

/// The bands in which nobody but the service is waited for.
const AUTOMATIC: [Band; 3] = [Band::Tool, Band::Llm, Band::Long];

/// Plays every schedule and gives the figures.
pub(crate) fn report(polling: PollingConfig) -> Value {
    let sessions = sessions();
    // What nobody waits for a person in: schedules are matched on it, which hours of polls of a person
    // would only make slow.
    let automatic: Vec<Vec<Step>> = sessions
        .iter()
        .map(|steps| steps.iter().copied().filter(|step| step.band != Band::Human).collect())
        .collect();
    let mean = |policy: &dyn Policy| play(&automatic, policy).of(&AUTOMATIC).mean;
    let shipped = Shipped(polling);
    let goal = mean(&shipped);
    // The longest fixed interval, and the least that a second of delay is worth to the optimum, with
    // no more delay on average than the shipped schedule has.
    let matched = Fixed(bisect(0.02, 120.0, |interval| mean(&Fixed(interval)) <= goal));
    let mixture = Mixture::of_the_trace();
    let optimum = |price| Optimum::at_price(price, &mixture);
    let price = bisect(200.0, 0.02, |price| mean(&optimum(price)) <= goal);
    let optimum = optimum(price);
    let policies: [(String, &dyn Policy); 8] = [
        ("shipped".to_owned(), &shipped),
        (format!("fixed {:.2} s, the same mean delay", matched.0), &matched),
        ("optimum for the known mixture".to_owned(), &optimum),
        ("fixed 0.5 s".to_owned(), &Fixed(0.5)),
        ("fixed 1 s".to_owned(), &Fixed(1.0)),
        ("fixed 5 s".to_owned(), &Fixed(5.0)),
        ("Google, 5 s × 1.5 up to 45 s".to_owned(), &GOOGLE),
        ("AWS, 2 s × 2 up to 120 s, jittered".to_owned(), &AWS),
    ];
    let rows: Vec<Value> =
        policies.iter().map(|(name, policy)| row(name, &play(&sessions, *policy))).collect();
    json!({ "rows": rows, "sessions": sessions.len(), "changes": changes(&sessions) })
}

fn changes(sessions: &[Vec<Step>]) -> usize {
    sessions.iter().map(Vec::len).sum()
}

fn row(name: &str, outcome: &Outcome) -> Value {
    let bands: serde_json::Map<String, Value> = Band::ALL
        .iter()
        .map(|band| (band.name().to_owned(), figures(&outcome.of(&[*band]))))
        .collect();
    json!({
        "name": name,
        "bands": bands,
        "automatic": figures(&outcome.of(&AUTOMATIC)),
        "with_human": figures(&outcome.of(&Band::ALL)),
        "share_p95_over_4_s": outcome.of_steps_over(4.0).share(0.95),
    })
}

fn figures(of: &Figures) -> Value {
    json!({
        "looks": of.looks,
        "looks_per_change": of.looks_per_change(),
        "mean": of.mean,
        "p50": of.delay(0.5),
        "p95": of.delay(0.95),
        "share_p50": of.share(0.5),
        "share_p95": of.share(0.95),
    })
}

/// The value nearest to `far` that still is fine, found between it and `fine`, which is.
fn bisect(mut fine: f64, mut far: f64, is_fine: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..16 {
        let middle = (fine * far).sqrt();
        if is_fine(middle) { fine = middle } else { far = middle }
    }
    fine
}
