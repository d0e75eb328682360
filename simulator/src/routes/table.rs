//! Which call a method and a path mean.

use hyper::Method;
use serde::{Deserialize, Serialize};

use crate::settings::{self, Settings};

/// A call of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `GET /live_flows/`
    GetLiveFlows,
    /// `GET /live_flows/{live_flow_id}/`
    GetLiveFlow,
    /// `POST /live_flows/{live_flow_id}/sessions/`
    CreateSession,
    /// `GET /live_flows/{live_flow_id}/sessions/`
    GetSessions,
    /// `GET /live_flows/{live_flow_id}/sessions/{session_id}/`
    GetSession,
    /// As configured.
    AddUserInput,
    /// As configured.
    CancelSession,
}

impl Call {
    /// As it is written in faults and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::GetLiveFlows => "get_live_flows",
            Self::GetLiveFlow => "get_live_flow",
            Self::CreateSession => "create_session",
            Self::GetSessions => "get_sessions",
            Self::GetSession => "get_session",
            Self::AddUserInput => "add_user_input",
            Self::CancelSession => "cancel_session",
        }
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Call {
        call: Call,
        flow: Option<String>,
        session: Option<String>,
    },
    /// The path exists with other methods.
    OtherMethods(Vec<Method>),
    /// The path exists with, or without, a slash at its end.
    Redirect(String),
    Unknown,
}

#[derive(Debug)]
pub(crate) struct RouteTable(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    call: Call,
    method: Method,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    FlowId,
    SessionId,
}

impl RouteTable {
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        let (add, cancel) = (&settings.add_user_input, &settings.cancel_session);
        let sessions = "/live_flows/{live_flow_id}/sessions/";
        let session = "/live_flows/{live_flow_id}/sessions/{session_id}/";
        let mut table = Self(Vec::new());
        table.add(Call::GetLiveFlows, Method::GET, "/live_flows/")?;
        table.add(Call::GetLiveFlow, Method::GET, "/live_flows/{live_flow_id}/")?;
        table.add(Call::CreateSession, Method::POST, sessions)?;
        table.add(Call::GetSessions, Method::GET, sessions)?;
        table.add(Call::GetSession, Method::GET, session)?;
        table.add(Call::AddUserInput, add.method.into(), &add.path)?;
        table.add(Call::CancelSession, cancel.method.into(), &cancel.path)?;
        Ok(table)
    }

    fn add(&mut self, call: Call, method: Method, template: &str) -> Result<(), String> {
        let name = call.name();
        let Some(path) = template.strip_prefix('/') else {
            return Err(format!("`{name}.path` {template:?} does not start with `/`"));
        };
        let segments: Vec<Segment> = path.split('/').map(Segment::parse).collect();
        let configurable = matches!(call, Call::AddUserInput | Call::CancelSession);
        if configurable
            && [Segment::FlowId, Segment::SessionId]
                .iter()
                .any(|id| segments.iter().filter(|segment| *segment == id).count() != 1)
        {
            return Err(format!(
                "`{name}.path` {template:?} needs `{{live_flow_id}}` and `{{session_id}}`, each \
                 once and as a whole segment"
            ));
        }
        if template.contains(['?', '#', ' ']) || path.starts_with("_simulator/") {
            return Err(format!("`{name}.path` {template:?} is not a path it can have"));
        }
        if let Some(other) = self
            .0
            .iter()
            .find(|entry| entry.method == method && overlap(&entry.segments, &segments))
        {
            return Err(format!(
                "{method} {template} means `{name}` as well as `{}`",
                other.call.name()
            ));
        }
        self.0.push(Entry { call, method, segments });
        Ok(())
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Route {
        let mut methods = Vec::new();
        for (entry, flow, session) in self.at(path) {
            if entry.method == *method {
                return Route::Call { call: entry.call, flow, session };
            }
            methods.push(entry.method.clone());
        }
        if !methods.is_empty() {
            return Route::OtherMethods(methods);
        }
        // As Starlette does it: all slashes at the end are dropped, or one is added.
        let toggled = match path.trim_end_matches('/') {
            bare if bare.len() < path.len() => bare.to_owned(),
            bare => format!("{bare}/"),
        };
        if self.at(&toggled).next().is_some() { Route::Redirect(toggled) } else { Route::Unknown }
    }

    fn at<'a>(
        &'a self,
        path: &'a str,
    ) -> impl Iterator<Item = (&'a Entry, Option<String>, Option<String>)> {
        self.0.iter().filter_map(move |entry| {
            let (mut flow, mut session) = (None, None);
            let mut asked = path.strip_prefix('/')?.split('/');
            for segment in &entry.segments {
                let asked = asked.next()?;
                match segment {
                    Segment::Literal(text) if text == asked => {}
                    Segment::Literal(_) => return None,
                    // As in Starlette, a parameter is at least one character.
                    _ if asked.is_empty() => return None,
                    Segment::FlowId => flow = Some(asked.to_owned()),
                    Segment::SessionId => session = Some(asked.to_owned()),
                }
            }
            asked.next().is_none().then_some((entry, flow, session))
        })
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text {
            "{live_flow_id}" => Self::FlowId,
            "{session_id}" => Self::SessionId,
            literal => Self::Literal(literal.to_owned()),
        }
    }
}

