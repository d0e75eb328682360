//! Who is asking: the headers that identify the caller.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{ClientConfig, CredentialsProvider, CredentialsRequest, Secret};
use crate::error::{ErrorContext, LiveFlowError, Result};

use super::detail::Hidden;

/// The documented header of the key.
const API_KEY: HeaderName = HeaderName::from_static("api-key");
/// What the official Python client sends as well.
const CURRENT_ORG_ID: HeaderName = HeaderName::from_static("current-org-id");

/// Headers that decide where a request goes or where its body ends are not a provider's to set.
const NOT_CREDENTIALS: [HeaderName; 8] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, TE, TRAILER, UPGRADE, EXPECT];

/// The key, the organisation, and the integrator's own provider.
pub(super) struct Credentials {
    /// Of every request: what is accepted, and what the configuration identifies it with.
    fixed: HeaderMap,
    /// The key: what must not be shown whoever is asked.
    hidden: Hidden,
    provider: Option<Arc<dyn CredentialsProvider>>,
}

/// What one request identifies itself with.
pub(super) struct Identity<'a> {
    pub(super) headers: Cow<'a, HeaderMap>,
    /// The values in it that must never be shown.
    pub(super) hidden: Hidden,
}

impl Credentials {
    pub(super) fn new(config: &ClientConfig) -> Result<Self> {
        let mut fixed = HeaderMap::new();
        fixed.insert(ACCEPT, HeaderValue::from_static("application/json"));
        fixed.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if !config.api_key.is_empty() {
            let value = config.api_key.as_header().ok_or_else(|| unsendable("api_key"))?;
            fixed.insert(API_KEY, value);
        }
        if let Some(id) = &config.organisation_id {
            let value = HeaderValue::from_str(id).map_err(|_| unsendable("organisation_id"))?;
            fixed.insert(CURRENT_ORG_ID, value);
        }
        let mut hidden = Hidden::default();
        hidden.add(config.api_key.expose());
        Ok(Self { fixed, hidden, provider: config.credentials.clone() })
    }

    pub(super) fn has_provider(&self) -> bool {
        self.provider.is_some()
    }

    /// The headers for one request; a provider's win over the configuration's of the same name.
    /// `refused`: the last ones were (401).
    pub(super) async fn identity(&self, refused: bool) -> Result<Identity<'_>> {
        let mut identity =
            Identity { headers: Cow::Borrowed(&self.fixed), hidden: self.hidden.clone() };
        let Some(provider) = &self.provider else { return Ok(identity) };
        // One block around both, since the call may panic as well as the future it returns.
        let asking = async { provider.headers(CredentialsRequest { refused }).await };
        let given = match AssertUnwindSafe(asking).catch_unwind().await {
            Ok(Ok(given)) => given,
            Ok(Err(error)) => {
                return Err(failed(
                    "the credentials provider failed; nothing was sent".to_owned(),
                    Some(identity.hidden.clean(&error.0)),
                ));
            }
            Err(_) => {
                let reason = "the credentials provider panicked; nothing was sent";
                return Err(failed(reason.to_owned(), None));
            }
        };
        let mut own = HeaderMap::new();
        for (at, (name, value)) in given.into_iter().enumerate() {
            let value = Secret::from(value);
            // Words about a bad one quote nothing: name and value may have been mixed up.
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                refusal(&format!("the name of header number {} is not a header's name", at + 1))
            })?;
            if NOT_CREDENTIALS.contains(&name) {
                return Err(refusal(&format!("{name} is not a header of credentials")));
            }
            identity.hidden.add(value.expose());
            // A server may repeat the token without its `Bearer`, a word that is no secret itself.
            for word in value.expose().split_whitespace().filter(|word| word.len() >= 8) {
                identity.hidden.add(word);
            }
            let value = value.as_header().ok_or_else(|| {
                refusal(&format!("the value of {name} holds characters that a header cannot have"))
            })?;
            own.append(name, value);
        }
        identity.headers.to_mut().extend(own);
        Ok(identity)
    }
}

fn unsendable(setting: &str) -> LiveFlowError {
    let reason = format!("{setting} holds characters that a header cannot have");
    LiveFlowError::configuration(setting, reason)
}

fn refusal(why: &str) -> LiveFlowError {
    failed(format!("the credentials provider gave unusable headers: {why}; nothing was sent"), None)
}

fn failed(reason: String, detail: Option<String>) -> LiveFlowError {
    LiveFlowError::HandlerFailed { context: ErrorContext { detail, ..ErrorContext::new(reason) } }
}

#[cfg(test)]
mod tests {
    use crate::config::{HostError, HostFuture};

    use super::*;

    type Given = Result<Vec<(String, String)>, HostError>;

    /// Gives what the function says for each request.
    struct Provider<F>(F);

    impl<F: Fn(CredentialsRequest) -> Given + Send + Sync> CredentialsProvider for Provider<F> {
        fn headers(&self, request: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
            let given = (self.0)(request);
            Box::pin(async move { given })
        }
    }

