//! One kind of mischief after another, and a proxy that dies.

use std::time::Duration;

use futures_util::future::join_all;
use liveflow::{Client, ProxyConfig};
use liveflow_simulator::Simulator;

use crate::common::{builder, client_with};
use crate::judge::Verdict;
use crate::meddler::Meddler;
use crate::mischief::Mischief;
use crate::storm::flow;
use crate::story::{Story, Told};

const FLOW: &str = "57010000-0000-4000-8000-ffffffffffff";

/// No body is larger here, but those that have no end.
const LIMIT: u64 = 256 * 1024;

/// What the system may hold of what was sent and not read, on both sides.
const BUFFERS: u64 = 16 * 1024 * 1024;

async fn service() -> Simulator {
    builder().flow(flow(FLOW)).start().await.unwrap()
}

fn client(simulator: &Simulator, change: impl FnOnce(&mut liveflow::ClientConfig)) -> Client {
    client_with(simulator, |config| {
        config.timeouts.request = Duration::from_millis(700);
        config.max_staleness = Duration::from_millis(100);
        config.answer_grace = Duration::from_millis(1500);
        config.correlation_member = Some("mark".to_owned());
        config.max_body_bytes = LIMIT;
        change(config);
    })
}

async fn meddled_with(mischief: Mischief) {
    let simulator = service().await;
    let meddler = Meddler::before(&simulator, Some(mischief)).await;
    let client = client(&simulator, |config| meddler.base_url.clone_into(&mut config.base_url));
    let story = Story::of(&client, FLOW, 1).await;
    let verdict = Verdict::of(&simulator, std::slice::from_ref(&story));
    println!("{mischief:?}, {} times: {verdict}", meddler.times_done());
    assert!(meddler.times_done() >= 2, "{mischief:?} was hardly done");
    assert!(meddler.poured() < 100 * LIMIT + BUFFERS, "{} bytes were taken", meddler.poured());
    if mischief.is_harmless() {
        assert!(story.answers.iter().all(|answer| answer.told == Told::Arrived), "{story:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_its_exchanges_a_session_comes_to_its_end_and_nothing_is_lost() {
    join_all(Mischief::ALL.map(meddled_with)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_dies_costs_nothing_but_time() {
    let simulator = service().await;
    let proxy = Meddler::before(&simulator, None).await;
    let client = client(&simulator, |config| {
        config.base_url = "http://live.invalid".to_owned();
        config.allow_insecure_http = true;
        config.proxy = ProxyConfig::Url { url: proxy.base_url.clone() };
    });
    let stories = join_all((0..20).map(|number| Story::of(&client, FLOW, number)));
    let dying = async {
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            proxy.set_dead(true);
            tokio::time::sleep(Duration::from_millis(300)).await;
            proxy.set_dead(false);
        }
    };
    let (stories, ()) = tokio::join!(stories, dying);
    println!("a proxy that dies: {}", Verdict::of(&simulator, &stories));
}
