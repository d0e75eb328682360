use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;
use crate::session::{Prompt, Session, StatusAliases, StepRun, decode_session, prompt_text};

/// Decoding a session: `data` is the body of an answer.
pub fn session(data: &[u8]) {
    let (flow, asked_for) = asked();
    let aliases = StatusAliases::default();
    let named = decode_session(data, &flow, Some(&asked_for), &aliases);
    let unnamed = decode_session(data, &flow, None, &aliases);
    match (&named, unnamed) {
        (Ok(named), Ok(unnamed)) => assert_eq!(*named, unnamed, "the id that stands there counts"),
        (Ok(named), Err(_)) => assert_eq!(named.id, asked_for, "an id out of nowhere"),
        (Err(why), unnamed) => {
            assert!(why.to_string().len() < 300, "a reason longer than a person reads: {why}");
            assert_eq!(unnamed.as_ref(), Err(why), "less is asked of an answer that has an id");
        }
    }
    if let Ok(session) = &named {
        check(session, data);
        let again =
            decode_session(session.raw_json.as_str().as_bytes(), &flow, Some(&asked_for), &aliases);
        assert_eq!(again.as_ref(), Ok(session), "what was kept says something else");
    }
}

pub(super) fn asked() -> (LiveFlowId, SessionId) {
    let flow = LiveFlowId::parse("f6a0e47b-23ca-471a-83da-1ed29e2c1dbe");
    let session = SessionId::parse("11111111-2222-3333-4444-555555555555");
    (flow.expect("a UUID"), session.expect("a UUID"))
}

/// What holds for every session that is taken.
pub(super) fn check(session: &Session, body: &[u8]) {
    assert_eq!(session.raw_json.as_str().as_bytes(), body.trim_ascii(), "not a byte is lost");
    assert_eq!(session.id.as_str().len(), 36);
    let progress = session.progress();
    assert!(progress.done <= progress.known);
    assert_eq!(session.failure().is_some(), session.require_output().is_err());
    for exchange in session.transcript() {
        assert!(session.steps.iter().any(|step| step.id == exchange.run_id));
    }
    let current = session.current_step.as_ref();
    assert!(current.is_none_or(|step| session.run(&step.id) == Some(step)));
    let runs: Vec<&StepRun> = session.runs().collect();
    assert!(
        session.steps.iter().chain(current).all(|step| runs.iter().any(|run| run.id == step.id))
    );
    for run in runs {
        for json in [&run.prompt, &run.result, &run.user_input, &run.error].into_iter().flatten() {
            check_json(json);
        }
        if let Some(raw) = &run.prompt {
            let _ = prompt_text(raw);
            let prompt = Prompt::of(run, 0);
            assert_eq!(prompt.text, prompt_text(raw));
        }
    }
}

/// A value's forms agree with one another.
fn check_json(json: &Json) {
    assert!(json.means_the_same(json));
    let text = json.to_text();
    match json.to_value() {
        serde_json::Value::String(said) => assert_eq!(text, said),
        value => {
            let compact = Json::parse(&text).expect("the compact form is JSON");
            assert_eq!(compact.to_value(), value, "spaces mean nothing");
        }
    }
}
