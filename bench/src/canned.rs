//! Sessions as the service would show them, ready to be sent: of a given size, and in any number of
//! versions that differ in a few bytes.

use std::ops::Range;

/// The flow that every canned session is a run of.
pub const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";

/// What the session's id, its time and its progress are written over.
const ID: &str = "00000000-0000-4000-8000-00000000feed";
const UPDATED: &str = "2026-05-01T00:00:00.0000007Z";
const PROGRESS: &str = "progress 0000000042";

/// One session's JSON with places for what changes.
#[derive(Debug, Clone)]
pub struct Canned {
    template: Vec<u8>,
    ids: Vec<Range<usize>>,
    updated: Vec<Range<usize>>,
    progress: Vec<Range<usize>>,
}

/// The id of a canned session.
pub fn session_id(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-00000000feed")
}

impl Canned {
    /// Five steps, 3.6 KB.
    pub fn small() -> Self {
        Self::new(5, 3_600)
    }

    /// Fifty steps, 100 KB.
    pub fn large() -> Self {
        Self::new(50, 100_000)
    }

    /// A session that is at the last of so many steps, of so many bytes (at least what they need).
    pub fn new(steps: usize, bytes: usize) -> Self {
        let shortest = json(steps, 0).len();
        // Results of earlier steps are what makes sessions long.
        let per_step = bytes.saturating_sub(shortest) / (steps - 1).max(1);
        let template = json(steps, per_step).into_bytes();
        Self {
            ids: places(&template, ID),
            updated: places(&template, UPDATED),
            progress: places(&template, PROGRESS),
            template,
        }
    }

    /// One session in one version. A later version has a later `updated_at`.
    pub fn body(&self, number: u32, version: u32) -> Vec<u8> {
        let mut body = self.template.clone();
        let mut write = |places: &[Range<usize>], text: &str| {
            for place in places {
                body[place.clone()].copy_from_slice(text.as_bytes());
            }
        };
        write(&self.ids, &session_id(number));
        if version > 0 {
            let (minute, second) = (version / 60 % 1440, version % 60);
            let (hour, minute) = (minute / 60, minute % 60);
            write(&self.updated, &format!("2026-05-02T{hour:02}:{minute:02}:{second:02}.0000007Z"));
            write(&self.progress, &format!("progress {version:010}"));
        }
        body
    }

    /// A list of so many of them.
    pub fn list(&self, count: u32) -> Vec<u8> {
        let bodies: Vec<_> = (0..count).map(|number| self.body(number, 0)).collect();
        [b"[".as_slice(), &bodies.join(b",".as_slice()), b"]"].concat()
    }
}

fn places(template: &[u8], text: &str) -> Vec<Range<usize>> {
    let text = text.as_bytes();
    let is_here = |at: &usize| template[*at..].starts_with(text);
    (0..template.len()).filter(is_here).map(|at| at..at + text.len()).collect()
}

fn json(steps: usize, result: usize) -> String {
    let flow_steps: Vec<_> = (0..steps).map(|n| step(n, true)).collect();
    let transitions: Vec<_> = (1..steps)
        .map(|n| {
            let (from, to) = (uuid(n - 1, 'b'), uuid(n, 'b'));
            format!(
                r#"{{"id":"{}","source_step_id":"{from}","target_step_id":"{to}"}}"#,
                uuid(n, 'c')
            )
        })
        .collect();
    let runs: Vec<_> = (0..steps).map(|n| run(n, steps, result)).collect();
    format!(
        r#"{{"id":"{ID}","live_flow_id":"{FLOW}","steps_count":{steps},"inputs":{{"company":"ACME"}},"error":null,"status":"RUNNING","flow_version":{{"id":"{}","flow_id":"{FLOW}","steps":[{}],"step_transitions":[{}]}},"created_at":"2026-05-01T00:00:00Z","updated_at":"{UPDATED}","current_step":{},"steps":[{}]}}"#,
        uuid(0, 'a'),
        flow_steps.join(","),
        transitions.join(","),
        runs[steps - 1],
        runs.join(","),
    )
}

fn step(n: usize, with_template: bool) -> String {
    let template = if with_template { r#","prompt_template":{"type":"text"}"# } else { "" };
    format!(r#"{{"id":"{}","name":"step_{n}","step_type":"LLM"{template}}}"#, uuid(n, 'b'))
}

fn run(n: usize, steps: usize, result: usize) -> String {
    let (status, result, updated) = if n + 1 == steps {
        ("RUNNING", PROGRESS.to_owned(), UPDATED)
    } else {
        ("FINISHED", "word ".chars().cycle().take(result).collect(), "2026-05-01T00:00:00Z")
    };
    format!(
        r#"{{"id":"{}","status":"{status}","prompt":{{"type":"text","text":"Do step {n}"}},"result":"{result}","error":null,"user_input":null,"step":{},"created_at":"2026-05-01T00:00:00Z","updated_at":"{updated}"}}"#,
        uuid(n, 'd'),
        step(n, false),
    )
}

fn uuid(n: usize, kind: char) -> String {
    format!("{n:08x}-0000-4000-8000-00000000{kind:0>4}")
}

#[cfg(test)]
mod tests {
    use liveflow::LiveFlowId;
    use liveflow::internals::benching::{decode, decode_list};

    use super::*;

    #[test]
    fn canned_sessions_have_their_size_and_their_versions() {
        let flow = LiveFlowId::parse(FLOW).unwrap();
        for (canned, bytes, steps) in [(Canned::small(), 3_600, 5), (Canned::large(), 100_000, 50)]
        {
            let size = canned.body(1, 0).len();
            assert!(size.abs_diff(bytes) < 60, "{size} instead of {bytes}");
            let [old, new] = [0, 7].map(|version| decode(&canned.body(9, version), &flow).unwrap());
            assert_eq!(old.id.as_str(), session_id(9));
            assert_eq!((old.steps.len(), new.steps.len()), (steps, steps));
            assert!(new.updated_at > old.updated_at);
            let changed: Vec<_> = (0..steps).filter(|n| old.steps[*n] != new.steps[*n]).collect();
            assert_eq!(changed, [steps - 1], "the running step and nothing else");
        }
    }

    #[test]
    fn a_list_is_as_long_as_it_should_be() {
        let flow = LiveFlowId::parse(FLOW).unwrap();
        let list = Canned::small().list(20);
        assert_eq!(decode_list(list.chunks(1000), &flow, 1 << 20), Some(20));
    }
}
