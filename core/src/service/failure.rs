//! What became of a request that brought no readable success, and the error a caller would see.
//! Statuses have a file of their own, `status.rs`.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};

use super::body::BodyError;
use super::detail::Hidden;
use super::routes::Route;

/// One request as far as errors may tell of it: nothing here is secret but what is hidden.
pub(super) struct Told<'a> {
    pub(super) route: &'a Route,
    pub(super) has_provider: bool,
    pub(super) hidden: &'a Hidden,
    /// `max_body_bytes`.
    pub(super) body_limit: u64,
}

impl Told<'_> {
    fn host(&self) -> &str {
        self.route.url.host_str().unwrap_or("the service")
    }

    /// The HTTP client's error before any head of an answer arrived.
    pub(super) fn no_answer(&self, error: &reqwest::Error, left: bool) -> Failure {
        let host = self.host();
        if let Some(problem) = certificate_error(error) {
            let context = ErrorContext::new(untrusted(host, &problem));
            return failure(FailureKind::Untrusted, LiveFlowError::Network { context });
        }
        let why = self.hidden.clean(&cause(error));
        if error.is_connect() || !left {
            let reason = if error.is_timeout() {
                format!(
                    "{host} could not be reached in time (timeouts.connect); nothing was sent. \
                     Check the network and base_url"
                )
            } else {
                format!(
                    "{host} could not be reached, so nothing was sent: {why}. Check the network, \
                     the proxy and base_url"
                )
            };
            return failure(FailureKind::NeverLeft, broken(reason, error.is_timeout()));
        }
        let reason =
            format!("the connection to {host} broke before it answered: {why}. {}", self.doubt());
        failure(FailureKind::NoStatus, broken(reason, error.is_timeout()))
    }

    /// The attempt's own time ran out before any head of an answer arrived.
    pub(super) fn no_answer_in_time(&self, left: bool, timeout: Duration) -> Failure {
        let (host, timeout) = (self.host(), words(timeout));
        if left {
            let reason = format!("{host} did not answer within {timeout}. {}", self.doubt());
            return failure(FailureKind::NoStatus, broken(reason, true));
        }
        let reason = format!(
            "{host} could not be reached within {timeout}; nothing was sent. Check the network and \
             base_url"
        );
        failure(FailureKind::NeverLeft, broken(reason, true))
    }

    /// A success whose body could not be read.
    pub(super) fn bad_body(&self, status: u16, error: BodyError) -> Failure {
        let host = self.host();
        let (kind, reason) = match error {
            BodyError::TooLarge => (
                FailureKind::TooLarge,
                format!(
                    "the answer to {} is larger than max_body_bytes ({}); raise it if such answers \
                     are to be expected",
                    self.route.call.name(),
                    self.body_limit
                ),
            ),
            BodyError::Broken(error) => (
                FailureKind::Unreadable,
                format!(
                    "the answer of {host} broke off: {}. Try again",
                    self.hidden.clean(&cause(&error))
                ),
            ),
            BodyError::Compression(why) => (
                FailureKind::Unreadable,
                format!(
                    "the answer of {host} cannot be read: {why}. Is something in between \
                         changing it?"
                ),
            ),
        };
        invalid(kind, status, reason)
    }

    /// A success whose body did not arrive in time.
    pub(super) fn body_too_late(&self, status: u16, timeout: Duration) -> Failure {
        let reason = format!(
            "the answer of {} did not arrive whole within {}; raise timeouts.request if answers \
             are large or the network is slow",
            self.host(),
            words(timeout)
        );
        let context = ErrorContext {
            http_status: Some(status),
            retryable: true,
            ..ErrorContext::new(reason)
        };
        failure(FailureKind::Unreadable, LiveFlowError::RequestTimeout { context })
    }

    /// A success whose body is not what the API describes.
    pub(super) fn not_as_described(&self, status: u16, why: &str, is_html: bool) -> Failure {
        let (host, name) = (self.host(), self.route.call.name());
        let reason = if is_html {
            format!(
                "asked to {name}, {host} answered with an HTML page: check base_url, and whether \
                 the network wants a login in the browser first"
            )
        } else {
            let why = self.hidden.clean(why);
            format!(
                "asked to {name}, {host} answered with something that the API does not describe: \
                 {why}. Check base_url"
            )
        };
        invalid(FailureKind::Unreadable, status, reason)
    }

    /// What a person needs to know about a write that may have taken effect.
    fn doubt(&self) -> &'static str {
        if self.route.call.is_read() {
            "Check the network and try again"
        } else {
            "It may or may not have taken effect: look at the session before sending it again"
        }
    }
}

