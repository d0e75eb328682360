//! `liveflow show`: one session, as far as it has come.

use clap::Args;
use console::style;
use liveflow::{Session, SessionStatus};

use crate::context::Context;
use crate::exit::Failure;
use crate::output::{print, steps, text, time, value};

/// Show one session: steps, questions and answers, result.
#[derive(Args)]
pub(crate) struct Show {
    /// The flow: its id, the address of its page, or a name from the configuration file
    flow: String,
    /// The session's id
    session: String,
    /// The session on one line, as the service gave it
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Nothing but the result
    #[arg(long)]
    output: bool,
}

impl Show {
    pub(crate) async fn perform(self, context: &Context) -> Result<(), Failure> {
        let flow = context.flow(&self.flow)?;
        let session = context.client().await?.get_session(flow, &self.session).await?;
        if self.json {
            print(&text::json(&value::one_line(&session.raw_json)));
        } else if self.output {
            if let Some(output) = session.require_output()? {
                print(&value::readable(output));
            }
        } else {
            print(&describe(&session).join("\n"));
        }
        Ok(())
    }
}

fn describe(session: &Session) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: String| {
        lines.push(format!("{}  {value}", style(format!("{name:<8}")).dim()));
    };
    let progress = session.progress();
    fact("session", style(&session.id).bold().to_string());
    fact("flow", session.live_flow_id.to_string());
    fact(
        "status",
        format!(
            "{}, {} of {} steps done",
            steps::status_word(session.status, &session.raw_status, false),
            progress.done,
            progress.known
        ),
    );
    for (name, at) in [("began", session.created_at), ("changed", session.updated_at)] {
        if let Some(at) = at {
            fact(name, time::local(at));
        }
    }
    let mut section = |title: &str, rest: Vec<String>| {
        lines.push(String::new());
        lines.push(style(title).bold().to_string());
        lines.extend(rest.into_iter().map(|line| format!("  {line}")));
    };
    let text_of = |json| value::readable(json).lines().map(ToOwned::to_owned).collect();
    if let Some(inputs) = &session.inputs {
        section("Inputs", text_of(inputs));
    }
    if !session.steps.is_empty() {
        let of_steps = session.steps.iter().map(|step| steps::line(step, false)).collect();
        section("Steps", of_steps);
    }
    let transcript = session.transcript();
    if !transcript.is_empty() {
        let mut talk = Vec::new();
        for exchange in transcript {
            talk.extend(text::block(&exchange.question).lines().map(|it| format!("? {it}")));
            let answer = exchange.answer.as_deref().map(text::line);
            talk.push(answer.map_or_else(
                || style("  (waiting for an answer)").yellow().to_string(),
                |answer| format!("> {answer}"),
            ));
        }
        section("Questions", talk);
    }
    if session.status == SessionStatus::Failed {
        let error = steps::error_text(session.error.as_ref());
        section("Error", error.lines().map(ToOwned::to_owned).collect());
    } else if session.status == SessionStatus::Finished
        && let Some(output) = session.output()
    {
        section("Result", text_of(output));
    }
    lines
}
