//! What the caller and the device do.

use std::sync::Arc;
use std::time::Duration;

use crate::json::Json;
use crate::machine::{AnswerCall, Checkpoint, Input, Machine, SessionEvent};
use crate::session::Prompt;

use super::super::shown::{flow, session_id};
use super::consumer::Consumer;
use super::service::Question;
use super::{CARE, Lateness, MAX_LAG, Outage, Tally, World};

/// By then a change at the service is known, if nothing is wrong.
const LONGEST_POLL: Duration = Duration::from_secs(70);

/// What the caller, or the device, does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Hears everything there is to be told, and answers the prompt that is open.
    Answer {
        within: u32,
    },
    /// Answers a prompt that it was asked before, whatever became of it.
    AnswerOld {
        within: u32,
    },
    Cancel {
        within: u32,
    },
    /// Gives up the call so many calls ago.
    GiveUp {
        ago: u8,
    },
    Pull {
        consumer: u8,
        events: u8,
    },
    Join,
    PollNow,
    NetworkChanged,
    Suspend,
    Resume,
    /// A suspend that was overtaken by a later resume.
    LateSuspend,
    Close,
    /// The process ends, and another one goes on from the checkpoint.
    Restart,
    /// The service touches the session without a change.
    Touch,
    Elsewhere,
    /// The service goes down for so long, and then shows for so long what it had known before.
    Outage {
        down: u16,
        stale: u16,
    },
}

