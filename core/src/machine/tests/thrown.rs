//! A world that a fuzzer's bytes decide: the same as `properties` throws, so that whatever the fuzzer
//! learns is about the machine and not about the bytes. No bytes are a world in which all is well.

use arbitrary::{Result, Unstructured};

use super::world::{
    Deed, Effect, Lateness, Plan, ReadFate, ReadKind, Rules, Step, Throw, Times, World, WriteFate,
    WriteKind,
};

/// Plays one world; its own assertions say what must hold.
pub fn machine(data: &[u8]) {
    if let Ok(throw) = throw(&mut Unstructured::new(data)) {
        let _ = World::new(throw).play();
    }
}

fn throw(u: &mut Unstructured<'_>) -> Result<Throw> {
    Ok(Throw {
        rules: rules(u)?,
        plan: plan(u)?,
        deeds: deeds(u)?,
        answers: some(u, 8, write)?,
        reads: some(u, 40, read)?,
        cancels: some(u, 4, write)?,
        saves: some(u, 8, |u| u.int_in_range(0..=500))?,
        seed: u.arbitrary()?,
    })
}

/// Up to `most` of them.
fn some<T>(
    u: &mut Unstructured<'_>,
    most: usize,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    (0..u.int_in_range(0..=most)?).map(|_| one(u)).collect()
}

/// A span in milliseconds: one byte, of which the low values are the short ones.
fn span(u: &mut Unstructured<'_>) -> Result<u16> {
    let byte = u.arbitrary::<u8>()?;
    Ok(match byte {
        0..=15 => 0,
        16..=127 => u16::from(byte) * 2,
        128..=223 => u16::from(byte - 127) * 32,
        224..=255 => u16::from(byte - 223) * 2000,
    })
}

fn rules(u: &mut Unstructured<'_>) -> Result<Rules> {
    let [changed, limit] = u.arbitrary::<[u8; 2]>()?;
    let is = |bit: u8| changed & (1 << bit) != 0;
    Ok(Rules {
        resend_answers: !is(0),
        verify_before_answer: !is(1),
        can_refresh_credentials: is(2),
        stores_answers: is(3),
        cancel_deletes: is(4),
        has_other_writer: is(5) && is(6),
        lateness: if is(7) { Lateness::Unbounded } else { Lateness::WithinGrace },
        watch_limit: if limit < 224 { 24 * 60 * 60 } else { 30 + u32::from(limit - 224) * 5 },
    })
}

fn plan(u: &mut Unstructured<'_>) -> Result<Plan> {
    let kind = u.arbitrary::<u8>()?;
    let times = [Times::Exact, Times::Exact, Times::Coarse, Times::None][usize::from(kind % 4)];
    Ok(Plan {
        // Without exact times nobody can tell such a question from the one before.
        repeats_words: kind & 4 != 0 && times == Times::Exact,
        times,
        fails: kind & 8 != 0,
        steps: some(u, 6, |u| {
            let kind = u.int_in_range(0..=3_u8)?;
            Ok(match kind {
                0 => Step::Work { millis: span(u)? },
                _ => Step::Ask { rejections: kind - 1, thinks: span(u)? },
            })
        })?,
    })
}

fn read(u: &mut Unstructured<'_>) -> Result<ReadFate> {
    let what = u.arbitrary::<u8>()?;
    let kind = match what % 32 {
        0..16 => ReadKind::Shown,
        16 | 17 => ReadKind::WithoutCurrent,
        18 | 19 => ReadKind::Strange,
        20 | 21 => ReadKind::NeverLeft,
        22..25 => ReadKind::NoStatus,
        25..28 => ReadKind::Status(*u.choose(&[503, 500, 408, 425, 429, 401, 403, 404])?),
        28 | 29 => ReadKind::RetryAfter(u.int_in_range(0..=40)?),
        30 => ReadKind::Unreadable,
        _ => ReadKind::TooLarge,
    };
    let lag = if what & 32 == 0 { 0 } else { span(u)?.min(9000) };
    Ok(ReadFate { queue: span(u)?, latency: span(u)?, lag, kind })
}

fn write(u: &mut Unstructured<'_>) -> Result<WriteFate> {
    let what = u.arbitrary::<u8>()?;
    let is_done = what & 32 != 0;
    let kind = match what % 32 {
        0..8 => WriteKind::Accepted,
        8 | 9 => WriteKind::AcceptedOld,
        10 | 11 => WriteKind::AcceptedEmpty,
        12 => WriteKind::Unreadable,
        13..16 => WriteKind::NeverLeft,
        16..22 => WriteKind::NoStatus { is_done },
        22..26 => WriteKind::Status { code: *u.choose(&[503, 408, 302, 500])?, is_done },
        26 | 27 => WriteKind::RetryAfter(u.int_in_range(0..=20)?),
        _ => WriteKind::Refused(*u.choose(&[400, 401, 403, 404, 409, 422, 425, 307])?),
    };
    let effect = if what >> 6 == 3 {
        Effect::After(u32::from(span(u)?) * 10)
    } else {
        Effect::During(span(u)?.min(30_000))
    };
    Ok(WriteFate { queue: span(u)?, effect, answer: span(u)?, kind })
}

fn deeds(u: &mut Unstructured<'_>) -> Result<Vec<(u16, Deed)>> {
    // Nothing can be answered before it was asked, so a first pull comes first.
    let mut deeds = vec![(1000, Deed::Pull { consumer: 0, events: 12 })];
    deeds.extend(some(u, 16, |u| Ok((span(u)?, deed(u)?)))?);
    Ok(deeds)
}

fn deed(u: &mut Unstructured<'_>) -> Result<Deed> {
    let within = |u: &mut Unstructured<'_>| Ok(120_000 - u32::from(span(u)?));
    Ok(match u.arbitrary::<u8>()? % 32 {
        0..11 => Deed::Answer { within: within(u)? },
        11 => Deed::Outage { down: span(u)?.min(40_000), stale: span(u)?.min(9000) },
        12 => Deed::AnswerOld { within: within(u)? },
        13 => Deed::Cancel { within: within(u)? },
        14 | 15 => Deed::GiveUp { ago: u.int_in_range(0..=1)? },
        16..20 => Deed::Pull { consumer: u.int_in_range(0..=3)?, events: u.int_in_range(1..=12)? },
        20 => Deed::Join,
        21 => Deed::PollNow,
        22 => Deed::NetworkChanged,
        23 => Deed::Suspend,
        24 | 25 => Deed::Resume,
        26 => Deed::LateSuspend,
        27 => Deed::Restart,
        28 => Deed::Touch,
        29 => Deed::Elsewhere,
        30 => Deed::Close,
        _ => Deed::Answer { within: span(u)?.into() },
    })
}
