//! The `liveflow` command.
#![forbid(unsafe_code)]

mod answers;
mod arguments;
mod checkpoints;
mod commands;
mod context;
mod exit;
mod follow;
mod inputs;
mod output;
mod settings;
mod stop;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Cli, Command};
use context::Context;
use exit::Failure;
use stop::Stop;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let stop = match Stop::listen() {
        Ok(stop) => stop,
        Err(error) => return ended(&Failure::from(error)),
    };
    let context = Context::new(cli.connection);
    let result = tokio::select! {
        result = perform(cli.command, &context) => result,
        code = stop.asked() => Err(stopped(code, &context)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ended(&failure),
    }
}

async fn perform(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Run(run) => run.perform(context).await,
        Command::Watch(watch) => watch.perform(context).await,
        Command::Resume(resume) => resume.perform(context).await,
        Command::Sessions(sessions) => sessions.perform(context).await,
        Command::Show(show) => show.perform(context).await,
        Command::Answer(answer) => answer.perform(context).await,
        Command::Cancel(cancel) => cancel.perform(context).await,
        Command::Demo(demo) => demo.perform(context).await,
        Command::Simulate(simulate) => simulate.perform().await,
        Command::Doctor(doctor) => doctor.perform(context).await,
        Command::Completions(completions) => {
            completions.perform();
            Ok(())
        }
        Command::Man(man) => man.perform(),
    }
}

/// Stopped by a signal: only this command ends.
fn stopped(code: exit::Code, context: &Context) -> Failure {
    let how = context.how_to_go_on();
    if !how.is_empty() {
        eprintln!("\nstopped watching; nothing was cancelled");
    }
    for (what, command) in how {
        eprintln!("  {what:<9} {command}");
    }
    Failure::told(code)
}

fn ended(failure: &Failure) -> ExitCode {
    failure.tell();
    failure.code.into()
}
