//! Where each call goes and what it carries: methods, paths, bodies.

use bytes::Bytes;
use reqwest::Method;
use url::Url;

use crate::config::{CreateBody, Endpoint, Endpoints, HttpMethod};
use crate::error::{LiveFlowError, Result};
use crate::ids::{LiveFlowId, SessionId};
use crate::json::Json;

/// The service's five calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    GetSession,
    CreateSession,
    AddUserInput,
    CancelSession,
    GetSessions,
}

impl Call {
    /// Its name for people, such that "to {name}" reads well.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GetSession => "get the session",
            Self::CreateSession => "create a session",
            Self::AddUserInput => "add user input",
            Self::CancelSession => "cancel the session",
            Self::GetSessions => "get the sessions",
        }
    }

    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::GetSession | Self::GetSessions)
    }

    /// The setting that holds its path, where the path is an assumption.
    pub(super) fn setting(self) -> Option<&'static str> {
        match self {
            Self::AddUserInput => Some("endpoints.add_user_input"),
            Self::CancelSession => Some("endpoints.cancel_session"),
            Self::GetSession | Self::CreateSession | Self::GetSessions => None,
        }
    }
}

/// One call, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) call: Call,
    pub(super) flow: LiveFlowId,
    pub(super) session: Option<SessionId>,
    pub(super) method: Method,
    pub(super) url: Url,
    /// JSON; `None` for a request without a body.
    pub(super) body: Option<Bytes>,
}

/// The paths below one base URL.
#[derive(Debug)]
pub(super) struct Routes {
    base: Url,
    endpoints: Endpoints,
}

