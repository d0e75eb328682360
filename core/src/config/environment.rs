//! A configuration from environment variables.

use crate::error::{LiveFlowError, Result};

use super::ClientConfig;

pub(super) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<ClientConfig> {
    let set = |name: &str| {
        variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let key = set("TRUESTATE_API_KEY").ok_or_else(|| {
        LiveFlowError::configuration(
            "api_key",
            "set TRUESTATE_API_KEY to your organisation's API key (none was found)",
        )
    })?;
    let mut config = ClientConfig::new(key);
    // The official client reads the second name in its code and documents the first.
    config.organisation_id =
        set("TRUESTATE_ORGANISATION_ID").or_else(|| set("TRUESTATE_ORGANISATION"));
    if let Some(host) = set("TRUESTATE_HOST") {
        config.base_url = host;
    }
    config.validate()?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<ClientConfig> {
        from_env(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_official_clients_variables_are_read() {
        let config = with(&[
            ("TRUESTATE_API_KEY", " key "),
            ("TRUESTATE_ORGANISATION", "org"),
            ("TRUESTATE_HOST", "http://127.0.0.1:9"),
        ])
        .unwrap();
        assert_eq!(config.api_key.expose(), "key");
        assert_eq!(config.organisation_id.as_deref(), Some("org"));
        assert_eq!(config.base_url, "http://127.0.0.1:9");
    }

    #[test]
    fn without_a_key_the_error_names_the_variable() {
        let error = with(&[("TRUESTATE_API_KEY", "  ")]).unwrap_err();
        assert!(error.to_string().contains("TRUESTATE_API_KEY"), "{error}");
    }
}
