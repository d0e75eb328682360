//! `liveflow man`: manual pages.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::arguments::Cli;
use crate::exit::Failure;

/// Print the manual page, or write all of them to a folder.
///
/// To read it: liveflow man | man -l -
#[derive(Args)]
pub(crate) struct Man {
    /// Write a page for the command and for each subcommand to this folder
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl Man {
    pub(crate) fn perform(&self) -> Result<(), Failure> {
        match &self.directory {
            Some(directory) => {
                std::fs::create_dir_all(directory)?;
                clap_mangen::generate_to(Cli::command(), directory)?;
            }
            None => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?,
        }
        Ok(())
    }
}
