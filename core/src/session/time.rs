//! The service's times: RFC 3339, with or without an offset.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The first second of the year 1: some languages' dates begin there, so a time before it is none.
const YEAR_ONE: i64 = -62_135_596_800;

/// Reads a time as FastAPI writes it. A time without an offset is taken as UTC (assumed).
pub(crate) fn parse_time(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let stamp = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    (stamp.as_second() >= YEAR_ONE).then(|| SystemTime::from(stamp))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_documented_form_and_its_relatives_are_read() {
        let expected = UNIX_EPOCH + Duration::from_secs(1_699_335_116);
        for text in [
            "2023-11-07T05:31:56Z",
            "2023-11-07T05:31:56",
            "2023-11-07 05:31:56",
            "2023-11-07T06:31:56+01:00",
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        let micros = parse_time("2023-11-07T05:31:56.123456Z").unwrap();
        assert_eq!(micros, expected + Duration::from_micros(123_456));
    }

    #[test]
    fn time_begins_with_the_year_one() {
        assert!(parse_time("0001-01-01T00:00:00Z").is_some());
        for text in ["0000-12-31T23:59:59Z", "-000005-01-01T00:00:00Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "yesterday", "2023-13-40T99:00:00Z", "1699335116"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
