//! The client: the service's five calls, and sessions that are watched.

use std::sync::Arc;

use liveflow::{
    Checkpoint, Client, ClientConfig, Json, LiveFlowError, LiveFlowId, SessionEvent, SessionId,
    SessionListener as _,
};

use crate::answer::CoreAnswer;
use crate::config::CoreConfig;
use crate::credentials::{CredentialsProvider, Provider};
use crate::foreign::Foreign;
use crate::gate;
use crate::listener::{Listener, SessionListener};
use crate::live_session::CoreLiveSession;
use crate::operation::{Operation, Outcome};
use crate::process::Here;
use crate::prompt::{self, PromptHandler};
use crate::sessions::CoreSessions;
use crate::store::{CheckpointStore, Store};

type Begun = Result<Arc<Operation>, LiveFlowError>;

/// A connection to the service. Ids and JSON are text here, and a mistake in them is thrown at once
/// as `InvalidRequest`, naming the argument.
#[derive(uniffi::Object)]
pub struct CoreClient {
    base_url: String,
    client: Here<Client>,
}

impl CoreClient {
    fn build(
        base: ClientConfig,
        config: CoreConfig,
        credentials: Option<Arc<dyn CredentialsProvider>>,
        checkpoint_store: Option<Arc<dyn CheckpointStore>>,
    ) -> Result<Self, LiveFlowError> {
        if gate::is_shut() {
            return Err(LiveFlowError::closed("the process is exiting"));
        }
        let mut config = config.on(base)?;
        if let Some(provider) = credentials {
            config.credentials = Some(Arc::new(Provider::new(provider)));
        }
        if let Some(store) = checkpoint_store {
            config.checkpoint_store = Some(Arc::new(Store::new(store)));
        }
        Ok(Self { base_url: config.base_url.clone(), client: Here::new(Client::new(config)?) })
    }

    fn client(&self) -> Result<Client, LiveFlowError> {
        self.client.or_forked("client").cloned()
    }
}

#[uniffi::export]
impl CoreClient {
    /// A client with this key, which may be empty when there is a credentials provider.
    #[uniffi::constructor]
    pub fn new(
        api_key: String,
        config: CoreConfig,
        credentials: Option<Arc<dyn CredentialsProvider>>,
        checkpoint_store: Option<Arc<dyn CheckpointStore>>,
    ) -> Result<Arc<Self>, LiveFlowError> {
        Self::build(ClientConfig::new(api_key), config, credentials, checkpoint_store).map(Arc::new)
    }

    /// A client with the environment's key, and its organisation and address where the settings
    /// give none.
    #[uniffi::constructor]
    pub fn from_env(
        config: CoreConfig,
        credentials: Option<Arc<dyn CredentialsProvider>>,
        checkpoint_store: Option<Arc<dyn CheckpointStore>>,
    ) -> Result<Arc<Self>, LiveFlowError> {
        Self::build(ClientConfig::from_env()?, config, credentials, checkpoint_store).map(Arc::new)
    }

    /// Where the service is.
    pub fn base_url(&self) -> String {
        self.base_url.clone()
    }

