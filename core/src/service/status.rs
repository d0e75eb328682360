//! What a status that is no success means: which error, and what to do about it.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};

use crate::error::{ErrorContext, LiveFlowError};
use crate::failure::{Failure, FailureKind};

use super::detail::{Detail, Hidden};
use super::failure::{Told, failure};
use super::redirect::Refusal;
use super::retry_after::retry_after;
use super::routes::Call;

impl Told<'_> {
    /// A status that is no success, with as much of its body as could be had.
    pub(super) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let detail = Detail::read(headers, body, self.hidden);
        let wait = retry_after(headers, SystemTime::now());
        let code = status.as_u16();
        let context = ErrorContext {
            reason: self.reason(code, &detail),
            http_status: Some(code),
            detail: detail.text.clone(),
            request_id: request_id(headers, self.hidden),
            retryable: matches!(code, 408 | 425 | 429 | 500..=599),
            answer: None,
        };
        let error = match code {
            401 => LiveFlowError::Authentication { context },
            403 => LiveFlowError::PermissionDenied { context },
            404 => LiveFlowError::NotFound { context },
            407 => LiveFlowError::Configuration { context, setting: Some("proxy".to_owned()) },
            425 | 429 => LiveFlowError::RateLimited { context, retry_after: wait },
            408 | 500..=599 => LiveFlowError::Server { context },
            _ if self.means_not_waiting(code, &detail) => {
                LiveFlowError::NotWaitingForInput { context }
            }
            400..=499 => LiveFlowError::InvalidRequest {
                context,
                argument: None,
                field_errors: detail.fields,
            },
            _ => LiveFlowError::InvalidResponse { context },
        };
        // An informational status says nothing about what became of the request.
        let kind = if code < 200 { FailureKind::NoStatus } else { FailureKind::Status(code) };
        Failure { retry_after: wait, ..failure(kind, error) }
    }

    /// A redirect that is not followed.
    pub(super) fn not_followed(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        refusal: &Refusal,
    ) -> Failure {
        let (name, code) = (self.route.call.name(), status.as_u16());
        let reason = match refusal {
            Refusal::OtherOrigin(host) => {
                let host = host.as_deref().unwrap_or("another address");
                format!(
                    "asked to {name}, the service redirected to another origin ({host}), which was \
                     refused to keep the key safe: if that is where the service is, set base_url to \
                     it, https included"
                )
            }
            Refusal::NoTarget => format!(
                "asked to {name}, the service redirected ({code}) without a readable target: check \
                 base_url"
            ),
            Refusal::WouldBecomeARead => format!(
                "asked to {name}, the service redirected ({code}) in a way that would lose the \
                 request: check base_url{}",
                self.or_the_template()
            ),
            Refusal::Again => format!(
                "asked to {name}, the service redirected again and again ({code}): check base_url{}",
                self.or_the_template()
            ),
        };
        let context = ErrorContext {
            http_status: Some(code),
            request_id: request_id(headers, self.hidden),
            ..ErrorContext::new(self.hidden.clean(&reason))
        };
        let setting = match (refusal, self.route.call.setting()) {
            (Refusal::WouldBecomeARead | Refusal::Again, Some(setting)) => setting,
            _ => "base_url",
        };
        let setting = Some(setting.to_owned());
        failure(FailureKind::Status(code), LiveFlowError::Configuration { context, setting })
    }

    /// The service's way of saying that a session waits for no input (assumed).
    fn means_not_waiting(&self, code: u16, detail: &Detail) -> bool {
        self.route.call == Call::AddUserInput
            && match code {
                409 => true,
                400 | 422 => detail.is_own_words && detail.fields.is_empty(),
                _ => false,
            }
    }

    fn reason(&self, code: u16, detail: &Detail) -> String {
        let (call, flow) = (self.route.call, &self.route.flow);
        let name = call.name();
        let says = match &detail.text {
            Some(text) => format!(": {text}"),
            None => String::new(),
        };
        match code {
            401 if self.has_provider => "the service does not accept the credentials (401): check \
                what the credentials provider gives"
                .to_owned(),
            401 => "the service does not accept the API key (401): check that it was copied whole \
                and has not been revoked"
                .to_owned(),
            403 => format!(
                "the key may not {name} here (403): check that the Live Flow {flow} belongs to the \
                 key's organisation"
            ),
            404 => {
                let what = match &self.route.session {
                    Some(session) => format!("session {session} of the Live Flow {flow}"),
                    None => format!("Live Flow {flow}"),
                };
                let template = self.or_the_template();
                format!(
                    "the service knows no {what} (404): check the ids and the organisation{template}"
                )
            }
            405 => format!(
                "the service takes no {} where it was sent to {name} (405): check base_url{}",
                self.route.method,
                self.or_the_template()
            ),
            407 => "the proxy wants a user name and password (407): put them into its address"
                .to_owned(),
            408 => {
                format!("the service gave up waiting for the request to {name} (408): try again")
            }
            413 => format!("the request to {name} is too large for the service (413)"),
            425 | 429 => format!("the service asks for fewer requests ({code}): try again later"),
            500..=599 => format!(
                "the service failed when asked to {name} ({code}): this is usually temporary, try \
                 again later"
            ),
            _ if self.means_not_waiting(code, detail) => {
                format!("the session is not waiting for input ({code}){says}")
            }
            400..=499 => format!("the service refused to {name} ({code}){says}"),
            _ => format!("asked to {name}, the service gave an unexpected answer ({code})"),
        }
    }

    fn or_the_template(&self) -> String {
        self.route.call.setting().map_or_else(String::new, |setting| format!(" and {setting}"))
    }
}

