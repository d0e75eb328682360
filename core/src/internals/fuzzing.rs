//! What the fuzzers run: each target takes any bytes, and asserts what must hold for them.
//!
//! `fuzz/` hands these to libFuzzer. Here they are run over the corpus that it found, so that what
//! it once reached is reached by every test run.

mod checkpoints;
mod ids;
mod list;
mod session;

pub use checkpoints::checkpoint;
pub use ids::ids;
pub use list::list;
pub use session::session;

pub use crate::machine::tests::thrown::machine;
pub use crate::service::fuzzing::{errors, headers};

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Runs a target over its corpus, and over nothing at all.
    fn replay(target: &str, run: impl Fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
        let mut files: Vec<_> =
            corpus.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() > 10, "the corpus of {target} is missing");
        run(b"");
        for file in files {
            let data = std::fs::read(&file).unwrap();
            println!("{}", file.display());
            run(&data);
        }
    }

    macro_rules! replays {
        ($($target:ident)*) => { $(
            mod $target {
                #[test]
                fn the_corpus_is_fine() {
                    super::replay(stringify!($target), super::super::$target);
                }
            }
        )* };
    }
    replays! { checkpoint errors headers ids list machine session }
}
