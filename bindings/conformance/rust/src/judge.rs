//! Whether what came is what was expected.

use std::fmt::Write;

use serde_json::Value;

use crate::failure::{Failure, Reason, Result};
use crate::pattern::{Bound, Names, fits, same};
use crate::rules::{self, Recording};
use crate::scenario::{Requests, Told};
use crate::sequence::{Misfit, fit};
use crate::stage::Stage;

/// Compares everything, in the order of the format's reasons.
pub(crate) async fn judge(stage: &Stage) -> Result<()> {
    let journal = stage.service.journal().await?;
    let names = stage.names().await;
    rules(stage)?;
    consumers(stage, &names)?;
    sessions(stage, &journal, &names)?;
    for expected in &stage.scenario.expect.requests {
        requests(stage, expected, &journal, &names)?;
    }
    Ok(())
}

fn rules(stage: &Stage) -> Result<()> {
    let secrets = stage.secrets();
    let mut broken = Vec::new();
    for (name, consumer) in stage.consumers() {
        let events = consumer.events();
        let recording = Recording {
            events: &events,
            is_over: consumer.how == crate::consumer::How::Pulls && consumer.has_ended(),
            closed_after: consumer.closed_after(),
        };
        let mut found = rules::broken(&recording);
        found.extend(events.iter().flat_map(|event| rules::secret(event, &secrets)));
        broken.extend(found.into_iter().map(|it| format!("{} ({name}): {}", it.rule, it.by)));
    }
    for shown in stage.shown() {
        let found = rules::reason(&shown).into_iter().chain(rules::secret(&shown, &secrets));
        broken.extend(found.map(|it| format!("{}: {}", it.rule, it.by)));
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Reason::Rule, broken.join("\n")))
}

fn consumers(stage: &Stage, names: &Names) -> Result<()> {
    let expected = &stage.scenario.expect.consumers;
    let there = stage.consumers();
    for name in expected.keys() {
        if !there.iter().any(|(other, _)| other == name) {
            let report = format!("{name}: there was no such consumer");
            return Err(Failure::new(Reason::Consumers, report));
        }
    }
    for (name, consumer) in there {
        let Some(told) = expected.get(&name) else {
            let report = format!("{name}: nothing is expected of this consumer");
            return Err(Failure::new(Reason::Consumers, report));
        };
        compare(told, &consumer.events(), names)
            .map_err(|report| Failure::new(Reason::Consumers, format!("{name}: {report}")))?;
    }
    Ok(())
}

/// Compares what one consumer was told; the error is the report.
pub(crate) fn compare(told: &Told, events: &[Value], names: &Names) -> Result<(), String> {
    for pattern in &told.never {
        if let Some(event) =
            events.iter().find(|event| fits(pattern, event, names, &mut Bound::new()))
        {
            return Err(format!("never {pattern}\n  but it was told {event}"));
        }
    }
    let is_ignored =
        |event: &&Value| told.ignore.iter().any(|kind| event["event"].as_str() == Some(kind));
    let left: Vec<Value> = events.iter().filter(|event| !is_ignored(event)).cloned().collect();
    fit(&told.items, &left, names).map_err(|misfit| side_by_side(told, &left, &misfit))
}

fn side_by_side(told: &Told, events: &[Value], misfit: &Misfit) -> String {
    let mut report = "expected".to_owned();
    for item in &told.written {
        let _ = write!(report, "\n    {item}");
    }
    report.push_str("\n  but it was told");
    for (at, event) in events.iter().enumerate() {
        let mark = if at == misfit.events { "->" } else { "  " };
        let _ = write!(report, "\n {mark} {}", brief(event));
    }
    if misfit.events == events.len() {
        report.push_str("\n -> (nothing more)");
    }
    report
}

/// An event in a line: what tells it from others of its kind.
pub(crate) fn brief(event: &Value) -> String {
    let mut line = event["event"].as_str().unwrap_or("?").to_owned();
    let places = [
        "/previous",
        "/current",
        "/step/name",
        "/step/status",
        "/step/user_input",
        "/step/result",
        "/prompt/step_name",
        "/prompt/round",
        "/prompt/text",
        "/reason",
        "/text",
        "/error/kind",
        "/error/http_status",
        "/error/detail",
        "/session/status",
        "/session/output",
    ];
    for place in places {
        if let Some(value) = event.pointer(place).filter(|value| !value.is_null()) {
            let name = place.trim_start_matches('/').replace('/', ".");
            let _ = write!(line, " {name}={value}");
        }
    }
    line
}

fn sessions(stage: &Stage, journal: &Value, names: &Names) -> Result<()> {
    let expected = &stage.scenario.expect.sessions;
    let came = &journal["sessions"];
    if fits(expected, came, names, &mut Bound::new()) {
        return Ok(());
    }
    let report = format!("expected {expected}\n  but the service has {came}");
    Err(Failure::new(Reason::Sessions, report))
}

fn requests(stage: &Stage, expected: &Requests, journal: &Value, names: &Names) -> Result<()> {
    let failed = |problem: &str, shown: &[&Value]| {
        let mut report = format!("{}: {problem}", expected.filter);
        for request in shown {
            let _ = write!(
                report,
                "\n    {} {} ms {} {} {} status={} faults={}",
                request["number"],
                request["time_ms"],
                request["call"],
                request["method"],
                request["path"],
                request["status"],
                request["faults"],
            );
        }
        Err(Failure::new(Reason::Requests, report))
    };
    let after = expected.after.as_deref().map_or(Ok(0), |mark| stage.mark(mark))?;
    let before = expected.before.as_deref().map_or(Ok(u64::MAX), |mark| stage.mark(mark))?;
    let all: Vec<&Value> = journal["requests"].as_array().into_iter().flatten().collect();
    let number = |request: &Value| request["number"].as_u64().unwrap_or(0);
    let found: Vec<&Value> = all
        .iter()
        .copied()
        .filter(|request| number(request) > after && number(request) <= before)
        .filter(|request| fits(&expected.filter, request, names, &mut Bound::new()))
        .collect();
    let count = found.len();
    let is_wrong = expected.exactly.is_some_and(|exactly| count != exactly)
        || expected.at_least.is_some_and(|least| count < least)
        || expected.at_most.is_some_and(|most| count > most);
    if is_wrong {
        return failed(&format!("{count} requests"), &all);
    }
    for place in &expected.same {
        let members: Vec<&Value> = found.iter().map(|request| member(request, place)).collect();
        if members.iter().any(|value| value.is_null() || !same(value, members[0])) {
            return failed(&format!("{place} is not the same: {members:?}"), &found);
        }
    }
    let Some(then) = &expected.then else { return Ok(()) };
    let nth = expected.nth.unwrap_or(1);
    let Some(first) = nth.checked_sub(1).and_then(|at| found.get(at)) else {
        return failed(&format!("there is no such request number {nth}"), &all);
    };
    let next = all.iter().find(|request| {
        number(request) > number(first) && fits(then, request, names, &mut Bound::new())
    });
    let Some(next) = next else {
        return failed(&format!("no request {then} follows"), &all);
    };
    let time = |request: &Value| request["time_ms"].as_f64().unwrap_or(0.0);
    let pause = time(next) - time(first);
    if expected.pause_at_least_ms.is_some_and(|least| pause < least)
        || expected.pause_at_most_ms.is_some_and(|most| pause > most)
    {
        return failed(&format!("the pause was {pause} ms"), &[first, next]);
    }
    Ok(())
}

fn member<'a>(request: &'a Value, place: &str) -> &'a Value {
    place.split('.').fold(request, |value, name| &value[name])
}