impl World {
    pub(super) fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Answer { within } => {
                self.pull_all(0);
                let prompt = self.consumers.iter().find_map(Consumer::open_prompt).cloned();
                let question = prompt.as_ref().and_then(|prompt| self.question_of(prompt));
                if let (Some(prompt), Some(question)) = (prompt, question) {
                    self.answer(prompt, question, within);
                }
            }
            Deed::AnswerOld { within } => {
                if let Some((prompt, question)) = self.asked.first().cloned() {
                    self.answer(prompt, question, within);
                }
            }
            Deed::Cancel { within } => {
                let deadline = self.now + Duration::from_millis(u64::from(within));
                let call = self.calls.new_cancel(deadline);
                self.tell(Input::Cancel { call, deadline });
            }
            Deed::GiveUp { ago } => {
                if let Some(call) = self.calls.give_up(usize::from(ago)) {
                    self.tell(Input::GiveUp { call });
                }
            }
            Deed::Pull { consumer, events } => {
                let consumer = usize::from(consumer) % self.consumers.len();
                for _ in 0..events {
                    self.pull(consumer);
                }
            }
            Deed::Join => self.consumers.push(Consumer::default()),
            Deed::PollNow => self.tell(Input::PollNow),
            Deed::NetworkChanged => self.tell(Input::NetworkChanged),
            Deed::Suspend => self.suspend(),
            Deed::Resume => self.resume(),
            Deed::LateSuspend => {
                self.resume();
                self.tell(Input::Suspend { order: self.order - 1 });
            }
            Deed::Close => self.close(),
            Deed::Restart => self.restart(),
            // A question asked again in the same words cannot be told from one that was touched.
            Deed::Touch | Deed::Elsewhere if self.throw.plan.repeats_words => {}
            Deed::Touch => self.service.touch(self.now),
            Deed::Elsewhere => {
                if self.throw.rules.has_other_writer {
                    self.service.submit(self.now, "elsewhere");
                }
            }
            Deed::Outage { down, stale } => {
                let after = |millis: u16| self.now + Duration::from_millis(u64::from(millis));
                let until = after(down);
                let stale_until = (until + Duration::from_millis(u64::from(stale)))
                    .min(self.now + MAX_LAG)
                    .max(until);
                self.outage = Some(Outage {
                    since: self.now,
                    until,
                    stale_until: if self.throw.plan.may_lag() { stale_until } else { until },
                });
            }
        }
    }

    fn question_of(&self, prompt: &Prompt) -> Option<Question> {
        let asked =
            self.asked.iter().rev().find(|(asked, _)| {
                (&asked.run_id, asked.round) == (&prompt.run_id, prompt.round)
            })?;
        Some(asked.1.clone())
    }

    fn answer(&mut self, prompt: Prompt, question: Question, within: u32) {
        // Whoever answers again while an earlier answer may still arrive has been warned.
        if self.throw.rules.lateness == Lateness::Unbounded {
            self.pull_all(0);
        }
        if self.now < self.doubtful_until {
            return;
        }
        let deadline = self.now + Duration::from_millis(u64::from(within));
        let (call, text) = self.calls.new_answer(question, deadline);
        self.tell(Input::Answer(AnswerCall {
            call,
            prompt,
            answer: Json::string(&text),
            idempotency_key: text,
            wall_time: 0,
            deadline,
        }));
    }

    /// Nobody knows what became of an answer: its caller does not answer again while it may still
    /// take effect.
    pub(super) fn doubt(&mut self) {
        self.doubtful_until = match self.throw.rules.lateness {
            Lateness::WithinGrace => self.now + CARE,
            Lateness::Unbounded => self.now + Duration::MAX,
        };
    }

    fn pull(&mut self, consumer: usize) -> bool {
        if let Some(number) = self.consumers[consumer].acknowledgement() {
            self.tell(Input::UnresolvedTold { number });
        }
        let look = self.machine.look();
        let Some(event) = self.consumers[consumer].pull(&look, self.version) else { return false };
        self.trace("!!", &event);
        match event {
            SessionEvent::PromptRequested { prompt } => {
                let session = look.session.as_ref().expect("a prompt out of nothing");
                let question = self.service.question_of(session).expect("nothing is asked").clone();
                assert_eq!(question.0, prompt.run_id.as_str());
                self.asked.push((prompt, question));
            }
            SessionEvent::AnswerUnresolved { text, .. } => {
                self.calls.unresolved(&text);
                self.doubt();
            }
            _ => {}
        }
        true
    }

    pub(super) fn pull_all(&mut self, consumer: usize) {
        let mut events = 0;
        while self.pull(consumer) {
            events += 1;
            assert!(events < 1000, "events without an end");
        }
    }

    fn suspend(&mut self) {
        self.order += 1;
        self.is_suspended = true;
        self.tell(Input::Suspend { order: self.order });
        self.cut_writes();
    }

    pub(super) fn resume(&mut self) {
        self.order += 2;
        self.is_suspended = false;
        self.tell(Input::Resume { order: self.order });
    }

    fn close(&mut self) {
        self.tell(Input::Close);
        self.cut_writes();
    }

    fn restart(&mut self) {
        for consumer in &self.consumers {
            // Its process has no more to tell it.
            let told = consumer.tally();
            self.tally += Tally { consumers: told.ends, ..told };
        }
        let checkpoint = if self.throw.rules.stores_answers {
            self.store.kept.clone()
        } else {
            Some(self.machine.checkpoint())
        };
        self.generation += 1;
        self.cut_everything();
        self.store.busy = None;
        self.store.next = None;
        self.consumers = vec![Consumer::default()];
        self.asked.clear();
        let kept = checkpoint.as_ref().map(Checkpoint::to_text).unwrap_or_default();
        self.calls.killed(&kept);
        let (flow, id) = (flow(), session_id());
        let seed = self.throw.seed ^ u64::from(self.generation);
        let machine = Machine::new(Arc::clone(&self.settings), flow, id, seed, self.now, self.now);
        self.machine = match checkpoint {
            Some(checkpoint) => {
                let read = Checkpoint::parse(&kept).unwrap();
                assert_eq!(read, checkpoint, "a checkpoint survives its text form");
                machine.restored(self.now, read)
            }
            None => machine,
        };
        self.is_suspended = false;
        self.order = 0;
        self.tell(Input::Wake);
    }

    /// When nothing has changed for a while, a consumer has been asked what the service asks, and
    /// nothing else.
    pub(super) fn check_what_is_asked(&mut self) {
        self.service.advance(self.now);
        let is_news = self.now.since(self.service.last_change()) < LONGEST_POLL;
        if self.machine.end.is_some() || is_news {
            return;
        }
        let open = self.consumers[0].open_prompt();
        let question = open.and_then(|prompt| self.question_of(prompt));
        let asked = self.service.asked();
        if asked.is_some() && question.is_none() {
            self.tally.missed += 1;
        } else {
            // A late effect can use a round up and have it asked again in the same words between two
            // looks. Nothing tells that from a question that was merely touched.
            let run = |question: &Option<Question>| question.clone().map(|(run, _)| run);
            let looks_the_same = self.throw.rules.lateness == Lateness::Unbounded
                && self.throw.plan.repeats_words
                && run(&question) == run(&asked);
            if !looks_the_same {
                assert_eq!(question, asked, "a consumer is asked what the service does not ask");
            }
        }
    }
}
