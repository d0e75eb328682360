//! Which redirects are followed: the key goes to the configured origin and to no other.

use http::StatusCode;
use url::Url;

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It leads to another scheme, host or port; the host, where it has one.
    OtherOrigin(Option<String>),
    /// It says nowhere, or nothing readable, where it leads.
    NoTarget,
    /// Following it would turn a write into a read, with nothing known about the write (301 to 303).
    WouldBecomeARead,
    /// One was followed already.
    Again,
}

/// Where to ask again, for an answer that is a redirect; `None` for any other.
pub(super) fn target(
    asked: &Url,
    is_read: bool,
    status: StatusCode,
    location: Option<&str>,
) -> Option<Result<Url, Refusal>> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let Some(mut url) = location.and_then(|location| asked.join(location).ok()) else {
        return Some(Err(Refusal::NoTarget));
    };
    if url.origin() != asked.origin() {
        return Some(Err(Refusal::OtherOrigin(url.host_str().map(ToOwned::to_owned))));
    }
    if !is_read && status.as_u16() <= 303 {
        return Some(Err(Refusal::WouldBecomeARead));
    }
    // A user name in it would become an `Authorization` header that nobody configured. These fail
    // only for addresses without a host, which have another origin.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    Some(Ok(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(is_read: bool, status: u16, location: &str) -> Option<Result<String, Refusal>> {
        let asked = Url::parse("https://api.example/v1/live_flows/x").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        target(&asked, is_read, status, Some(location)).map(|next| next.map(String::from))
    }

    #[test]
    fn the_missing_slash_is_followed_for_reads_and_writes() {
        let expected = Some(Ok("https://api.example/v1/live_flows/x/".to_owned()));
        for location in ["/v1/live_flows/x/", "https://api.example/v1/live_flows/x/", "x/#top"] {
            for (is_read, status) in [(true, 307), (true, 308), (false, 307), (false, 308)] {
                assert_eq!(decide(is_read, status, location), expected, "{status} {location}");
            }
        }
    }

    #[test]
    fn what_may_change_the_method_is_followed_for_reads_only() {
        for status in [301, 302, 303] {
            assert!(matches!(decide(true, status, "/y"), Some(Ok(_))));
            assert_eq!(decide(false, status, "/y"), Some(Err(Refusal::WouldBecomeARead)));
        }
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        for (location, host) in [
            ("http://api.example/v1/live_flows/x/", Some("api.example")),
            ("https://api.example:8443/", Some("api.example")),
            ("https://evil.example/?key=1", Some("evil.example")),
            ("//evil.example/", Some("evil.example")),
            ("https://api.example@evil.example/", Some("evil.example")),
            ("https://api.example.evil.example/", Some("api.example.evil.example")),
            ("data:text/plain,x", None),
        ] {
            let refused = Some(Err(Refusal::OtherOrigin(host.map(ToOwned::to_owned))));
            assert_eq!(decide(true, 307, location), refused, "{location}");
            assert_eq!(decide(false, 302, location), refused, "{location}");
        }
    }

    #[test]
    fn a_user_name_in_the_target_is_left_out() {
        let next = decide(true, 307, "https://user:pass@api.example/y");
        assert_eq!(next, Some(Ok("https://api.example/y".to_owned())));
    }

    #[test]
    fn without_a_target_there_is_nothing_to_follow() {
        assert_eq!(decide(true, 307, "https://"), Some(Err(Refusal::NoTarget)));
        let asked = Url::parse("https://api.example/").unwrap();
        let moved = StatusCode::PERMANENT_REDIRECT;
        assert_eq!(target(&asked, true, moved, None), Some(Err(Refusal::NoTarget)));
    }

    #[test]
    fn other_answers_are_no_redirects() {
        for status in [200, 300, 304, 305, 306, 404] {
            assert_eq!(decide(true, status, "/y"), None);
        }
    }
}