    /// Creates a session without watching it. Gives a session.
    pub fn create_session(&self, live_flow_id: String, inputs: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let inputs = Json::parse_argument(&inputs, "inputs")?;
        Operation::begin(async move {
            let session = client.create_session(flow, inputs).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Reads a session. Gives a session.
    pub fn get_session(&self, live_flow_id: String, session_id: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let id = SessionId::parse(&session_id)?;
        Operation::begin(async move {
            let session = client.get_session(flow, id).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Reads all sessions of a flow. Gives sessions.
    pub fn get_sessions(&self, live_flow_id: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        Operation::begin(async move {
            let sessions = client.get_sessions(flow).await?;
            Ok(Outcome::Sessions { sessions })
        })
    }

    /// The sessions of a flow one at a time. Sends nothing before it is asked for the first.
    pub fn iter_sessions(&self, live_flow_id: String) -> Result<Arc<CoreSessions>, LiveFlowError> {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        Ok(CoreSessions::new(client.iter_sessions(flow)?))
    }

    /// Answers whatever a session asks now. Gives a session.
    pub fn add_user_input(
        &self,
        live_flow_id: String,
        session_id: String,
        user_input: CoreAnswer,
    ) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let id = SessionId::parse(&session_id)?;
        let user_input = user_input.parse("user_input")?;
        Operation::begin(async move {
            let session = client.add_user_input(flow, id, user_input).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Ends a session at the service. Gives a session.
    pub fn cancel_session(&self, live_flow_id: String, session_id: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let id = SessionId::parse(&session_id)?;
        Operation::begin(async move {
            let session = client.cancel_session(flow, id).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Creates a session and watches it. Gives a watched session.
    pub fn start(&self, live_flow_id: String, inputs: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let inputs = Json::parse_argument(&inputs, "inputs")?;
        Operation::begin(async move {
            let live_session = CoreLiveSession::new(client.start(flow, inputs).await?);
            Ok(Outcome::LiveSession { live_session })
        })
    }

    /// Watches an existing session. Gives a watched session.
    pub fn watch(&self, live_flow_id: String, session_id: String) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let id = SessionId::parse(&session_id)?;
        Operation::begin(async move {
            let live_session = CoreLiveSession::new(client.watch(flow, id).await?);
            Ok(Outcome::LiveSession { live_session })
        })
    }

    /// Goes on with what `CoreLiveSession::checkpoint` gave. Gives a watched session.
    pub fn restore(&self, checkpoint: String) -> Begun {
        let (client, checkpoint) = (self.client()?, Checkpoint::parse(&checkpoint)?);
        Operation::begin(async move {
            let live_session = CoreLiveSession::new(client.restore(&checkpoint).await?);
            Ok(Outcome::LiveSession { live_session })
        })
    }

    /// Goes on with everything in the checkpoint store. Gives watched sessions.
    pub fn restore_all(&self) -> Begun {
        let client = self.client()?;
        Operation::begin(async move {
            let sessions = client.restore_all().await?;
            let live_sessions = sessions.into_iter().map(CoreLiveSession::new).collect();
            Ok(Outcome::LiveSessions { live_sessions })
        })
    }

    /// Starts a session, has its prompts answered, and waits for its end. Gives a session.
    pub fn run(
        &self,
        live_flow_id: String,
        inputs: String,
        handler: Option<Arc<dyn PromptHandler>>,
        listener: Option<Arc<dyn SessionListener>>,
    ) -> Begun {
        let (client, flow) = (self.client()?, LiveFlowId::parse(&live_flow_id)?);
        let inputs = Json::parse_argument(&inputs, "inputs")?;
        let handler = handler.map(Foreign::new);
        let listener = listener.map(Listener::new);
        let on_event = move |event: &SessionEvent| match &listener {
            // The listener may block: this worker's other tasks go to another thread meanwhile.
            Some(listener) => tokio::task::block_in_place(|| listener.on_event(event.clone())),
            None => Ok(()),
        };
        let on_prompt = move |prompt| prompt::ask(handler.clone(), prompt);
        Operation::begin(async move {
            let session = client.run(flow, inputs, on_prompt, on_event).await?;
            Ok(Outcome::Session { session })
        })
    }

    /// Stops all requests, for an application that goes to the background.
    pub fn suspend(&self) -> Result<(), LiveFlowError> {
        self.client()?.suspend();
        Ok(())
    }

    /// Goes on after `suspend`.
    pub fn resume(&self) -> Result<(), LiveFlowError> {
        self.client()?.resume();
        Ok(())
    }

    /// The device is on another network: connections are made anew, sessions looked at at once.
    pub fn network_changed(&self) -> Result<(), LiveFlowError> {
        self.client()?.network_changed();
        Ok(())
    }

    /// Stops watching everything. Waits for nothing; the sessions themselves are untouched.
    pub fn shutdown(&self) {
        if let Some(client) = self.client.get() {
            client.close();
        }
    }
}