pub(super) fn failure(kind: FailureKind, error: LiveFlowError) -> Failure {
    Failure { kind, error, retry_after: None }
}

/// The request was given up by whoever holds the other end of its `Left`.
pub(super) fn withdrawn() -> Failure {
    let context = ErrorContext::new("the request was given up before it was sent");
    failure(FailureKind::NeverLeft, LiveFlowError::Closed { context })
}

/// The credentials provider did not give anything to send in time.
pub(super) fn no_credentials_in_time(timeout: Duration) -> Failure {
    let reason = format!(
        "the credentials provider gave nothing within {}; nothing was sent",
        words(timeout)
    );
    let context = ErrorContext::new(reason);
    failure(FailureKind::NoCredentials, LiveFlowError::HandlerFailed { context })
}

/// No part of a request was sent, because its credentials could not be had.
pub(super) fn no_credentials(error: LiveFlowError) -> Failure {
    failure(FailureKind::NoCredentials, error)
}

fn broken(reason: String, is_timeout: bool) -> LiveFlowError {
    let context = ErrorContext { retryable: true, ..ErrorContext::new(reason) };
    if is_timeout {
        LiveFlowError::RequestTimeout { context }
    } else {
        LiveFlowError::Network { context }
    }
}

fn invalid(kind: FailureKind, status: u16, reason: String) -> Failure {
    let context = ErrorContext {
        http_status: Some(status),
        retryable: kind == FailureKind::Unreadable,
        ..ErrorContext::new(reason)
    };
    failure(kind, LiveFlowError::InvalidResponse { context })
}

/// The innermost reason, which names neither an address nor a header.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if innermost.is::<reqwest::Error>() {
        // It is its own cause, and its text would quote the address.
        return "the request could not be made".to_owned();
    }
    innermost.to_string()
}

/// The certificate's problem, if that is why the connection failed.
fn certificate_error(error: &reqwest::Error) -> Option<CertificateError> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        // An `io::Error` gives its inner error's source as its own, and so hides the inner error.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = error
            .downcast_ref::<rustls::Error>()
            .or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()));
        if let Some(rustls::Error::InvalidCertificate(problem)) = tls {
            return Some(problem.clone());
        }
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn untrusted(host: &str, problem: &CertificateError) -> String {
    let why = match problem {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "it is not valid at this time; check this machine's clock"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was issued for another name; check base_url"
        }
        CertificateError::UnknownIssuer => {
            "nobody whom this machine trusts has issued it; if its authority is your own, put its \
             certificate into extra_root_certificates"
        }
        CertificateError::Revoked => "it has been revoked",
        _ => "it is not acceptable; ask whoever runs the service",
    };
    format!("the certificate of {host} is not trusted, so nothing was sent: {why}")
}

fn words(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        // What is left until a deadline is no round number.
        format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_was_waited_is_told_in_seconds_or_milliseconds() {
        for (millis, told) in [
            (250, " 250 ms;"),
            (30_000, " 30 s;"),
            (999, " 999 ms;"),
            (1000, " 1 s;"),
            (1500, " 1.5 s;"),
            (29_983, " 30 s;"),
        ] {
            let text = no_credentials_in_time(Duration::from_millis(millis)).error.to_string();
            assert!(text.contains(told), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_in_words() {
        for (problem, words) in [
            (CertificateError::Revoked, "revoked"),
            (CertificateError::Expired, "clock"),
            (CertificateError::NotValidForName, "another name"),
            (CertificateError::UnknownIssuer, "extra_root_certificates"),
            (CertificateError::BadSignature, "ask whoever runs the service"),
        ] {
            let reason = untrusted("api.example", &problem);
            assert!(reason.contains("api.example") && reason.contains(words), "{reason}");
        }
    }
}
