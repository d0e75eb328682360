//! Idempotency keys that were seen, for when they are honoured.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

/// What a key already did.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    body: Value,
    pub(crate) session: Uuid,
    /// Number of the answer's record in the session; none for a create.
    pub(crate) record: Option<usize>,
}

/// Keys by the flow or session that they were sent to: the same key elsewhere is another one.
#[derive(Default)]
pub(crate) struct Remembered(HashMap<(Uuid, String), Effect>);

/// A key that comes again.
#[derive(Debug)]
pub(crate) enum Repetition {
    Of(Effect),
    WithAnotherBody,
}

impl Remembered {
    pub(crate) fn find(&self, target: Uuid, key: &str, body: &Value) -> Option<Repetition> {
        let effect = self.0.get(&(target, key.to_owned()))?;
        Some(if effect.body == *body {
            Repetition::Of(effect.clone())
        } else {
            Repetition::WithAnotherBody
        })
    }

    pub(crate) fn add(
        &mut self,
        target: Uuid,
        key: String,
        body: Value,
        session: Uuid,
        record: Option<usize>,
    ) {
        self.0.insert((target, key), Effect { body, session, record });
    }
}
