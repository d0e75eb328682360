//! Whether the endpoints that are assumed are there.
//!
//! A path that takes another method than GET answers a GET with 405, and says which methods it takes;
//! a path that is not there answers 404. So a GET tells, and changes nothing.

use liveflow::{ClientConfig, Endpoint, HttpMethod};
use reqwest::StatusCode;
use reqwest::header::ALLOW;

use super::finding::Finding;
use super::service::{NOBODY, url};

/// The two endpoints that no public source describes.
pub(super) async fn check(config: &ClientConfig, client: &reqwest::Client) -> Vec<Finding> {
    let endpoints = &config.endpoints;
    vec![
        one("answers", "endpoints.add_user_input", &endpoints.add_user_input, config, client).await,
        one("cancel", "endpoints.cancel_session", &endpoints.cancel_session, config, client).await,
    ]
}

async fn one(
    check: &'static str,
    setting: &str,
    endpoint: &Endpoint,
    config: &ClientConfig,
    client: &reqwest::Client,
) -> Finding {
    let method = method(endpoint.method);
    let named = format!("{method} {}", endpoint.path);
    let path = endpoint.path.replace("{live_flow_id}", NOBODY).replace("{session_id}", NOBODY);
    let response = match client.get(url(config, &path)).send().await {
        Ok(response) => response,
        Err(error) => return Finding::unsure(check, format!("{named}: {error}")),
    };
    let allowed = response.headers().get(ALLOW).and_then(|value| value.to_str().ok());
    judge(check, setting, method, &named, response.status(), allowed)
}

fn judge(
    check: &'static str,
    setting: &str,
    method: &str,
    named: &str,
    status: StatusCode,
    allowed: Option<&str>,
) -> Finding {
    let allows =
        |allowed: &str| allowed.split(',').any(|it| it.trim().eq_ignore_ascii_case(method));
    match (status, allowed) {
        (StatusCode::METHOD_NOT_ALLOWED, Some(allowed)) if allows(allowed) => {
            Finding::fine(check, format!("{named} is there"))
        }
        (StatusCode::METHOD_NOT_ALLOWED, Some(allowed)) => {
            Finding::wrong(check, format!("{named}: the service takes {allowed} there"))
                .advice(format!("set the method in {setting}"))
        }
        (StatusCode::NOT_FOUND, _) => {
            Finding::unsure(check, format!("{named} is perhaps not there: a GET answers 404"))
                .advice(format!("if answers or cancels fail, set the path in {setting}"))
        }
        _ => {
            Finding::unsure(check, format!("{named}: a GET answers {status}, which does not tell"))
        }
    }
}

fn method(method: HttpMethod) -> &'static str {
    match method {
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn the_methods_that_are_allowed_tell() {
        let verdict = |status: u16, allowed| {
            let status = StatusCode::from_u16(status).unwrap();
            judge("answers", "s", "POST", "POST /x", status, allowed).verdict
        };
        assert_eq!(verdict(405, Some("DELETE, POST")), Verdict::Fine);
        assert_eq!(verdict(405, Some("PUT")), Verdict::Wrong);
        assert_eq!(verdict(405, None), Verdict::Unsure);
        assert_eq!(verdict(404, None), Verdict::Unsure);
        assert_eq!(verdict(401, None), Verdict::Unsure);
    }
}
