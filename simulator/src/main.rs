//! The `liveflow-simulator` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use liveflow_simulator::command;

/// A local Live Flow service, for trying out, demonstrating and testing.
///
/// The first line on standard output is JSON with `base_url`, `control_url`, `api_key` and `flows`.
#[derive(Parser)]
#[command(version)]
struct Command {
    #[command(flatten)]
    arguments: command::Arguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command { arguments } = Command::parse();
    match command::run(&arguments, command::announce).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("liveflow-simulator: {error}");
            ExitCode::from(command::exit_code(&*error))
        }
    }
}
