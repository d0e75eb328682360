//! How a time stands in a checkpoint: as Serde writes one, but the service may also say a time before
//! 1970, which Serde's own refuses.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

#[derive(Serialize, Deserialize)]
struct Kept {
    secs_since_epoch: i64,
    nanos_since_epoch: u32,
}

impl Kept {
    fn of(time: SystemTime) -> Option<Self> {
        let (secs_since_epoch, nanos_since_epoch) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).ok()?, after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).ok()?.checked_neg()?;
                match before.subsec_nanos() {
                    0 => (seconds, 0),
                    nanos => (seconds.checked_sub(1)?, 1_000_000_000 - nanos),
                }
            }
        };
        Some(Self { secs_since_epoch, nanos_since_epoch })
    }

    fn time(&self) -> Option<SystemTime> {
        let seconds = Duration::from_secs(self.secs_since_epoch.checked_abs()?.unsigned_abs());
        let second = if self.secs_since_epoch.is_negative() {
            UNIX_EPOCH.checked_sub(seconds)
        } else {
            UNIX_EPOCH.checked_add(seconds)
        };
        second?.checked_add(Duration::from_nanos(self.nanos_since_epoch.into()))
    }
}

#[expect(clippy::ref_option, reason = "Serde calls it so")]
pub(super) fn serialize<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let far = || ser::Error::custom("no clock goes that far");
    time.map(|time| Kept::of(time).ok_or_else(far)).transpose()?.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SystemTime>, D::Error> {
    let far = || de::Error::custom("no clock goes that far");
    let kept = Option::<Kept>::deserialize(deserializer)?;
    kept.map(|kept| kept.time().ok_or_else(far)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_read_as_it_was_written_before_1970_too() {
        for (seconds, nanos) in [(0, 0), (1, 0), (0, 100), (1_704_067_210, 500_000_000)] {
            let since = Duration::new(seconds, nanos);
            for time in [UNIX_EPOCH + since, UNIX_EPOCH - since] {
                let kept = Kept::of(time).unwrap();
                assert!(kept.nanos_since_epoch < 1_000_000_000);
                assert_eq!(kept.time(), Some(time));
            }
        }
    }

    #[test]
    fn whatever_can_be_read_can_be_written_again() {
        for secs_since_epoch in [i64::MAX, i64::MAX - 5, i64::MIN + 1, i64::MIN] {
            for nanos_since_epoch in [0, 1, u32::MAX] {
                let kept = Kept { secs_since_epoch, nanos_since_epoch };
                assert!(kept.time().is_none_or(|time| Kept::of(time).is_some()));
            }
        }
    }
}
