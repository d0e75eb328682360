//! Outages, and connections that end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use liveflow_simulator::{Cut, Outage};
use reqwest::Method;
use serde_json::json;

use crate::support::*;

/// What a client sees that has no connection yet.
async fn error(service: &Service) -> reqwest::Error {
    let request = reqwest::Client::new().get(service.url("/live_flows/"));
    request.send().await.expect_err("an answer")
}

/// An idle connection that the service knows.
fn idle(service: &Service) -> TcpStream {
    let address = service.simulator.base_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = [0; 4096];
    let read = stream.read(&mut answer).unwrap();
    assert!(answer[..read].starts_with(b"HTTP/1.1 404"));
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_down_the_port_refuses_and_then_it_is_back() {
    let service = start().await;
    let id = service.create(QUICK).await;
    service.simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    for _ in 0..3 {
        assert!(error(&service).await.is_connect(), "refused");
    }
    service.simulator.end_outage().await.unwrap();
    assert_eq!(service.session(QUICK, id).await["status"], "WAITING_FOR_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn during_an_outage_nobody_else_gets_the_port_by_chance() {
    let service = start().await;
    let address = service.simulator.base_url().trim_start_matches("http://").parse().unwrap();
    service.simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    let other = tokio::net::TcpSocket::new_v4().unwrap();
    assert_eq!(other.bind(address).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_can_be_ended_at_the_control_address() {
    let service = start().await;
    let control = |accept: bool| {
        let url = format!("{}/_simulator/listening", service.simulator.control_url());
        service.http.put(url).json(&json!({ "accept": accept })).send()
    };
    assert_eq!(control(false).await.unwrap().status(), 200);
    assert!(error(&service).await.is_connect());
    assert_eq!(control(true).await.unwrap().status(), 200);
    assert_eq!(service.get("/live_flows/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_by_resets_takes_connections_and_drops_them() {
    let service = start().await;
    let body = json!({"accept": false, "how": "reset"});
    assert_eq!(service.send(Method::PUT, "/_simulator/listening", body).await.status, 200);
    let error = error(&service).await;
    assert!(is_reset(&error) && !error.is_connect(), "{error:?}");
    let health = service.get("/_simulator/health").await.json();
    assert_eq!(health["accepting"], false);
    let body = json!({"accept": true});
    assert_eq!(service.send(Method::PUT, "/_simulator/listening", body).await.status, 200);
    assert_eq!(service.get("/live_flows/").await.status, 200);
    assert!(service.simulator.journal().requests.iter().all(|it| it.status.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_may_end_by_itself_but_only_its_own() {
    let service = start().await;
    service.simulator.begin_outage(Outage::Refuse, Some(Duration::from_millis(150))).await.unwrap();
    assert!(error(&service).await.is_connect());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(service.get("/live_flows/").await.status, 200);

    service.simulator.begin_outage(Outage::Refuse, Some(Duration::from_millis(100))).await.unwrap();
    service.simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(error(&service).await.is_connect(), "the second outage goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_ends_the_connections_there_are() {
    let service = start().await;
    let mut stream = idle(&service);
    service.simulator.begin_outage(Outage::Refuse, None).await.unwrap();
    let ended = stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_can_be_dropped_in_both_ways() {
    let service = start().await;
    let mut stream = idle(&service);
    assert_eq!(service.simulator.drop_connections(Cut::Reset), 1);
    let ended = stream.read(&mut [0; 16]).unwrap_err();
    assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionReset);
    let mut stream = idle(&service);
    assert_eq!(service.simulator.drop_connections(Cut::Close), 1);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "an orderly end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_that_asks_for_the_drop_is_answered() {
    let service = start().await;
    let mut stream = idle(&service);
    let answer = service.post("/_simulator/drop_connections", json!({"how": "close"})).await;
    assert_eq!(answer.json(), json!({"dropped": 1}));
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    let without_body = service.request(Method::POST, "/_simulator/drop_connections");
    assert_eq!(without_body.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_control_address_all_connections_are_dropped() {
    let service = start().await;
    let mut first = idle(&service);
    let url = format!("{}/_simulator/drop_connections", service.simulator.control_url());
    // It is the first connection there, as the other is here.
    let answer = answered(service.http.post(url).send().await.unwrap()).await;
    assert_eq!(answer.json(), json!({"dropped": 1}));
    assert_eq!(first.read(&mut [0; 16]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_simulator_leaves_its_port_free() {
    let service = start().await;
    let _idle = idle(&service);
    let address = service.simulator.base_url().trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    service.simulator.stop().await;
    assert!(TcpStream::connect(&address).is_err());
    Service::of(builder().port(port)).await.get("/live_flows/").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_simulator_stops() {
    let service = start().await;
    let address = service.simulator.base_url().trim_start_matches("http://").to_owned();
    let mut stream = idle(&service);
    drop(service);
    assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0);
    for _ in 0..100 {
        if TcpStream::connect(&address).is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the port still takes connections");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error() {
    let service = start().await;
    let port = service.simulator.base_url().rsplit(':').next().unwrap().parse().unwrap();
    let error = builder().port(port).start().await.map(|_| ()).unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("cannot listen on 127.0.0.1:{port}")),
        "{error}"
    );
}

#[tokio::test]
async fn a_simulator_for_all_interfaces_has_an_address_that_works() {
    let service = Service::of(builder().host("0.0.0.0".parse().unwrap())).await;
    assert!(service.simulator.base_url().starts_with("http://127.0.0.1:"));
    assert_eq!(service.get("/live_flows/").await.status, 200);
}
