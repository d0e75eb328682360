use std::sync::Arc;
use std::time::Duration;

use crate::config::ClientConfig;
use crate::machine::{
    Checkpoint, Cursor, Input, Machine, Moment, Output, SessionReading, Settings,
};
use crate::session::{StatusAliases, decode_session};

/// The most that a consumer may have to be told of one look.
const MOST_EVENTS: usize = 10_000;

/// Reading a checkpoint, and going on from it. `data` is its text; after a line break may follow what
/// the service then shows.
pub fn checkpoint(data: &[u8]) {
    let (text, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &b""[..]),
    };
    let text = String::from_utf8_lossy(text);
    let checkpoint = match Checkpoint::parse(&text) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            assert!(error.to_string().len() < 1000, "a reason longer than a person reads: {error}");
            return;
        }
    };
    let again = Checkpoint::parse(&checkpoint.to_text());
    assert_eq!(again.as_ref(), Ok(&checkpoint), "what is written is what was read");
    go_on(checkpoint, body);
}

/// A machine goes on from it, reads what is shown, and is closed.
fn go_on(checkpoint: Checkpoint, body: &[u8]) {
    let settings = Arc::new(Settings::from(&ClientConfig::new("key")));
    let mut now = Moment::after_origin(Duration::from_secs(1000));
    let (flow, session) = (checkpoint.live_flow_id().clone(), checkpoint.session_id().clone());
    let number = checkpoint.number();
    let mut machine = Machine::new(settings, flow.clone(), session.clone(), 7, now, now)
        .restored(now, checkpoint);
    let shown = decode_session(body, &flow, Some(&session), &StatusAliases::default()).ok();
    let shown = shown.map(Arc::new);
    let mut consumer = Cursor::default();
    machine.handle(now, Input::Wake);
    for _ in 0..4 {
        let mut reads = Vec::new();
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Read { op, .. } => reads.push(op),
                Output::SendAnswer { .. } | Output::SendCancel { .. } => {
                    panic!("nobody waits for an answer of before, so it is never sent")
                }
                _ => {}
            }
        }
        tell(&mut consumer, &machine);
        let begun = now;
        now = now + Duration::from_secs(120);
        for op in reads {
            let Some(session) = shown.clone() else { continue };
            machine.handle(
                now,
                Input::ReadDone { op, begun, result: Ok(SessionReading::Session(session)) },
            );
        }
        machine.handle(now, Input::Wake);
    }
    assert!(machine.checkpoint().number() >= number, "numbers never go back");
    let kept = machine.checkpoint();
    assert_eq!(Checkpoint::parse(&kept.to_text()).as_ref(), Ok(&kept));
    machine.handle(now, Input::Close);
    while machine.poll_output().is_some() {}
    tell(&mut consumer, &machine);
    assert!(consumer.has_ended(), "a consumer never learns of the end");
}

fn tell(consumer: &mut Cursor, machine: &Machine) {
    let look = machine.look();
    let events = std::iter::from_fn(|| consumer.next(&look)).take(MOST_EVENTS).count();
    assert!(events < MOST_EVENTS, "events without an end");
}
