//! What is thrown at the machine: a session of the service, the fate of each request, and what the
//! caller, the device and others do.
//!
//! The larger strategies are boxed: a vector of them is moved about a lot.

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::{
    Deed, Effect, Lateness, Plan, ReadFate, ReadKind, Rules, Step, Throw, Times, WriteFate,
    WriteKind,
};

/// Whether somebody else writes to the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Never,
    Sometimes,
    Always,
}

fn any_step() -> impl Strategy<Value = Step> {
    let soon = prop_oneof![Just(0), 1..3000_u16, 1..60_000_u16];
    prop_oneof![
        1 => soon.clone().prop_map(|millis| Step::Work { millis }),
        3 => (0..3_u8, soon).prop_map(|(rejections, thinks)| Step::Ask { rejections, thinks }),
    ]
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let times =
        prop_oneof![3 => Just(Times::Exact), 1 => Just(Times::Coarse), 1 => Just(Times::None)];
    (vec(any_step(), 0..8), times, any::<bool>(), any::<bool>()).prop_map(
        |(steps, times, repeats_words, fails)| Plan {
            steps,
            times,
            // Without exact times nobody can tell such a question from the one before.
            repeats_words: repeats_words && times == Times::Exact,
            fails,
        },
    )
}

fn any_read() -> impl Strategy<Value = ReadFate> {
    let kind = prop_oneof![
        24 => Just(ReadKind::Shown),
        2 => Just(ReadKind::WithoutCurrent),
        2 => Just(ReadKind::Strange),
        4 => Just(ReadKind::NeverLeft),
        4 => Just(ReadKind::NoStatus),
        2 => prop_oneof![Just(401), Just(408), Just(425), Just(429), 500..505_u16]
            .prop_map(ReadKind::Status),
        1 => (0..40_u8).prop_map(ReadKind::RetryAfter),
        2 => Just(ReadKind::Unreadable),
    ];
    let fatal = prop_oneof![Just(403), Just(404)].prop_map(ReadKind::Status);
    let kind = prop_oneof![600 => kind, 1 => fatal, 1 => Just(ReadKind::TooLarge)].boxed();
    let lag = prop_oneof![2 => Just(0), 1 => 0..9000_u16];
    (short(), short(), lag, kind).prop_map(|(queue, latency, lag, kind)| ReadFate {
        queue,
        latency,
        lag,
        kind,
    })
}

fn any_write() -> impl Strategy<Value = WriteFate> {
    let kind = prop_oneof![
        6 => Just(WriteKind::Accepted),
        2 => Just(WriteKind::AcceptedOld),
        2 => Just(WriteKind::AcceptedEmpty),
        1 => Just(WriteKind::Unreadable),
        4 => Just(WriteKind::NeverLeft),
        6 => any::<bool>().prop_map(|is_done| WriteKind::NoStatus { is_done }),
        4 => (prop_oneof![Just(408), Just(302), 500..505_u16], any::<bool>())
            .prop_map(|(code, is_done)| WriteKind::Status { code, is_done }),
        2 => (0..20_u8).prop_map(WriteKind::RetryAfter),
        3 => prop_oneof![
            Just(400), Just(401), Just(403), Just(404), Just(409), Just(422), Just(425), Just(307)
        ]
        .prop_map(WriteKind::Refused),
    ]
    .boxed();
    let effect = prop_oneof![
        6 => (0..500_u16).prop_map(Effect::During),
        2 => (0..30_000_u16).prop_map(Effect::During),
        1 => (0..60_000_u32).prop_map(Effect::After),
        1 => (0..600_000_u32).prop_map(Effect::After),
    ]
    .boxed();
    (short(), effect, short(), kind).prop_map(|(queue, effect, answer, kind)| WriteFate {
        queue,
        effect,
        answer,
        kind,
    })
}

/// Mostly short, in milliseconds.
fn short() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(0), 8 => 1..200_u16, 2 => 200..3000_u16, 1 => 3000..40_000_u16].boxed()
}

fn any_deed(elsewhere: u32) -> impl Strategy<Value = Deed> {
    let within = || prop_oneof![1 => 0..3000_u32, 2 => 3000..60_000_u32, 2 => Just(120_000)];
    let pull = (0..4_u8, 1..12_u8).prop_map(|(consumer, events)| Deed::Pull { consumer, events });
    prop_oneof![
        16 => pull,
        30 => within().prop_map(|within| Deed::Answer { within }),
        3 => within().prop_map(|within| Deed::AnswerOld { within }),
        1 => within().prop_map(|within| Deed::Cancel { within }),
        3 => (0..2_u8).prop_map(|ago| Deed::GiveUp { ago }),
        1 => Just(Deed::Join),
        1 => Just(Deed::PollNow),
        1 => Just(Deed::NetworkChanged),
        2 => Just(Deed::Suspend),
        4 => Just(Deed::Resume),
        1 => Just(Deed::LateSuspend),
        2 => Just(Deed::Restart),
        2 => Just(Deed::Touch),
        1 => (0..40_000_u16, 0..9000_u16).prop_map(|(down, stale)| Deed::Outage { down, stale }),
        elsewhere => Just(Deed::Elsewhere),
    ]
    .boxed()
}

fn any_deeds(elsewhere: u32) -> impl Strategy<Value = Vec<(u16, Deed)>> {
    let gap = || prop_oneof![2 => 0..50_u16, 4 => 50..3000_u16, 1 => 3000..60_000_u16];
    let end = prop_oneof![8 => Just(None), 1 => Just(Some(Deed::Close))];
    (vec((gap(), any_deed(elsewhere)), 0..40), end).prop_map(|(mut deeds, end)| {
        // Nothing can be answered before it was asked, so a first pull comes first.
        deeds.insert(0, (1000, Deed::Pull { consumer: 0, events: 12 }));
        deeds.extend(end.map(|deed| (0, deed)));
        deeds
    })
}

fn any_rules(others: Others, lateness: Lateness) -> impl Strategy<Value = Rules> {
    let limit = prop_oneof![1 => 30..200_u32, 6 => Just(24 * 60 * 60)];
    (any::<[bool; 5]>(), limit, 0..4_u8).prop_map(move |(on, watch_limit, other)| Rules {
        resend_answers: on[0],
        verify_before_answer: on[1],
        can_refresh_credentials: on[2],
        stores_answers: on[3],
        cancel_deletes: on[4],
        watch_limit,
        has_other_writer: match others {
            Others::Never => false,
            Others::Sometimes => other == 0,
            Others::Always => true,
        },
        lateness,
    })
}

/// Everything for one session, where others write to it so often, and effects come so late.
pub(super) fn any_throw(others: Others, lateness: Lateness) -> impl Strategy<Value = Throw> {
    let elsewhere = if others == Others::Always { 16 } else { 2 };
    (
        any_plan(),
        any_rules(others, lateness),
        vec(any_read(), 0..120),
        vec(any_write(), 0..12),
        vec(any_write(), 0..6),
        vec(prop_oneof![4 => (0..50_u16).prop_map(|ms| ms * 2), 1 => 0..5000_u16], 0..12),
        any_deeds(elsewhere),
        any::<u64>(),
    )
        .prop_map(|(plan, rules, reads, answers, cancels, saves, deeds, seed)| Throw {
            plan,
            rules,
            reads,
            answers,
            cancels,
            saves,
            deeds,
            seed,
        })
}
