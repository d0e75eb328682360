//! Plays the conformance scenarios on the Rust crate, on nothing but its public API.

mod action;
mod calls;
mod check;
mod config;
mod consumer;
mod failure;
mod forms;
mod host;
mod http;
mod judge;
mod pattern;
mod perform;
mod play;
mod render;
mod rules;
mod scenario;
mod selftest;
mod sequence;
mod service;
mod stage;
mod watching;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::StreamExt;
use futures_util::stream;

use scenario::Scenario;

/// Plays conformance scenarios on the Rust crate.
#[derive(Parser)]
#[command(name = "liveflow-conformance")]
struct Arguments {
    /// Plays a self-test folder: everything in it is wrong in a certain way, which must be noticed
    #[arg(long)]
    selftest: bool,
    /// Plays only the scenario of this name; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// How many are played at the same time
    #[arg(long, value_name = "N", default_value_t = 4)]
    jobs: usize,
    /// Names what would be played
    #[arg(long)]
    list: bool,
    /// The folder; by default the shipped scenarios, or the shipped self-test
    directory: Option<PathBuf>,
}

/// One thing to be played, and how.
#[derive(Clone)]
struct Piece {
    name: String,
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Scenario,
    MustFail,
    Recording,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let pieces = match pieces(&arguments) {
        Ok(pieces) => pieces,
        Err(problem) => {
            eprintln!("liveflow-conformance: {problem}");
            return ExitCode::from(2);
        }
    };
    if arguments.list {
        for piece in &pieces {
            println!("{}", piece.name);
        }
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("liveflow-conformance: no runtime: {error}");
            return ExitCode::from(2);
        }
    };
    let failed = runtime.block_on(play_all(&pieces, arguments.jobs.max(1)));
    println!("{} passed, {failed} failed", pieces.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays everything, prints a line for each, and gives the number of failures.
async fn play_all(pieces: &[Piece], jobs: usize) -> usize {
    let played = stream::iter(pieces.to_vec())
        .map(|piece| async move {
            let begun = Instant::now();
            let name = piece.name.clone();
            // A task of its own, so that a panic of the player is a failure of one scenario.
            let result = tokio::spawn(async move { piece.play().await }).await;
            let result = result.unwrap_or_else(|error| Err(format!("the player: {error}")));
            (name, result, begun.elapsed())
        })
        .buffered(jobs);
    let mut played = std::pin::pin!(played);
    let mut failed = 0;
    while let Some((name, result, took)) = played.next().await {
        failed += usize::from(result.is_err());
        print(&name, &result, took);
    }
    failed
}

fn print(name: &str, result: &Result<(), String>, took: Duration) {
    let seconds = took.as_secs_f64();
    match result {
        Ok(()) => println!("ok    {name} ({seconds:.1} s)"),
        Err(report) => {
            println!("FAIL  {name} ({seconds:.1} s)\n  {}", report.replace('\n', "\n  "));
        }
    }
}

impl Piece {
    async fn play(self) -> Result<(), String> {
        match self.kind {
            Kind::Scenario => match Scenario::load(&self.path) {
                Ok(scenario) => play::play(scenario).await.map_err(|failure| failure.to_string()),
                Err(failure) => Err(failure.to_string()),
            },
            Kind::MustFail => selftest::must_fail(&self.path).await,
            Kind::Recording => selftest::recording(&self.path),
        }
    }
}

/// What the arguments ask for, or why that is nothing.
fn pieces(arguments: &Arguments) -> Result<Vec<Piece>, String> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = |name: &str| arguments.directory.clone().unwrap_or_else(|| shipped.join(name));
    let mut pieces = if arguments.selftest {
        let folder = folder("selftest");
        let mut pieces = files(&folder.join("scenarios"), Kind::MustFail)?;
        pieces.extend(files(&folder.join("recordings"), Kind::Recording)?);
        pieces
    } else {
        files(&folder("scenarios"), Kind::Scenario)?
    };
    for name in &arguments.only {
        if !pieces.iter().any(|piece| piece.name == *name) {
            return Err(format!("there is no {name:?}"));
        }
    }
    if !arguments.only.is_empty() {
        pieces.retain(|piece| arguments.only.contains(&piece.name));
    }
    if pieces.is_empty() {
        return Err("there is nothing to play".to_owned());
    }
    Ok(pieces)
}

fn files(directory: &Path, kind: Kind) -> Result<Vec<Piece>, String> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut pieces = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", directory.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            pieces.push(Piece { name, path, kind });
        }
    }
    pieces.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(pieces)
}
