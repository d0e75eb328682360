//! Connections: kept, dropped on demand, and through a proxy only where that is safe.

use crate::config::ProxyConfig;
use crate::error::LiveFlowError;

use super::*;

#[tokio::test]
async fn connections_are_kept_until_fresh_ones_are_asked_for() {
    let server = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let service = service(&server.base);
    for _ in 0..3 {
        get(&service).await.unwrap();
    }
    assert_eq!(server.connections(), 1);
    service.fresh_connections();
    get(&service.clone()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_request_under_way_outlives_the_connections_it_began_with() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let server = {
        let gate = Arc::clone(&gate);
        Server::start(move |mut connection| {
            let gate = Arc::clone(&gate);
            async move {
                connection.request().await;
                gate.notified().await;
                connection.send(&ok(&session_json(SESSION))).await;
            }
        })
        .await
    };
    let service = service(&server.base);
    let reading = tokio::spawn({
        let service = service.clone();
        async move { get(&service).await.map(|_| ()) }
    });
    while server.text().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.fresh_connections();
    gate.notify_one();
    assert_eq!(reading.await.unwrap(), Ok(()));
}

fn through(proxy: &Server, base: &str) -> Service {
    service_with(base, |config| {
        config.allow_insecure_http = true;
        config.proxy = ProxyConfig::Url { url: proxy.base.clone() };
    })
}

#[tokio::test]
async fn a_proxy_that_refuses_lets_nothing_leave_and_never_sees_the_key() {
    for status in ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"] {
        let proxy = Server::saying(answer(status, "", b"no")).await;
        let attempt = attempt();
        let service = through(&proxy, "https://api.invalid");
        let failure = put_in(&service, &attempt).await.unwrap_err();
        assert_eq!((failure.kind, &*variant(&failure)), (FailureKind::NeverLeft, "Network"));
        assert!(!attempt.left.has_left());
        let text = proxy.text();
        assert!(text.starts_with("CONNECT api.invalid:443 HTTP/1.1\r\n"), "{text}");
        assert!(!text.to_lowercase().contains("api-key"), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_carries_plain_http_where_that_is_allowed() {
    let proxy = Server::answering(vec![
        ok(&session_json(SESSION)),
        answer("407 Proxy Authentication Required", "", b""),
    ])
    .await;
    let service = through(&proxy, "http://api.invalid");
    get(&service).await.unwrap();
    assert!(proxy.text().starts_with("GET http://api.invalid/live_flows/"), "{}", proxy.text());
    let failure = failed_get(&service).await;
    let LiveFlowError::Configuration { setting, .. } = failure.error else { panic!() };
    assert_eq!(setting.as_deref(), Some("proxy"));
}

const INNER: &str = "LIVEFLOW_TEST_INNER_BASE";

/// Plain http to this very host is allowed without asking because it never leaves the host. A proxy
/// from the environment would carry it away, key and all. The environment is the process's, so the
/// test runs itself again with one.
#[tokio::test]
async fn a_proxy_of_the_environment_never_carries_what_stays_on_this_host() {
    if let Ok(base) = std::env::var(INNER) {
        get(&service(&base)).await.unwrap();
        let elsewhere =
            service_with("http://api.invalid", |config| config.allow_insecure_http = true);
        get(&elsewhere).await.unwrap();
        return;
    }
    let server = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let proxy = Server::answering(vec![ok(&session_json(SESSION))]).await;
    let name = "a_proxy_of_the_environment_never_carries_what_stays_on_this_host";
    let module = module_path!().split_once("::").unwrap().1;
    let output = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::{name}")])
        .env(INNER, &server.base)
        .env("HTTP_PROXY", &proxy.base)
        .env("http_proxy", &proxy.base)
        .env("ALL_PROXY", &proxy.base)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(server.connections(), 1, "the inner test did run");
    assert_eq!(proxy.connections(), 1, "what does not stay here is carried");
    assert!(proxy.text().starts_with("GET http://api.invalid/live_flows/"), "{}", proxy.text());
}
