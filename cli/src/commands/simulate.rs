//! `liveflow simulate`: a local Live Flow service.

use std::io::{self, IsTerminal as _};

use clap::Args;
use console::style;
use liveflow_simulator::{Simulator, command};

use crate::exit::{Code, Failure};
use crate::output::{print, text};

/// Run a local Live Flow service to try things out and test against.
///
/// Where standard output is not a terminal, its first line is JSON with `base_url`, `control_url`,
/// `api_key` and `flows`.
#[derive(Args)]
pub(crate) struct Simulate {
    #[command(flatten)]
    arguments: command::Arguments,
}

impl Simulate {
    pub(crate) async fn perform(self) -> Result<(), Failure> {
        let announce = |simulator: &Simulator| {
            if io::stdout().is_terminal() {
                introduce(simulator);
                Ok(())
            } else {
                command::announce(simulator)
            }
        };
        command::run(&self.arguments, announce).await.map_err(|error| {
            let code = if command::exit_code(&*error) == 2 { Code::Usage } else { Code::Error };
            Failure::new(code, error.to_string())
        })
    }
}

fn introduce(simulator: &Simulator) {
    print(&format!("a Live Flow service listens at {}", style(simulator.base_url()).bold()));
    print("\nin another terminal:");
    print(&format!("  export TRUESTATE_HOST={}", simulator.base_url()));
    print(&format!("  export TRUESTATE_API_KEY={}", simulator.api_key()));
    let flows = simulator.flows();
    if let Some((id, _)) = flows.first() {
        print(&format!("  liveflow run {id}"));
    }
    print("\nflows:");
    for (id, name) in flows {
        print(&format!("  {id}  {}", text::line(&name)));
    }
    print("\nCtrl-C stops it.\n");
}
