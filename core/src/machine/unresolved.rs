//! Answers that nobody waited for any more and that are not known to have arrived. A checkpoint keeps
//! each of them until a consumer has been told: what somebody typed must not go with the process.

use std::collections::VecDeque;
use std::sync::Arc;

use super::checkpoint::KeptAnswer;
use super::settings::UNRESOLVED_KEPT;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unresolved {
    /// They are numbered from 1, so that each cursor knows which it has told.
    pub(super) number: u64,
    pub(super) answer: KeptAnswer,
}

#[derive(Debug, Default)]
pub(super) struct UnresolvedAnswers {
    /// The newest of them, oldest first.
    newest: VecDeque<Unresolved>,
    /// How many there have been in all.
    count: u64,
    /// The number of the newest that some consumer has been told.
    told: u64,
}

impl UnresolvedAnswers {
    /// What a checkpoint kept.
    pub(super) fn restored(kept: Vec<KeptAnswer>) -> Self {
        let mut unresolved = Self::default();
        for answer in kept {
            unresolved.add(answer);
        }
        unresolved
    }

    pub(super) fn add(&mut self, answer: KeptAnswer) {
        self.count += 1;
        self.newest.push_back(Unresolved { number: self.count, answer });
        if self.newest.len() > UNRESOLVED_KEPT {
            self.newest.pop_front();
        }
    }

    /// A consumer has been told of them up to this one. Says whether that is news.
    pub(super) fn told(&mut self, number: u64) -> bool {
        let is_news = number > self.told;
        self.told = self.told.max(number);
        is_news
    }

    /// For consumers, late ones too.
    pub(super) fn to_tell(&self) -> Arc<[Unresolved]> {
        self.newest.iter().cloned().collect()
    }

    /// For the checkpoint: those that no consumer has been told of.
    pub(super) fn untold(&self) -> impl Iterator<Item = &KeptAnswer> {
        self.newest.iter().filter(|each| each.number > self.told).map(|each| &each.answer)
    }

    pub(super) fn are_all_told(&self) -> bool {
        self.untold().next().is_none()
    }
}
