//! The configuration file, as it is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::exit::Failure;
use crate::output::time::parse_span;

/// Everything that the file may hold; what it leaves out keeps its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "they are the words that people write")]
pub(crate) struct File {
    pub(crate) api_key: Option<String>,
    pub(crate) api_key_file: Option<String>,
    pub(crate) organisation_id: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) state_dir: Option<String>,
    pub(crate) checkpoints: Option<bool>,
    pub(crate) watch_limit: Option<Span>,
    pub(crate) resend_answers: Option<bool>,
    pub(crate) verify_before_answer: Option<bool>,
    pub(crate) answer_grace: Option<Span>,
    pub(crate) max_staleness: Option<Span>,
    pub(crate) adopt_created: Option<bool>,
    pub(crate) correlation_member: Option<String>,
    pub(crate) recreate_when_unseen: Option<bool>,
    pub(crate) max_retry_after: Option<Span>,
    pub(crate) max_concurrent_requests: Option<u32>,
    pub(crate) requests_per_second: Option<f64>,
    pub(crate) max_body_bytes: Option<u64>,
    pub(crate) proxy: Option<String>,
    pub(crate) extra_root_certificates: Vec<String>,
    pub(crate) allow_insecure_http: Option<bool>,
    pub(crate) user_agent_suffix: Option<String>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Retry,
    pub(crate) polling: Polling,
    pub(crate) endpoints: Endpoints,
    pub(crate) status_aliases: BTreeMap<String, Status>,
    pub(crate) flows: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Timeouts {
    pub(crate) connect: Option<Span>,
    pub(crate) request: Option<Span>,
    pub(crate) total: Option<Span>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retry {
    pub(crate) initial_backoff: Option<Span>,
    pub(crate) max_backoff: Option<Span>,
    pub(crate) multiplier: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Polling {
    pub(crate) running_min: Option<Span>,
    pub(crate) running_max: Option<Span>,
    pub(crate) waiting_min: Option<Span>,
    pub(crate) waiting_max: Option<Span>,
    pub(crate) growth: Option<f64>,
    pub(crate) jitter: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Endpoints {
    pub(crate) create_body: Option<CreateBody>,
    pub(crate) add_user_input: Option<Endpoint>,
    pub(crate) user_input_member: Option<String>,
    pub(crate) cancel_session: Option<Endpoint>,
    pub(crate) list_page_size: Option<u32>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CreateBody {
    Wrapped,
    Bare,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoint {
    pub(crate) method: Option<Method>,
    pub(crate) path: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Ready,
    Running,
    WaitingForUserInput,
    Finished,
    Failed,
}

/// Written as `"10s"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_span(&text).map(Self).map_err(D::Error::custom)
    }
}

/// Reads the file; what is wrong with it is told with its place.
pub(crate) fn read(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("the configuration file {}: {error}", path.display()))
    })?;
    parse(&text).map_err(|problem| {
        Failure::usage(format!("the configuration file {}: {problem}", path.display()))
    })
}

/// Errors name the place and what was expected, and never quote the file: it may hold the key.
fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| {
            text.get(..span.start).unwrap_or(text).bytes().filter(|byte| *byte == b'\n').count() + 1
        });
        let place = line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{place}{}", error.message().trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_read_whole() {
        let page = include_str!("../../../docs/cli.md");
        let (_, after) = page.split_once("```toml\n").expect("an example");
        let (example, _) = after.split_once("```").expect("its end");
        // Its lines are commented out, as they show the defaults.
        let live: String = example
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let file = parse(&live).unwrap();
        assert!(file.endpoints.add_user_input.is_some_and(|it| it.path.is_some()));
        assert!(file.polling.growth.is_some());
        assert!(!file.flows.is_empty());
        assert!(!file.status_aliases.is_empty());
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_without_the_text() {
        for (text, part) in [
            ("base_url = 7", "line 1: invalid type"),
            ("\nbase_ulr = \"x\"", "line 2: unknown field `base_ulr`"),
            ("[timeouts]\nrequest = \"soon\"", "line 2: \"soon\" is not a span"),
            ("[status_aliases]\nPAUSED = \"asleep\"", "line 2: unknown variant `asleep`"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
        let problem = parse("api_key = secret-key").unwrap_err();
        assert!(!problem.contains("secret-key"), "{problem}");
    }
}
