//! The local service that a scenario is played against, driven over HTTP as any language would.

use std::time::Duration;

use liveflow_simulator::Simulator;
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Result};
use crate::http::request;
use crate::scenario::{PreparedSession, ServiceStatus};

/// The id of an inline flow that has none.
const FLOW_ID: &str = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11";

/// How often the player looks whether something has come about.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A speed at which the service's clock as good as stands still.
pub(crate) const STANDSTILL: f64 = 0.000_001;

pub(crate) struct Service {
    simulator: Simulator,
}

impl Service {
    pub(crate) async fn start() -> Result<Self> {
        let simulator = Simulator::builder().start().await.map_err(broken)?;
        Ok(Self { simulator })
    }

    pub(crate) fn base_url(&self) -> &str {
        self.simulator.base_url()
    }

    pub(crate) fn api_key(&self) -> &str {
        self.simulator.api_key()
    }

    /// Makes sure of the flow, and gives its id.
    pub(crate) async fn put_flow(&self, flow: &Value) -> Result<String> {
        if let Some(name) = flow.as_str() {
            return match name {
                "lead-qualification" => Ok("f6a0e47b-23ca-471a-83da-1ed29e2c1dbe".to_owned()),
                "company-research" => Ok("0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11".to_owned()),
                "content-moderation" => Ok("5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64".to_owned()),
                name => Err(Failure::invalid(format!("no flow {name:?} is shipped"))),
            };
        }
        let id = flow["id"].as_str().unwrap_or(FLOW_ID).to_owned();
        self.control("PUT", &format!("flows/{id}"), Some(flow)).await?;
        Ok(id)
    }

    /// Makes a session out of band and brings it where it should be.
    pub(crate) async fn prepare(&self, flow: &str, session: &PreparedSession) -> Result<String> {
        let path = format!("/live_flows/{flow}/sessions/");
        let body = json!({"inputs": session.inputs});
        let (url, key) = (self.base_url(), Some(self.api_key()));
        let created = request("POST", url, &path, key, Some(&body)).await.map_err(broken)?.body;
        let id = created["id"]
            .as_str()
            .ok_or_else(|| Failure::invalid(format!("a session was not created: {created}")))?;
        let mut answers = session.answers.iter();
        loop {
            let status = self.status(id).await?;
            if status == session.until {
                return Ok(id.to_owned());
            }
            match status {
                _ if session.until == ServiceStatus::Failed && !status.is_end() => {
                    self.advance(id, Some("failed by the scenario")).await?;
                }
                ServiceStatus::Ready | ServiceStatus::Running
                    if session.until != ServiceStatus::Ready =>
                {
                    self.advance(id, None).await?;
                }
                ServiceStatus::Waiting if answers.len() > 0 => {
                    let answer = answers.next().map(|text| json!(text)).unwrap_or_default();
                    self.answer(id, &answer).await?;
                }
                _ => {
                    let problem = format!("a session is {status:?}, not {:?}", session.until);
                    return Err(Failure::invalid(problem));
                }
            }
        }
    }

    /// A session's status, whatever the status words.
    pub(crate) async fn status(&self, session: &str) -> Result<ServiceStatus> {
        let journal = self.control("GET", &format!("journal?session={session}"), None).await?;
        serde_json::from_value(journal["sessions"][0]["status"].clone())
            .map_err(|_| Failure::invalid(format!("the service has no session {session}")))
    }

    pub(crate) async fn journal(&self) -> Result<Value> {
        self.control("GET", "journal", None).await
    }

    pub(crate) async fn clear_journal(&self) -> Result<()> {
        self.control("DELETE", "journal", None).await.map(drop)
    }

    pub(crate) async fn add_faults(&self, faults: &[Value]) -> Result<()> {
        self.control("POST", "faults", Some(&json!(faults))).await.map(drop)
    }

    pub(crate) async fn clear_faults(&self) -> Result<()> {
        self.control("DELETE", "faults", None).await.map(drop)
    }

    pub(crate) async fn set(&self, settings: &Map<String, Value>) -> Result<()> {
        self.control("PUT", "settings", Some(&json!(settings))).await.map(drop)
    }

    pub(crate) async fn clock(&self, change: &Value) -> Result<()> {
        self.control("PUT", "clock", Some(change)).await.map(drop)
    }

    pub(crate) async fn advance(&self, session: &str, fail: Option<&str>) -> Result<()> {
        let body = fail.map(|error| json!({"fail": error}));
        let path = format!("sessions/{session}/advance");
        self.control("POST", &path, body.as_ref()).await.map(drop)
    }

    pub(crate) async fn answer(&self, session: &str, answer: &Value) -> Result<()> {
        let path = format!("sessions/{session}/answer");
        self.control("POST", &path, Some(&json!({"answer": answer}))).await.map(drop)
    }

    pub(crate) async fn drop_connections(&self, how: Option<&str>) -> Result<()> {
        let body = how.map(|how| json!({"how": how}));
        self.control("POST", "drop_connections", body.as_ref()).await.map(drop)
    }

    pub(crate) async fn listen(&self, how: &Value) -> Result<()> {
        self.control("PUT", "listening", Some(how)).await.map(drop)
    }

    async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let full_path = format!("/_simulator/{path}");
        let url = self.simulator.control_url();
        let answer = request(method, url, &full_path, None, body).await.map_err(broken)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let problem = format!("the service refused {path}: {} {}", answer.status, answer.body);
        Err(Failure::invalid(problem))
    }
}

impl ServiceStatus {
    fn is_end(self) -> bool {
        matches!(self, Self::Finished | Self::Failed)
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::invalid(format!("the local service: {error}"))
}
