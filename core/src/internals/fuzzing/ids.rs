use crate::error::LiveFlowError;
use crate::ids::{LiveFlowId, SessionId, StepRunId};
use crate::service::fuzzing::path_of_a_read;

/// Reading ids from what people paste: `data` is the text.
pub fn ids(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (flow, session) = (LiveFlowId::parse(&text), SessionId::parse(&text));
    match &flow {
        Ok(id) => {
            check(id.as_str(), &text);
            assert_eq!(LiveFlowId::parse(id.as_str()).as_ref(), Ok(id));
        }
        Err(error) => check_error(error, "live_flow_id"),
    }
    match &session {
        Ok(id) => {
            check(id.as_str(), &text);
            assert_eq!(SessionId::parse(id.as_str()).as_ref(), Ok(id));
        }
        Err(error) => check_error(error, "session_id"),
    }
    if let (Ok(flow), Ok(session)) = (flow, session) {
        let path = format!("/v1/live_flows/{flow}/sessions/{session}/");
        assert_eq!(path_of_a_read(&flow, &session), path, "an id leads elsewhere");
    }
    assert_eq!(StepRunId::new(&*text).as_str(), text, "a run's id is taken as it is");
}

/// It is in its one form, and it stands in what was given.
fn check(id: &str, text: &str) {
    assert_eq!(id.len(), 36);
    assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-')), "{id}");
    // Line breaks within an address mean nothing.
    let text = text.to_ascii_lowercase().replace(['\t', '\n', '\r'], "");
    assert!(text.contains(id), "{id} was made up");
}

fn check_error(error: &LiveFlowError, name: &str) {
    let LiveFlowError::InvalidRequest { argument, .. } = error else { panic!("{error:?}") };
    assert_eq!(argument.as_deref(), Some(name));
    assert!(error.to_string().len() < 1000, "a reason longer than a person reads");
}
