//! The command line.
#![allow(clippy::doc_markdown, reason = "these comments are help texts: backticks would be shown")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::exit::CODES;

/// Run TrueState Live Flow sessions from a terminal or a script.
///
/// A FLOW is the flow's id, the address of its page
/// (https://platform.truestate.io/live-flows/…), or a name from the configuration file. Without an
/// account: liveflow demo.
#[derive(Parser)]
#[command(name = "liveflow", version, after_help = CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How to reach the service. The key is never an argument: see `liveflow doctor --help`.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The configuration file [default: liveflow/config.toml in the user's configuration folder]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "LIVEFLOW_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// Where the service is [default: https://api.truestate.io]
    #[arg(long, global = true, value_name = "URL", env = "TRUESTATE_HOST", hide_env_values = true)]
    pub(crate) base_url: Option<String>,
    /// The organisation's id [env: TRUESTATE_ORGANISATION_ID or TRUESTATE_ORGANISATION]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) organisation: Option<String>,
    /// A file that holds the API key [env: TRUESTATE_API_KEY holds the key, TRUESTATE_API_KEY_FILE
    /// the file]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Where checkpoints of followed sessions are kept
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "LIVEFLOW_STATE_DIR",
        hide_env_values = true
    )]
    pub(crate) state_dir: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a session, follow it, answer its questions, print its result
    Run(commands::run::Run),
    /// Look on as sessions proceed; several in a live table
    Watch(commands::watch::Watch),
    /// Go on with sessions that were being followed, from their checkpoints
    Resume(commands::resume::Resume),
    /// List the sessions of a flow
    Sessions(commands::sessions::Sessions),
    /// Show one session: steps, questions and answers, result
    Show(commands::show::Show),
    /// Answer what a session asks
    Answer(commands::answer::Answer),
    /// Cancel sessions
    Cancel(commands::cancel::Cancel),
    /// Run a shipped flow on a service inside this process: no account, no set-up
    Demo(commands::demo::Demo),
    /// Run a local Live Flow service to try things out and test against
    Simulate(commands::simulate::Simulate),
    /// Check key, address, clock, TLS and endpoint settings, and say what is wrong
    Doctor(commands::doctor::Doctor),
    /// Print the completions for a shell
    Completions(commands::completions::Completions),
    /// Print the manual page, or write all of them to a folder
    Man(commands::man::Man),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
