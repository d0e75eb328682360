//! The distribution that the trace was drawn from, for the schedule that knows it.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct Mixture {
    bands: Vec<Part>,
}

/// One of the two shapes. (An enum would need a buffer, which numbers of any precision do not bear.)
#[derive(Debug, Deserialize)]
struct Part {
    weight: f64,
    lognormal: Option<Lognormal>,
    pareto: Option<Pareto>,
}

#[derive(Debug, Deserialize)]
struct Lognormal {
    median: f64,
    sigma: f64,
}

#[derive(Debug, Deserialize)]
struct Pareto {
    from: f64,
    to: f64,
    alpha: f64,
}

impl Mixture {
    pub(crate) fn of_the_trace() -> Self {
        serde_json::from_str(include_str!("../../trace/mixture.json")).expect("mixture.json")
    }

    /// The share of steps that are over after so many seconds.
    pub(crate) fn over_by(&self, seconds: f64) -> f64 {
        self.bands.iter().map(|part| part.weight * part.over_by(seconds)).sum()
    }

    /// By when every step is over, but for a share that does not matter.
    pub(crate) fn longest(&self) -> f64 {
        self.bands.iter().map(Part::longest).fold(0.0, f64::max)
    }
}

impl Part {
    fn over_by(&self, seconds: f64) -> f64 {
        match (&self.lognormal, &self.pareto) {
            _ if seconds <= 0.0 => 0.0,
            (Some(of), _) => normal((seconds / of.median).ln() / of.sigma),
            (None, Some(of)) => {
                let tail = |at: f64| at.powf(-of.alpha);
                let at = seconds.clamp(of.from, of.to);
                (tail(of.from) - tail(at)) / (tail(of.from) - tail(of.to))
            }
            (None, None) => 1.0,
        }
    }

    fn longest(&self) -> f64 {
        let lognormal = self.lognormal.as_ref().map(|of| of.median * (6.0 * of.sigma).exp());
        lognormal.or(self.pareto.as_ref().map(|of| of.to)).unwrap_or_default()
    }
}

/// The normal distribution: Abramowitz and Stegun 26.2.17, to seven digits.
fn normal(x: f64) -> f64 {
    if x < 0.0 {
        return 1.0 - normal(-x);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    1.0 - sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixture_goes_from_none_to_all() {
        let mixture = Mixture::of_the_trace();
        assert!(mixture.over_by(0.0).abs() < 1e-9);
        assert!((mixture.over_by(mixture.longest()) - 1.0).abs() < 1e-6);
        assert!((normal(0.0) - 0.5).abs() < 1e-7);
        assert!((normal(1.96) - 0.975).abs() < 1e-4);
    }
}