    fn credentials(
        key: &str,
        provider: impl Fn(CredentialsRequest) -> Given + Send + Sync + 'static,
    ) -> Credentials {
        let mut config = ClientConfig::new(key);
        config.organisation_id = Some("org".to_owned());
        config.credentials = Some(Arc::new(Provider(provider)));
        Credentials::new(&config).unwrap()
    }

    fn gives(pairs: &'static [(&str, &str)]) -> impl Fn(CredentialsRequest) -> Given {
        move |_| Ok(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    async fn reason(given: &'static [(&str, &str)]) -> String {
        let error = credentials("key", gives(given)).identity(false).await.err().unwrap();
        assert!(matches!(error, LiveFlowError::HandlerFailed { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("marked"), "{error:?}");
        error.to_string()
    }

    #[tokio::test]
    async fn the_key_and_the_organisation_are_sent_and_the_key_is_marked_sensitive() {
        let mut config = ClientConfig::new("the-key");
        config.organisation_id = Some("org".to_owned());
        let credentials = Credentials::new(&config).unwrap();
        let identity = credentials.identity(false).await.unwrap();
        assert_eq!(identity.headers["Api-key"], "the-key");
        assert!(identity.headers["Api-key"].is_sensitive());
        assert_eq!(identity.headers["Current-Org-Id"], "org");
        assert!(!format!("{:?}", identity.headers).contains("the-key"));
    }

    #[tokio::test]
    async fn a_providers_headers_win_over_the_key_in_any_case() {
        let given = gives(&[
            ("API-KEY", "own"),
            ("Authorization", "Bearer a"),
            ("x-more", "1"),
            ("X-More", "2"),
        ]);
        let credentials = credentials("the-key", given);
        let identity = credentials.identity(false).await.unwrap();
        let headers = identity.headers;
        assert_eq!(headers.get_all("api-key").iter().collect::<Vec<_>>(), ["own"]);
        assert_eq!(headers["authorization"], "Bearer a");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(headers.get_all("x-more").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers["current-org-id"], "org");
    }

    #[tokio::test]
    async fn a_token_is_hidden_without_its_scheme_and_the_scheme_is_not() {
        let given = gives(&[("Authorization", "Bearer a-token")]);
        let credentials = credentials("", given);
        let identity = credentials.identity(false).await.unwrap();
        assert_eq!(
            identity.hidden.clean("Bearer is needed, not a-token"),
            "Bearer is needed, not a-token"
        );
        let given = gives(&[("Authorization", "Bearer a-longer-token")]);
        let credentials = self::credentials("", given);
        let identity = credentials.identity(false).await.unwrap();
        assert_eq!(
            identity.hidden.clean("Bearer is needed, not a-longer-token"),
            "Bearer is needed, not (hidden)"
        );
    }

    #[test]
    fn whether_there_is_a_provider_is_known() {
        assert!(credentials("key", gives(&[])).has_provider());
        assert!(!Credentials::new(&ClientConfig::new("key")).unwrap().has_provider());
    }

    #[tokio::test]
    async fn a_provider_is_told_when_its_last_headers_were_refused() {
        let given = |request: CredentialsRequest| {
            Ok(vec![("x-refused".to_owned(), request.refused.to_string())])
        };
        let credentials = credentials("", given);
        for refused in [false, true] {
            let headers = credentials.identity(refused).await.unwrap().headers;
            assert_eq!(headers["x-refused"], refused.to_string());
            assert!(!headers.contains_key("api-key"), "an empty key is not sent");
        }
    }

    #[tokio::test]
    async fn unusable_headers_are_refused_without_quoting_them() {
        assert!(reason(&[("ok", "v"), ("marked name", "v")]).await.contains("number 2"));
        assert!(reason(&[("x-token", "marked\nvalue")]).await.contains("x-token"));
        assert!(reason(&[("Content-Length", "marked")]).await.contains("content-length"));
        assert!(reason(&[("Host", "marked.example")]).await.contains("host"));
    }

    #[tokio::test]
    async fn a_failing_or_panicking_provider_is_an_error_and_nothing_worse() {
        let failing = |_| Err(HostError("no token for the-key today".to_owned()));
        let error = credentials("the-key", failing).identity(false).await.err().unwrap();
        assert_eq!(error.context().detail.as_deref(), Some("no token for (hidden) today"));
        let panicking = |_| -> Given { panic!("in the call") };
        let error = credentials("the-key", panicking).identity(false).await.err().unwrap();
        assert!(error.to_string().contains("panicked"), "{error}");
        let mut config = ClientConfig::new("the-key");
        config.credentials = Some(Arc::new(PanicsLater));
        let error = Credentials::new(&config).unwrap().identity(false).await.err().unwrap();
        assert!(error.to_string().contains("panicked"), "{error}");
    }

    struct PanicsLater;

    impl CredentialsProvider for PanicsLater {
        fn headers(&self, _: CredentialsRequest) -> HostFuture<Vec<(String, String)>> {
            Box::pin(async { panic!("in the future") })
        }
    }
}
