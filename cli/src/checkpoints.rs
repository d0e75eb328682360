//! What followed sessions leave, so that somebody can go on with them later.

use std::sync::Arc;

use liveflow::{Checkpoint, CheckpointStore, ClientConfig, HostError, LiveSession, SessionId};

use crate::context::{Context, HowToGoOn};
use crate::exit::{Code, Failure};

/// The checkpoints of one service's sessions; there may be no place for any.
pub(crate) struct Checkpoints(Option<Arc<dyn CheckpointStore>>);

impl Checkpoints {
    /// Opens the place for them, and has the client keep them there.
    pub(crate) fn open(context: &Context, config: &mut ClientConfig) -> Result<Self, Failure> {
        context.state_dir(config)?;
        Ok(Self(config.checkpoint_store.clone()))
    }

    /// There is nothing to go on with any more.
    pub(crate) async fn end(&self, session: &SessionId) -> Result<(), Failure> {
        match &self.0 {
            Some(store) => store.delete(session.to_string()).await.map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }

    /// The command that goes on with this session.
    pub(crate) fn how_to_go_on(&self, live: &LiveSession) -> String {
        match self.0 {
            Some(_) => format!("liveflow resume {}", live.id()),
            None => format!("liveflow watch --ask {} {}", live.live_flow_id(), live.id()),
        }
    }

    /// What can be done once this session is followed no more.
    pub(crate) fn ways_on(&self, live: &LiveSession) -> HowToGoOn {
        let (flow, session) = (live.live_flow_id(), live.id());
        vec![
            ("go on:", self.how_to_go_on(live)),
            ("look on:", format!("liveflow watch {flow} {session}")),
            ("cancel:", format!("liveflow cancel {flow} {session}")),
        ]
    }

    /// Those of all sessions, or of the one that is named.
    pub(crate) async fn find(&self, named: Option<&str>) -> Result<Vec<Checkpoint>, Failure> {
        let Some(store) = &self.0 else {
            return Err(Failure::new(Code::NotFound, "no checkpoints are kept here"));
        };
        let ids = match named {
            Some(id) => vec![SessionId::parse(id)?.to_string()],
            None => store.list().await.map_err(|error| failed(&error))?,
        };
        let mut found = Vec::new();
        for id in ids {
            if let Some(stored) = store.load(id.clone()).await.map_err(|error| failed(&error))? {
                let checkpoint = Checkpoint::parse(&stored.data);
                found.push(checkpoint.map_err(|error| {
                    Failure::from(error).note(format!("it is the checkpoint of session {id}"))
                })?);
            }
        }
        match (named, found.is_empty()) {
            (Some(id), true) => Err(Failure::new(
                Code::NotFound,
                format!("there is no checkpoint of session {id} for this service"),
            )
            .note("to follow it all the same: liveflow watch --ask FLOW SESSION")),
            _ => Ok(found),
        }
    }
}

fn failed(error: &HostError) -> Failure {
    Failure::new(Code::Error, format!("checkpoints: {error}"))
}
