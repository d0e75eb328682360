//! `liveflow completions`: for shells.

use std::io;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::arguments::Cli;

/// Print the completions for a shell.
///
/// For bash: liveflow completions bash > ~/.local/share/bash-completion/completions/liveflow
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn perform(&self) {
        clap_complete::generate(self.shell, &mut Cli::command(), "liveflow", &mut io::stdout());
    }
}
