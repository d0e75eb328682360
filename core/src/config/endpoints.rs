//! Where the parts of the API are that no public source describes: each assumption is a setting.

use super::assumptions::CreateBody;

/// An HTTP method that a write may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
pub enum HttpMethod {
    /// `POST`, the assumed default of every write.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`, for cancel session only.
    Delete,
}

/// A method and a path template.
///
/// The template begins with `/` and holds `{live_flow_id}` and `{session_id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Endpoint {
    /// The HTTP method.
    pub method: HttpMethod,
    /// The path template.
    pub path: String,
}

/// The assumed parts of the API.
///
/// | Assumption | Default |
/// |---|---|
/// | Body of create session | `{"inputs": {…}}` ([`CreateBody::Wrapped`]) |
/// | Add user input | `POST /live_flows/{live_flow_id}/sessions/{session_id}/user_input/` |
/// | Its body | `{"user_input": …}` |
/// | Cancel session | `POST /live_flows/{live_flow_id}/sessions/{session_id}/cancel/` |
/// | Pagination of get sessions | none |
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct Endpoints {
    /// How create session carries the inputs.
    pub create_body: CreateBody,
    /// Add user input: POST, PUT or PATCH.
    pub add_user_input: Endpoint,
    /// The member of add user input's body that holds the answer.
    pub user_input_member: String,
    /// Cancel session.
    pub cancel_session: Endpoint,
    /// When set, get sessions asks for pages of this many by `limit` and `offset`.
    pub list_page_size: Option<u32>,
}

impl Default for Endpoints {
    fn default() -> Self {
        let session = "/live_flows/{live_flow_id}/sessions/{session_id}";
        Self {
            create_body: CreateBody::Wrapped,
            add_user_input: Endpoint {
                method: HttpMethod::Post,
                path: format!("{session}/user_input/"),
            },
            user_input_member: "user_input".to_owned(),
            cancel_session: Endpoint {
                method: HttpMethod::Post,
                path: format!("{session}/cancel/"),
            },
            list_page_size: None,
        }
    }
}
