//! How long a service asks to wait: `Retry-After`, in seconds or as an HTTP date.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// Longer than anybody means, short enough to be added to any time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The wait that this answer asks for. A date is measured from the answer's own `Date`, so that a
/// wrong clock on this machine does not matter; from `now` if it has none.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(':') {
        seconds(text)?
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        until.duration_since(date(headers).unwrap_or(now)).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

/// The service's clock when it answered.
pub(super) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

/// Whole seconds by the standard; some services send fractions.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::HeaderValue;

    use super::*;

    fn asked(retry_after_header: &str, date_header: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after_header).unwrap());
        if let Some(date) = date_header {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        // Tue, 07 Nov 2023 05:31:56 GMT
        retry_after(&headers, UNIX_EPOCH + Duration::from_secs(1_699_335_116))
    }

    #[test]
    fn seconds_are_read_with_and_without_a_fraction() {
        assert_eq!(asked("7", None), Some(Duration::from_secs(7)));
        assert_eq!(asked(" 0 ", None), Some(Duration::ZERO));
        assert_eq!(asked("1.5", None), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn a_date_is_measured_from_the_answers_own_date() {
        let until = "Tue, 07 Nov 2023 05:33:00 GMT";
        let date = Some("Tue, 07 Nov 2023 05:32:30 GMT");
        assert_eq!(asked(until, date), Some(Duration::from_secs(30)));
        assert_eq!(asked(until, None), Some(Duration::from_secs(64)));
        assert_eq!(asked("Tue, 07 Nov 2023 05:00:00 GMT", date), Some(Duration::ZERO));
    }

    #[test]
    fn a_huge_wait_can_still_be_added_to_a_time() {
        let year = Duration::from_secs(31_536_000);
        for text in ["99999999999999999999999999", "1e400", "31536001", "31536000"] {
            assert_eq!(asked(text, None), Some(year), "{text}");
        }
        assert_eq!(asked("31535999", None), Some(Duration::from_secs(31_535_999)));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for text in ["", "soon", "-5", "NaN", "inf", "12:30"] {
            assert_eq!(asked(text, None), None, "{text}");
        }
    }
}
