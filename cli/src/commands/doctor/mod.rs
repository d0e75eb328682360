//! `liveflow doctor`: finds out what is wrong with the set-up.
//!
//! It changes nothing at the service: it asks for a session that cannot exist, and for the methods
//! that a path takes.
#![allow(clippy::doc_markdown, reason = "its comment is a help text: backticks would be shown")]

mod endpoints;
mod finding;
mod local;
mod service;

use clap::Args;
use liveflow::{ClientConfig, Secret};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Code, Failure};
use crate::output::{print, text};
use finding::{Finding, Verdict};

/// Check key, address, clock, TLS and endpoint settings, and say what is wrong.
///
/// The key is looked for in --api-key-file, TRUESTATE_API_KEY, TRUESTATE_API_KEY_FILE, the
/// configuration file's api_key_file and its api_key, in this order; other commands ask for it at the
/// terminal if there is none. It is never an argument, because those stay in the shell's history.
///
/// Nothing is changed at the service.
#[derive(Args)]
pub(crate) struct Doctor {
    /// Also check that this flow is there: its id, the address of its page, or a name from the
    /// configuration file
    flow: Option<String>,
    /// The findings as JSON, one a line
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let mut is_sound = true;
        let mut tell = |finding: Finding| {
            is_sound &= finding.verdict != Verdict::Wrong;
            self.tell(&finding);
        };
        let settings = match context.settings() {
            Ok(settings) => settings,
            Err(failure) => {
                tell(Finding::wrong("configuration", failure.message));
                return Err(Failure::told(Code::Usage));
            }
        };
        tell(local::config_file(settings));
        let (key, finding) = local::key(settings);
        let has_key = key.is_some();
        tell(finding);
        // Without a key all the rest can still be looked at.
        let config = settings.client(key.unwrap_or_else(|| Secret::from("none")));
        let config = match config.and_then(|config| Ok(config.validate().map(|()| config)?)) {
            Ok(config) => config,
            Err(failure) => {
                tell(Finding::wrong("settings", failure.message));
                return Err(Failure::told(Code::Usage));
            }
        };
        tell(local::state_dir(context, &config)?);
        let flow = self.flow.as_deref().map(|flow| settings.flow(flow)).transpose()?;
        if reach(&config, &mut tell).await && has_key {
            for finding in service::key_and_flow(&config, flow.as_ref()).await {
                tell(finding);
            }
        }
        if is_sound { Ok(()) } else { Err(Failure::told(Code::Error)) }
    }

    fn tell(&self, finding: &Finding) {
        if self.json {
            let line = json!({
                "check": finding.check,
                "verdict": finding.verdict.word(),
                "message": finding.message,
                "advice": finding.advice,
            });
            print(&text::json(&line.to_string()));
        } else {
            print(&finding.line());
        }
    }
}

/// Whether the service answers at all, and what it says of itself.
async fn reach(config: &ClientConfig, tell: &mut impl FnMut(Finding)) -> bool {
    let answer = match service::knock(config).await {
        Ok(answer) => answer,
        Err(finding) => {
            tell(finding);
            return false;
        }
    };
    tell(answer.reached);
    tell(answer.clock);
    for finding in endpoints::check(config, &answer.client).await {
        tell(finding);
    }
    true
}