impl Routes {
    pub(super) fn new(base_url: &str, endpoints: Endpoints) -> Result<Self> {
        let base = Url::parse(base_url.trim()).map_err(|error| {
            LiveFlowError::configuration("base_url", format!("base_url is no address: {error}"))
        })?;
        Ok(Self { base, endpoints })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn page_size(&self) -> Option<u32> {
        self.endpoints.list_page_size
    }

    pub(super) fn get_session(&self, flow: &LiveFlowId, session: &SessionId) -> Route {
        let path = format!("/live_flows/{flow}/sessions/{session}/");
        self.route(Call::GetSession, flow, Some(session), Method::GET, &path, None)
    }

    pub(super) fn create_session(&self, flow: &LiveFlowId, inputs: &Json) -> Route {
        let body = match self.endpoints.create_body {
            CreateBody::Wrapped => format!(r#"{{"inputs":{inputs}}}"#),
            CreateBody::Bare => inputs.to_string(),
        };
        let path = format!("/live_flows/{flow}/sessions/");
        self.route(Call::CreateSession, flow, None, Method::POST, &path, Some(body))
    }

    pub(super) fn add_user_input(
        &self,
        flow: &LiveFlowId,
        session: &SessionId,
        answer: &Json,
    ) -> Route {
        let member = Json::string(&self.endpoints.user_input_member);
        let body = format!("{{{member}:{answer}}}");
        let endpoint = &self.endpoints.add_user_input;
        let path = filled(endpoint, flow, session);
        let method = method(endpoint.method);
        self.route(Call::AddUserInput, flow, Some(session), method, &path, Some(body))
    }

    pub(super) fn cancel_session(&self, flow: &LiveFlowId, session: &SessionId) -> Route {
        let endpoint = &self.endpoints.cancel_session;
        let path = filled(endpoint, flow, session);
        let method = method(endpoint.method);
        self.route(Call::CancelSession, flow, Some(session), method, &path, None)
    }

    /// The sessions from `offset` on; all of them unless pages are configured.
    pub(super) fn get_sessions(&self, flow: &LiveFlowId, offset: u64) -> Route {
        let path = format!("/live_flows/{flow}/sessions/");
        let mut route = self.route(Call::GetSessions, flow, None, Method::GET, &path, None);
        if let Some(limit) = self.page_size() {
            route.url.set_query(Some(&format!("limit={limit}&offset={offset}")));
        }
        route
    }

    fn route(
        &self,
        call: Call,
        flow: &LiveFlowId,
        session: Option<&SessionId>,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Route {
        let mut url = self.base.clone();
        let prefix = self.base.path().trim_end_matches('/');
        // FastAPI answers 307 when the slash at the end is missing, so paths are kept as they are.
        url.set_path(&format!("{prefix}{path}"));
        Route {
            call,
            flow: flow.clone(),
            session: session.cloned(),
            method,
            url,
            body: body.map(Bytes::from),
        }
    }
}

fn filled(endpoint: &Endpoint, flow: &LiveFlowId, session: &SessionId) -> String {
    endpoint.path.replace("{live_flow_id}", flow.as_str()).replace("{session_id}", session.as_str())
}

fn method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOW: &str = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe";
    const SESSION: &str = "11111111-2222-3333-4444-555555555555";

    fn routes(base_url: &str, change: impl FnOnce(&mut Endpoints)) -> Routes {
        let mut endpoints = Endpoints::default();
        change(&mut endpoints);
        Routes::new(base_url, endpoints).unwrap()
    }

    fn ids() -> (LiveFlowId, SessionId) {
        (LiveFlowId::parse(FLOW).unwrap(), SessionId::parse(SESSION).unwrap())
    }

    #[test]
    fn the_documented_paths_end_with_a_slash() {
        let routes = routes("https://api.truestate.io", |_| ());
        let (flow, session) = ids();
        let sessions = format!("https://api.truestate.io/live_flows/{FLOW}/sessions/");
        assert_eq!(routes.get_sessions(&flow, 0).url.as_str(), sessions);
        let create = routes.create_session(&flow, &Json::parse("{}").unwrap());
        assert_eq!((create.method, create.url.as_str()), (Method::POST, sessions.as_str()));
        let get = routes.get_session(&flow, &session);
        assert_eq!(get.url.as_str(), format!("{sessions}{SESSION}/"));
    }

    #[test]
    fn a_path_in_the_base_url_is_kept_with_and_without_a_slash() {
        let (flow, session) = ids();
        for base in ["http://localhost:1/a/b", "http://localhost:1/a/b/"] {
            let url = routes(base, |_| ()).get_session(&flow, &session).url;
            assert_eq!(url.path(), format!("/a/b/live_flows/{FLOW}/sessions/{SESSION}/"), "{base}");
        }
    }

    #[test]
    fn templates_and_methods_come_from_the_configuration() {
        let routes = routes("https://x.example", |endpoints| {
            endpoints.add_user_input.method = HttpMethod::Patch;
            endpoints.add_user_input.path = "/v2/{session_id}/in".to_owned();
            endpoints.cancel_session.method = HttpMethod::Delete;
            endpoints.cancel_session.path = "/v2/{live_flow_id}/{session_id}".to_owned();
        });
        let (flow, session) = ids();
        let input = routes.add_user_input(&flow, &session, &Json::string("yes"));
        assert_eq!(
            (input.method, input.url.path()),
            (Method::PATCH, &*format!("/v2/{SESSION}/in"))
        );
        let cancel = routes.cancel_session(&flow, &session);
        assert_eq!(cancel.method, Method::DELETE);
        assert_eq!(cancel.url.path(), format!("/v2/{FLOW}/{SESSION}"));
        assert_eq!(cancel.body, None);
    }

    #[test]
    fn bodies_have_the_configured_shape_and_keep_every_digit() {
        let (flow, session) = ids();
        let answer = Json::parse(r#"{"n":12345678901234567890123}"#).unwrap();
        let plain = routes("https://x.example", |_| ());
        let body = plain.add_user_input(&flow, &session, &answer).body.unwrap();
        assert_eq!(body, r#"{"user_input":{"n":12345678901234567890123}}"#);
        assert_eq!(plain.create_session(&flow, &answer).body.unwrap(), {
            r#"{"inputs":{"n":12345678901234567890123}}"#
        });
        let other = routes("https://x.example", |endpoints| {
            endpoints.user_input_member = "the \"answer\"".to_owned();
            endpoints.create_body = CreateBody::Bare;
        });
        let body = other.add_user_input(&flow, &session, &Json::string("a\nb")).body.unwrap();
        assert_eq!(body, r#"{"the \"answer\"":"a\nb"}"#);
        assert_eq!(other.create_session(&flow, &answer).body.unwrap(), answer.as_str());
    }

    #[test]
    fn pages_are_asked_for_only_when_configured() {
        let (flow, _) = ids();
        let whole = routes("https://x.example", |_| ()).get_sessions(&flow, 0);
        assert_eq!(whole.url.query(), None);
        let paged = routes("https://x.example", |endpoints| endpoints.list_page_size = Some(50));
        assert_eq!(paged.get_sessions(&flow, 100).url.query(), Some("limit=50&offset=100"));
    }
}
