//! From the file's words to the client's configuration.

use std::path::PathBuf;

use liveflow::{ClientConfig, CreateBody, HttpMethod, ProxyConfig, SessionStatus};

use super::file::{self, File};
use crate::exit::Failure;

/// Sets what the file sets.
pub(super) fn file(
    config: &mut ClientConfig,
    file: &File,
    resolve: impl Fn(&str) -> PathBuf,
) -> Result<(), Failure> {
    set(&mut config.base_url, file.base_url.as_ref());
    config.organisation_id.clone_from(&file.organisation_id);
    span(&mut config.watch_limit, file.watch_limit);
    set(&mut config.resend_answers, file.resend_answers.as_ref());
    set(&mut config.verify_before_answer, file.verify_before_answer.as_ref());
    span(&mut config.answer_grace, file.answer_grace);
    span(&mut config.max_staleness, file.max_staleness);
    set(&mut config.adopt_created, file.adopt_created.as_ref());
    config.correlation_member.clone_from(&file.correlation_member);
    set(&mut config.recreate_when_unseen, file.recreate_when_unseen.as_ref());
    span(&mut config.max_retry_after, file.max_retry_after);
    set(&mut config.max_concurrent_requests, file.max_concurrent_requests.as_ref());
    set(&mut config.requests_per_second, file.requests_per_second.as_ref());
    set(&mut config.max_body_bytes, file.max_body_bytes.as_ref());
    set(&mut config.allow_insecure_http, file.allow_insecure_http.as_ref());
    config.user_agent_suffix = Some(match &file.user_agent_suffix {
        Some(suffix) => format!("liveflow-cli {suffix}"),
        None => "liveflow-cli".to_owned(),
    });
    if let Some(proxy) = &file.proxy {
        config.proxy = match proxy.as_str() {
            "system" => ProxyConfig::System,
            "direct" => ProxyConfig::Direct,
            url => ProxyConfig::Url { url: url.to_owned() },
        };
    }
    for path in &file.extra_root_certificates {
        let path = resolve(path);
        let certificate = std::fs::read(&path).map_err(|error| {
            Failure::usage(format!("the certificate {}: {error}", path.display()))
        })?;
        config.extra_root_certificates.push(certificate);
    }
    schedule(config, file);
    endpoints(config, &file.endpoints);
    for (word, status) in &file.status_aliases {
        config.status_aliases.add(word, known_status(*status))?;
    }
    Ok(())
}

fn schedule(config: &mut ClientConfig, file: &File) {
    span(&mut config.timeouts.connect, file.timeouts.connect);
    span(&mut config.timeouts.request, file.timeouts.request);
    span(&mut config.timeouts.total, file.timeouts.total);
    span(&mut config.retry.initial_backoff, file.retry.initial_backoff);
    span(&mut config.retry.max_backoff, file.retry.max_backoff);
    set(&mut config.retry.multiplier, file.retry.multiplier.as_ref());
    span(&mut config.polling.running_min, file.polling.running_min);
    span(&mut config.polling.running_max, file.polling.running_max);
    span(&mut config.polling.waiting_min, file.polling.waiting_min);
    span(&mut config.polling.waiting_max, file.polling.waiting_max);
    set(&mut config.polling.growth, file.polling.growth.as_ref());
    set(&mut config.polling.jitter, file.polling.jitter.as_ref());
}

fn endpoints(config: &mut ClientConfig, file: &file::Endpoints) {
    let endpoints = &mut config.endpoints;
    if let Some(body) = file.create_body {
        endpoints.create_body = match body {
            file::CreateBody::Wrapped => CreateBody::Wrapped,
            file::CreateBody::Bare => CreateBody::Bare,
        };
    }
    for (endpoint, written) in [
        (&mut endpoints.add_user_input, &file.add_user_input),
        (&mut endpoints.cancel_session, &file.cancel_session),
    ] {
        let Some(written) = written else { continue };
        set(&mut endpoint.path, written.path.as_ref());
        set(&mut endpoint.method, written.method.map(method).as_ref());
    }
    set(&mut endpoints.user_input_member, file.user_input_member.as_ref());
    endpoints.list_page_size = file.list_page_size;
}

fn set<T: Clone>(setting: &mut T, written: Option<&T>) {
    if let Some(written) = written {
        setting.clone_from(written);
    }
}

fn span(setting: &mut std::time::Duration, written: Option<file::Span>) {
    set(setting, written.map(|file::Span(span)| span).as_ref());
}

fn method(written: file::Method) -> HttpMethod {
    match written {
        file::Method::Post => HttpMethod::Post,
        file::Method::Put => HttpMethod::Put,
        file::Method::Patch => HttpMethod::Patch,
        file::Method::Delete => HttpMethod::Delete,
    }
}

fn known_status(written: file::Status) -> SessionStatus {
    match written {
        file::Status::Ready => SessionStatus::Ready,
        file::Status::Running => SessionStatus::Running,
        file::Status::WaitingForUserInput => SessionStatus::WaitingForUserInput,
        file::Status::Finished => SessionStatus::Finished,
        file::Status::Failed => SessionStatus::Failed,
    }
}
