//! Proof that the checks bite: scenarios that must fail, and recordings that break a rule.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::judge::compare;
use crate::pattern::Names;
use crate::play::play;
use crate::rules::{Recording, broken, secret};
use crate::scenario::{Scenario, Told, load_json, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MustFail {
    because: String,
    contains: Option<String>,
    scenario: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    events: Vec<Value>,
    #[serde(default)]
    end: bool,
    closed_after: Option<usize>,
    #[serde(default)]
    secrets: Vec<String>,
    breaks: Option<String>,
    consumer: Option<Told>,
    fits: Option<bool>,
    #[serde(default)]
    sessions: BTreeMap<String, String>,
}

/// A scenario that must fail, for its reason.
pub(crate) async fn must_fail(path: &Path) -> Result<(), String> {
    let text = |failure: Failure| failure.to_string();
    let expected: MustFail = read(load_json(path).map_err(text)?).map_err(text)?;
    let failure = match Scenario::read(expected.scenario, None) {
        Err(failure) => failure,
        Ok(scenario) => match play(scenario).await {
            Err(failure) => failure,
            Ok(()) => return Err("it passed, and must not".to_owned()),
        },
    };
    let part = expected.contains.as_deref().unwrap_or_default();
    if failure.reason.as_str() == expected.because && failure.report.contains(part) {
        return Ok(());
    }
    Err(format!("it must fail with {:?}, {part:?}, but failed with {failure}", expected.because))
}

/// A recording that breaks a rule or not, or is compared with a consumer's expectation.
pub(crate) fn recording(path: &Path) -> Result<(), String> {
    let text = |failure: Failure| failure.to_string();
    let it: Recorded = read(load_json(path).map_err(text)?).map_err(text)?;
    if let Some(told) = &it.consumer {
        let names = Names { sessions: it.sessions.into_iter().collect(), flow: String::new() };
        let came = compare(told, &it.events, &names);
        return match (it.fits, came) {
            (Some(true), Err(report)) => Err(format!("it must fit, but: {report}")),
            (Some(false), Ok(())) => Err("it must not fit, but does".to_owned()),
            (None, _) => Err("a recording with a `consumer` has `fits`".to_owned()),
            _ => Ok(()),
        };
    }
    let recording =
        Recording { events: &it.events, is_over: it.end, closed_after: it.closed_after };
    let mut found: Vec<&str> = broken(&recording).iter().map(|broken| broken.rule).collect();
    found.extend(it.events.iter().flat_map(|e| secret(e, &it.secrets)).map(|broken| broken.rule));
    found.dedup();
    let expected: Vec<&str> = it.breaks.as_deref().into_iter().collect();
    if found == expected {
        return Ok(());
    }
    Err(format!("it must break {expected:?}, but breaks {found:?}"))
}
