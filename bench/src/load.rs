//! How much is asked, and how CPU time is counted: the same for every driver.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What a driver is told.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Load {
    /// The service's address.
    #[arg(long)]
    pub(crate) base: String,
    #[arg(long, default_value_t = 64)]
    pub(crate) sessions: u32,
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// For how long it is measured, after a warm-up of half of it.
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
}

#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) us_per_poll: f64,
    pub(crate) polls_per_second: f64,
}

/// The CPU time of this process so far, in user and system mode.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Warms up, then gives what a poll costs. It takes longer where there is none in all that time.
#[allow(clippy::cast_precision_loss)]
pub(crate) async fn measure(load: &Load, look: impl Fn() -> (u64, f64)) -> Cost {
    let more_than = async |polls| {
        while look().0 <= polls {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    more_than(0).await;
    tokio::time::sleep(Duration::from_secs_f64(load.seconds / 2.0)).await;
    let (begun, (polls_before, cpu_before)) = (Instant::now(), look());
    tokio::time::sleep(Duration::from_secs_f64(load.seconds)).await;
    more_than(polls_before).await;
    let (polls, cpu) = look();
    let polls = (polls - polls_before) as f64;
    Cost {
        us_per_poll: (cpu - cpu_before) * 1e6 / polls,
        polls_per_second: polls / begun.elapsed().as_secs_f64(),
    }
}
