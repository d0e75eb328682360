//! Many sessions in the same world as the properties, from one seed, and what came of them in numbers.
//!
//! Each session is made and played from the seed and its number alone. One that breaks a promise is
//! shrunk and printed, with what plays it again. The environment says what is played:
//! `SIMULATION_SESSIONS` (for each regime), `SIMULATION_SEED`, `SIMULATION_REGIME` (one of them only),
//! `SIMULATION_THREADS`, and `SIMULATION_SESSION`, to play the session of that number alone. With
//! `WORLD_TRACE=1` everything that happens in it is printed.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::machine::Dice;

use super::throws::{Others, any_throw};
use super::world::{Lateness, Tally, Throw, World};

/// How many sessions of each regime are played where nobody says how many.
const SESSIONS: u64 = 2_000;

/// What may happen to a session, and two settings of the client. Regimes that differ in a setting
/// only are played with the same sessions.
#[derive(Debug, Clone, Copy)]
struct Regime {
    name: &'static str,
    others: Others,
    lateness: Lateness,
    /// Nothing leaves it to the session.
    resend_answers: Option<bool>,
    verify_before_answer: Option<bool>,
}

const REGIMES: [Regime; 5] = [
    // One writer, and every effect within the grace.
    Regime {
        name: "one-writer",
        others: Others::Never,
        lateness: Lateness::WithinGrace,
        resend_answers: None,
        verify_before_answer: None,
    },
    // One writer, effects however late, and a caller that does not answer again after
    // `OutcomeUnknown`: as it is by default, and without sending anything again.
    Regime {
        name: "late-effects",
        others: Others::Never,
        lateness: Lateness::Unbounded,
        resend_answers: Some(true),
        verify_before_answer: None,
    },
    Regime {
        name: "late-effects,no-resend",
        others: Others::Never,
        lateness: Lateness::Unbounded,
        resend_answers: Some(false),
        verify_before_answer: None,
    },
    // Others answer as eagerly as we do: as it is by default, and without a look before each answer.
    Regime {
        name: "other-writers",
        others: Others::Always,
        lateness: Lateness::WithinGrace,
        resend_answers: None,
        verify_before_answer: Some(true),
    },
    Regime {
        name: "other-writers,no-verify",
        others: Others::Always,
        lateness: Lateness::WithinGrace,
        resend_answers: None,
        verify_before_answer: Some(false),
    },
];

impl Regime {
    fn throws(self) -> impl Strategy<Value = Throw> {
        any_throw(self.others, self.lateness).prop_map(move |mut throw| {
            let rules = &mut throw.rules;
            rules.resend_answers = self.resend_answers.unwrap_or(rules.resend_answers);
            rules.verify_before_answer =
                self.verify_before_answer.unwrap_or(rules.verify_before_answer);
            throw
        })
    }
}

/// A setting of the simulation from the environment.
fn wanted<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: {text:?} will not do")))
}

/// The source of one session's throws. Seeds and numbers that are close have nothing in common.
fn runner(seed: u64, session: u64) -> TestRunner {
    let mut dice = Dice::new(seed);
    let mut dice = Dice::new(dice.bits() ^ session);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&dice.bits().to_le_bytes());
    bytes[8..].copy_from_slice(&dice.bits().to_le_bytes());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // In a build that is not optimised the default algorithm takes longer than all the rest.
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::XorShift, &bytes))
}

/// Plays one session. One that breaks a promise is shrunk, and described.
fn play(regime: Regime, seed: u64, session: u64) -> Result<Tally, String> {
    let strategy = regime.throws();
    let mut runner = runner(seed, session);
    let tree = strategy.new_tree(&mut runner).map_err(|reason| reason.to_string())?;
    let throw = tree.current();
    if let Ok(tally) = catch_unwind(AssertUnwindSafe(|| World::new(throw).play())) {
        return Ok(tally);
    }
    // What each smaller try says would bury what the smallest says.
    let hook = take_hook();
    set_hook(Box::new(|_| ()));
    let shrunk = runner.run_one(tree, |throw| {
        World::new(throw).play();
        Ok(())
    });
    set_hook(hook);
    let what = match shrunk {
        Err(failure) => failure.to_string(),
        Ok(_) => "played again, it kept its promises".to_owned(),
    };
    Err(format!(
        "a promise was broken: {what}\nplay it again with SIMULATION_REGIME={} \
         SIMULATION_SEED={seed} SIMULATION_SESSION={session} (and WORLD_TRACE=1)",
        regime.name
    ))
}

/// Plays so many sessions on so many threads, until one breaks a promise.
fn play_all(regime: Regime, seed: u64, sessions: u64, threads: u64) -> Tally {
    let next = AtomicU64::new(0);
    let worker = || {
        let mut tally = Tally::default();
        loop {
            let session = next.fetch_add(1, Ordering::Relaxed);
            if session >= sessions {
                return Ok(tally);
            }
            match play(regime, seed, session) {
                Ok(one) => tally += one,
                Err(broken) => {
                    next.store(sessions, Ordering::Relaxed);
                    return Err(broken);
                }
            }
        }
    };
    let tallies: Vec<Result<Tally, String>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    tallies.into_iter().fold(Tally::default(), |all, tally| match tally {
        Ok(tally) => all + tally,
        Err(broken) => panic!("{broken}"),
    })
}

fn line(regime: &str, seed: u64, tally: &Tally, seconds: f64) -> String {
    let Tally { sessions, answers, arrived, handed_back, too_late, .. } = tally;
    let Tally { doubled, misdirected, lost, prompts, missed, repeated, consumers, ends, .. } =
        tally;
    format!(
        "{regime}: seed {seed}, {sessions} sessions, {answers} answers, {arrived} arrived, \
         {handed_back} handed back, {too_late} attempts too late, {doubled} doubled, \
         {misdirected} misdirected, {lost} lost, {prompts} prompts, {missed} missed, \
         {repeated} repeated, {ends} terminal events for {consumers} consumers, {seconds:.0} s"
    )
}

#[test]
fn sessions_of_every_regime_keep_their_promises() {
    let seed = wanted("SIMULATION_SEED").unwrap_or(1);
    let only: Option<String> = wanted("SIMULATION_REGIME");
    let regimes: Vec<Regime> = REGIMES
        .into_iter()
        .filter(|regime| only.as_ref().is_none_or(|only| only == regime.name))
        .collect();
    assert!(!regimes.is_empty(), "there is no regime {only:?}");
    if let Some(session) = wanted("SIMULATION_SESSION") {
        for regime in regimes {
            let tally = play(regime, seed, session).unwrap_or_else(|broken| panic!("{broken}"));
            println!("{}", line(regime.name, seed, &tally, 0.0));
        }
        return;
    }
    let sessions = wanted("SIMULATION_SESSIONS").unwrap_or(SESSIONS);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let threads = wanted("SIMULATION_THREADS").unwrap_or(cores);
    for regime in regimes {
        let started = Instant::now();
        let tally = play_all(regime, seed, sessions, threads);
        println!("{}", line(regime.name, seed, &tally, started.elapsed().as_secs_f64()));
    }
}

#[test]
fn a_session_is_played_the_same_again_from_its_seed_and_number() {
    for regime in REGIMES {
        for session in 0..5 {
            assert_eq!(play(regime, 7, session), play(regime, 7, session));
        }
    }
}
