//! Headers that identify the caller, from the integrator's own code.

use std::collections::HashMap;
use std::sync::Arc;

use liveflow::{CredentialsRequest, HostError, HostFuture};

use crate::foreign::{CallbackError, Foreign};
use crate::reply::{self, OneShot};

/// Gives the headers of each request, for instance to a proxy of the integrator's own.
#[uniffi::export(foreign)]
pub trait CredentialsProvider: Send + Sync {
    /// Asks for headers. Returns at once; the reply may come later, from any thread.
    fn headers(
        &self,
        request: CredentialsRequest,
        reply: Arc<CredentialsReply>,
    ) -> Result<(), CallbackError>;
}

/// Where a credentials provider replies, once.
#[derive(uniffi::Object)]
pub struct CredentialsReply(OneShot<HashMap<String, String>>);

#[uniffi::export]
impl CredentialsReply {
    /// The headers to send.
    pub fn give(&self, headers: HashMap<String, String>) -> bool {
        self.0.give(Ok(headers))
    }

    /// There are none, and why. The words reach the caller, so they must hold no secret.
    pub fn fail(&self, reason: String) -> bool {
        self.0.give(Err(HostError(reason)))
    }
}

pub(crate) struct Provider(Foreign<dyn CredentialsProvider>);

impl Provider {
    pub(crate) fn new(provider: Arc<dyn CredentialsProvider>) -> Self {
        Self(Foreign::new(provider))
    }
}

impl liveflow::CredentialsProvider for Provider {
    fn headers(&self, request: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
        let (reply, given) = OneShot::new();
        let reply = Arc::new(CredentialsReply(reply));
        let called = self.0.call_elsewhere(move |provider| provider.headers(request, reply));
        Box::pin(async move {
            let headers = reply::required("the credentials provider", called, given).await?;
            Ok(headers.into_iter().collect())
        })
    }
}