/// Whether some path fits both.
fn overlap(left: &[Segment], right: &[Segment]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Segment::Literal(left), Segment::Literal(right)) => left == right,
            (Segment::Literal(text), _) | (_, Segment::Literal(text)) => !text.is_empty(),
            _ => true,
        })
}

impl From<settings::Method> for Method {
    fn from(method: settings::Method) -> Self {
        match method {
            settings::Method::Post => Self::POST,
            settings::Method::Put => Self::PUT,
            settings::Method::Patch => Self::PATCH,
            settings::Method::Delete => Self::DELETE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> RouteTable {
        RouteTable::new(&Settings::default()).unwrap()
    }

    #[test]
    fn a_call_is_found_with_its_ids() {
        assert_eq!(
            table().find(&Method::POST, "/live_flows/f/sessions/s/cancel/"),
            Route::Call {
                call: Call::CancelSession,
                flow: Some("f".into()),
                session: Some("s".into())
            }
        );
    }

    #[test]
    fn a_wrong_slash_redirects_and_a_wrong_method_is_told_the_right_ones() {
        let table = table();
        assert_eq!(
            table.find(&Method::GET, "/live_flows/f"),
            Route::Redirect("/live_flows/f/".to_owned())
        );
        assert_eq!(
            table.find(&Method::PUT, "/live_flows/f/sessions/"),
            Route::OtherMethods(vec![Method::POST, Method::GET])
        );
        assert_eq!(table.find(&Method::GET, "/live_flow/"), Route::Unknown);
        assert_eq!(table.find(&Method::GET, "/live_flows//"), Route::Unknown);
    }

    #[test]
    fn without_a_final_slash_in_the_template_a_slash_redirects() {
        let patch = json!({"cancel_session": {"path": "/c/{session_id}/of/{live_flow_id}"}});
        let table = RouteTable::new(&Settings::default().merged(&patch).unwrap()).unwrap();
        assert_eq!(
            table.find(&Method::POST, "/c/s/of/f/"),
            Route::Redirect("/c/s/of/f".to_owned())
        );
        assert!(matches!(table.find(&Method::POST, "/c/s/of/f"), Route::Call { .. }));
    }

    #[test]
    fn cancel_may_be_a_delete_of_the_session_itself() {
        let session = "/live_flows/{live_flow_id}/sessions/{session_id}/";
        let patch = json!({"cancel_session": {"method": "DELETE", "path": session}});
        let table = RouteTable::new(&Settings::default().merged(&patch).unwrap()).unwrap();
        assert!(matches!(
            table.find(&Method::DELETE, "/live_flows/f/sessions/s/"),
            Route::Call { call: Call::CancelSession, .. }
        ));
    }

    #[test]
    fn templates_that_cannot_work_are_refused() {
        let problem = |path: &str| {
            let patch = json!({"cancel_session": {"path": path}});
            Settings::default().merged(&patch).unwrap_err().to_string()
        };
        assert!(problem("cancel/{live_flow_id}/{session_id}").contains("start with"));
        assert!(problem("/cancel/{session_id}/").contains("{live_flow_id}"));
        assert!(problem("/x-{session_id}/{live_flow_id}/").contains("whole segment"));
        assert!(problem("/{live_flow_id}/{session_id}/?a=b").contains("not a path"));
        assert!(
            problem("/live_flows/{live_flow_id}/sessions/{session_id}/user_input/")
                .contains("as well as `add_user_input`")
        );
    }
}
