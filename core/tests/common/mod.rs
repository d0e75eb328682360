//! What the tests over HTTP have in common: a simulator, and a client that is in a hurry.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::time::Duration;

use liveflow::{Client, ClientConfig, Events, Json, SessionEvent};
use liveflow_simulator::Simulator;

pub const LEADS: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";

pub async fn simulator() -> Simulator {
    Simulator::builder().speed(20.0).start().await.expect("the simulator starts")
}

pub fn config(simulator: &Simulator) -> ClientConfig {
    let mut config = ClientConfig::new(simulator.api_key());
    config.base_url = simulator.base_url().to_owned();
    config.polling.running_min = Duration::from_millis(10);
    config.polling.running_max = Duration::from_millis(50);
    config.polling.waiting_min = Duration::from_millis(20);
    config.polling.waiting_max = Duration::from_millis(100);
    config.retry.initial_backoff = Duration::from_millis(20);
    config.retry.max_backoff = Duration::from_millis(100);
    config.requests_per_second = 0.0;
    config
}

pub fn client(simulator: &Simulator) -> Client {
    Client::new(config(simulator)).expect("the configuration is fine")
}

pub fn inputs() -> Json {
    Json::parse(r#"{"company": "ACME"}"#).expect("it is JSON")
}

/// The next event that `wanted` picks; panics when the stream ends first or nothing comes.
pub async fn until<T>(events: &Events, mut wanted: impl FnMut(SessionEvent) -> Option<T>) -> T {
    let found = async {
        while let Some(event) = events.next().await {
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        panic!("the stream ended first");
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("it comes in time")
}
