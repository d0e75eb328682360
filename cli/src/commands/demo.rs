//! `liveflow demo`: a shipped flow on a service inside this process.

use clap::{Args, ValueEnum};
use liveflow::{Client, ClientConfig, Json, ProxyConfig};
use liveflow_simulator::Simulator;

use super::Shown;
use crate::answers::{AnswerOptions, Answers};
use crate::context::Context;
use crate::exit::{Code, Failure};

/// Run a shipped flow on a service inside this process: no account, no set-up.
///
/// Nothing leaves this computer, and neither the environment nor the configuration file is looked
/// at.
#[derive(Args)]
pub(crate) struct Demo {
    /// What to run
    #[arg(value_enum, default_value_t = Flow::Lead)]
    flow: Flow,
    /// Answer the questions by itself
    #[arg(long)]
    non_interactive: bool,
    /// The service runs this many times as fast as real time
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    speed: f64,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    answers: AnswerOptions,
}

/// The flows that the simulator ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Flow {
    /// Qualifies a lead; asks for budget and timeline
    Lead,
    /// Researches a company; asks nothing
    Research,
    /// Moderates a text; a reviewer decides
    Moderation,
}

impl Flow {
    fn name(self) -> &'static str {
        match self {
            Self::Lead => "Lead qualification",
            Self::Research => "Company research",
            Self::Moderation => "Content moderation",
        }
    }

    fn inputs(self) -> &'static str {
        match self {
            Self::Lead | Self::Research => r#"{"company": "ACME"}"#,
            Self::Moderation => r#"{"text": "I sell a bicycle, as good as new."}"#,
        }
    }

    /// What the demo answers by itself.
    fn answers(self) -> &'static [&'static str] {
        match self {
            Self::Lead => &["ask_budget=100000", "ask_timeline=next month"],
            Self::Research => &[],
            Self::Moderation => &["ask_reviewer=yes"],
        }
    }
}

impl Demo {
    pub(crate) async fn perform(mut self, context: &Context) -> Result<(), Failure> {
        let simulator = Simulator::builder()
            .speed(self.speed)
            .start()
            .await
            .map_err(|error| Failure::new(Code::Error, error.to_string()))?;
        let flows = simulator.flows();
        let flow = flows.iter().find(|(_, name)| name == self.flow.name());
        let (id, name) = flow.ok_or_else(|| Failure::new(Code::Error, "the flow is missing"))?;
        let mut config = ClientConfig::new(simulator.api_key());
        config.base_url = simulator.base_url().to_owned();
        config.proxy = ProxyConfig::Direct;
        if let Some(timeout) = self.shown.timeout {
            config.watch_limit = timeout;
        }
        if self.non_interactive {
            self.answers.add(self.flow.answers());
        }
        if !self.shown.json && !self.shown.quiet {
            eprintln!("{name}, on a service inside this process; nothing leaves this computer\n");
        }
        let inputs = Json::parse(self.flow.inputs())?;
        let live = Client::new(config)?.start(id.to_string(), inputs).await?;
        let answers = Answers::new(&self.answers, context.lines());
        let result = self.shown.follow(&live, Some(&answers), true).await;
        simulator.stop().await;
        result
    }
}
