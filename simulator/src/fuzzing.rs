//! What the fuzzer runs: it takes any bytes, and asserts what must hold for them.

use uuid::Uuid;

use crate::clock::ServiceTime;
use crate::flow::{Flow, Following, Root, Scope};

/// Reading a flow file: `data` is its text.
pub fn flow(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Flow::parse(&text, Some(Uuid::from_u128(7)), ServiceTime::EPOCH) {
        Ok(flow) => check(&flow),
        Err(invalid) => {
            let line = text.split('\n').nth(invalid.line - 1);
            // An empty last line has a place after it.
            assert!(line.is_some() || text.is_empty(), "no such line: {invalid}");
            let columns = line.map_or(0, str::len) + 1;
            assert!((1..=columns).contains(&invalid.column), "no such column: {invalid}");
            assert!(!invalid.message.is_empty());
        }
    }
}

/// What every session of a flow that was taken relies on.
fn check(flow: &Flow) {
    assert!(flow.start < flow.steps.len());
    let version = flow.version.value();
    let shown = version["steps"].as_array().map_or(0, Vec::len);
    assert_eq!(shown, flow.steps.len(), "every step is shown");
    for step in &flow.steps {
        assert!(step.duration.min <= step.duration.max);
        for template in [&step.prompt, &step.result].into_iter().flatten() {
            let _ = template.render(&Nothing);
        }
        if let Following::Step(next) = step.after.choose(&Nothing) {
            assert!(next < flow.steps.len());
        }
    }
}

/// A session of which nothing is known yet.
struct Nothing;

impl Scope for Nothing {
    fn value_of(&self, _: Root) -> Option<serde_json::Value> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// What the fuzzer once reached is reached by every test run.
    #[test]
    fn the_corpus_is_fine() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/flow");
        let files: Vec<_> = corpus.read_dir().unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 10, "the corpus is missing");
        super::flow(b"");
        for file in files {
            println!("{}", file.display());
            super::flow(&std::fs::read(&file).unwrap());
        }
    }
}