fn request_id(headers: &HeaderMap, hidden: &Hidden) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let id: String = hidden.clean(id).chars().take(128).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use crate::config::Endpoints;
    use crate::ids::{LiveFlowId, SessionId};
    use crate::json::Json;
    use crate::service::routes::{Route, Routes};

    use super::*;

    const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
    const SESSION: &str = "11111111-2222-3333-4444-555555555555";
    const VALIDATION: &str = r#"{"detail":[{"loc":["body","user_input"],"msg":"Field required"}]}"#;
    const WORDS: &str = r#"{"detail":"Session is not waiting for input"}"#;

    fn route(call: Call) -> Route {
        let routes = Routes::new("https://api.example", Endpoints::default()).unwrap();
        let (flow, session) =
            (LiveFlowId::parse(FLOW).unwrap(), SessionId::parse(SESSION).unwrap());
        let json = Json::parse("{}").unwrap();
        match call {
            Call::GetSession => routes.get_session(&flow, &session),
            Call::CreateSession => routes.create_session(&flow, &json),
            Call::AddUserInput => routes.add_user_input(&flow, &session, &json),
            Call::CancelSession => routes.cancel_session(&flow, &session),
            Call::GetSessions => routes.get_sessions(&flow, 0),
        }
    }

    fn told<T>(call: Call, has_provider: bool, tell: impl FnOnce(&Told<'_>) -> T) -> T {
        let (route, mut hidden) = (route(call), Hidden::default());
        hidden.add("marked-key");
        tell(&Told { route: &route, has_provider, hidden: &hidden, body_limit: 1 << 20 })
    }

    fn refused(call: Call, status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        told(call, false, |told| told.refused(status, &HeaderMap::new(), body.as_bytes()))
    }

    /// The variant's name.
    fn variant(failure: &Failure) -> String {
        let text = format!("{:?}", failure.error);
        text.split_whitespace().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn every_status_has_its_error_and_whether_trying_again_makes_sense() {
        for (status, expected, retryable) in [
            (400, "InvalidRequest", false),
            (401, "Authentication", false),
            (402, "InvalidRequest", false),
            (403, "PermissionDenied", false),
            (404, "NotFound", false),
            (405, "InvalidRequest", false),
            (407, "Configuration", false),
            (408, "Server", true),
            (409, "InvalidRequest", false),
            (413, "InvalidRequest", false),
            (422, "InvalidRequest", false),
            (425, "RateLimited", true),
            (429, "RateLimited", true),
            (500, "Server", true),
            (503, "Server", true),
            (599, "Server", true),
            (300, "InvalidResponse", false),
            (304, "InvalidResponse", false),
            (600, "InvalidResponse", false),
        ] {
            for call in [Call::GetSession, Call::CreateSession, Call::CancelSession] {
                let failure = refused(call, status, "");
                assert_eq!(variant(&failure), expected, "{status}");
                assert_eq!(failure.error.is_retryable(), retryable, "{status}");
                assert_eq!(failure.kind, FailureKind::Status(status));
                let context = failure.error.context();
                assert_eq!(context.http_status, Some(status));
                assert!(context.reason.contains(&status.to_string()), "{}", context.reason);
            }
        }
        assert_eq!(refused(Call::AddUserInput, 101, "").kind, FailureKind::NoStatus);
    }

    #[test]
    fn a_session_that_waits_for_nothing_is_told_from_a_bad_answer() {
        for (status, body, expected) in [
            (409, "", "NotWaitingForInput"),
            (409, VALIDATION, "NotWaitingForInput"),
            (400, WORDS, "NotWaitingForInput"),
            (422, WORDS, "NotWaitingForInput"),
            (400, "", "InvalidRequest"),
            (400, "<html>", "InvalidRequest"),
            (422, VALIDATION, "InvalidRequest"),
            (404, WORDS, "NotFound"),
            (418, WORDS, "InvalidRequest"),
        ] {
            let failure = refused(Call::AddUserInput, status, body);
            assert_eq!(variant(&failure), expected, "{status} {body}");
        }
        assert_eq!(variant(&refused(Call::CancelSession, 409, WORDS)), "InvalidRequest");
    }

    #[test]
    fn the_members_that_were_refused_are_named() {
        let failure = refused(Call::AddUserInput, 422, VALIDATION);
        let LiveFlowError::InvalidRequest { field_errors, context, .. } = failure.error else {
            panic!("another error");
        };
        assert_eq!(field_errors[0].location, "body.user_input");
        assert!(context.reason.contains("body.user_input: Field required"), "{}", context.reason);
    }

    #[test]
    fn reasons_say_what_to_check() {
        for (call, status, part) in [
            (Call::GetSession, 401, "API key"),
            (Call::GetSession, 403, FLOW),
            (Call::GetSession, 404, SESSION),
            (Call::CreateSession, 404, FLOW),
            (Call::AddUserInput, 404, "endpoints.add_user_input"),
            (Call::CancelSession, 405, "endpoints.cancel_session"),
            (Call::GetSession, 407, "user name and password"),
            (Call::GetSession, 408, "gave up waiting"),
            (Call::CreateSession, 413, "too large"),
            (Call::GetSession, 425, "fewer requests (425)"),
            (Call::GetSession, 429, "fewer requests (429)"),
            (Call::GetSession, 502, "temporary"),
            (Call::AddUserInput, 409, "not waiting for input (409)"),
            (Call::AddUserInput, 422, "refused to add user input (422)"),
        ] {
            let reason = refused(call, status, "").error.to_string();
            assert!(reason.contains(part), "{reason}");
        }
        let status = StatusCode::UNAUTHORIZED;
        let error =
            told(Call::GetSession, true, |told| told.refused(status, &HeaderMap::new(), b""));
        assert!(error.error.to_string().contains("credentials provider"));
    }

    #[test]
    fn the_headers_give_the_wait_and_the_request_id() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("9"));
        headers.insert("x-request-id", HeaderValue::from_static("req-7 marked-key"));
        let status = StatusCode::TOO_MANY_REQUESTS;
        let failure = told(Call::GetSession, false, |told| told.refused(status, &headers, b""));
        assert_eq!(failure.retry_after, Some(Duration::from_secs(9)));
        let LiveFlowError::RateLimited { retry_after, context } = failure.error else {
            panic!("another error");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(9)));
        assert_eq!(context.request_id.as_deref(), Some("req-7 (hidden)"));
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let failure = told(Call::GetSession, false, |told| told.refused(status, &headers, b""));
        assert_eq!(failure.retry_after, Some(Duration::from_secs(9)));
    }

    #[test]
    fn a_refused_redirect_names_only_the_other_host() {
        let refusal = Refusal::OtherOrigin(Some("evil.example".to_owned()));
        let status = StatusCode::TEMPORARY_REDIRECT;
        let headers = HeaderMap::new();
        let failure =
            told(Call::AddUserInput, false, |told| told.not_followed(status, &headers, &refusal));
        assert_eq!(failure.kind, FailureKind::Status(307));
        assert!(!failure.is_outcome_unknown());
        let LiveFlowError::Configuration { setting, context } = failure.error else {
            panic!("another error");
        };
        assert_eq!(setting.as_deref(), Some("base_url"));
        assert!(context.reason.contains("evil.example"), "{}", context.reason);
        assert!(!context.reason.contains("://"), "{}", context.reason);
    }

    #[test]
    fn a_redirect_that_is_not_followed_names_the_setting_that_mends_it() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("req-7"));
        let status = StatusCode::SEE_OTHER;
        for (call, refusal, named) in [
            (Call::AddUserInput, Refusal::WouldBecomeARead, "endpoints.add_user_input"),
            (Call::CancelSession, Refusal::Again, "endpoints.cancel_session"),
            (Call::AddUserInput, Refusal::NoTarget, "base_url"),
            (Call::GetSession, Refusal::Again, "base_url"),
        ] {
            let failure = told(call, false, |told| told.not_followed(status, &headers, &refusal));
            let LiveFlowError::Configuration { setting, context } = failure.error else {
                panic!("another error");
            };
            assert_eq!(setting.as_deref(), Some(named));
            assert!(context.reason.contains(named), "{}", context.reason);
            assert_eq!(context.http_status, Some(303));
            assert_eq!(context.request_id.as_deref(), Some("req-7"));
        }
    }
}
