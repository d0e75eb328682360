//! Just enough HTTP to drive the local service: one request for each connection.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back: the status, and the body if it is JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Sends a request to an `http://host:port` address and reads the answer to its end.
pub(crate) async fn request(
    method: &str,
    address: &str,
    path: &str,
    api_key: Option<&str>,
    body: Option<&Value>,
) -> io::Result<Answer> {
    let host = address.trim_start_matches("http://");
    let body = body.map(Value::to_string).unwrap_or_default();
    let key = api_key.map(|key| format!("Api-key: {key}\r\n")).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = body.len();
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{key}{kind}Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer).map_err(io::Error::other)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no head"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(|| io::Error::other("no status"))?,
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    })
}
