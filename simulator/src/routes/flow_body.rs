//! A flow as the service shows it.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flow::{Flow, FlowVersion};
use crate::json::Json;
use crate::session::body::SessionBody;

/// All flows of the simulator belong to this organisation.
const ORGANISATION: Uuid = Uuid::from_u128(0x0c1f_3a52_9d6e_4b7f_8a10_55e2_71c4_d9b3);

/// A flow, without its sessions.
#[derive(Serialize)]
pub(crate) struct FlowHead<'a> {
    name: &'a str,
    description: Option<&'a str>,
    id: Uuid,
    organisation_id: Uuid,
    current_version: &'a Json,
}

impl<'a> FlowHead<'a> {
    pub(crate) fn new(flow: &'a Flow) -> Self {
        Self {
            name: &flow.name,
            description: flow.description.as_deref(),
            id: flow.id,
            organisation_id: ORGANISATION,
            current_version: &flow.version,
        }
    }
}

/// A flow with every session it ever ran: the description of what is answered.
#[derive(ToSchema)]
#[schema(as = LiveFlow)]
#[expect(dead_code, reason = "only described; what is answered is put together from bytes")]
pub(crate) struct FlowBody {
    name: String,
    description: Option<String>,
    id: Uuid,
    organisation_id: Uuid,
    current_version: FlowVersion,
    sessions: Vec<SessionBody<'static>>,
}
