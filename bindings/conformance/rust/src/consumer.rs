//! One consumer: it records what it is told, and reacts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use liveflow::{Events, HostError, LiveSession, Prompt, SessionEvent, Subscription};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::action::{Action, Consume, Reaction, Task};
use crate::failure::Result;
use crate::forms::has_the_members;
use crate::pattern::{Bound, Names, fits};
use crate::perform::Here;
use crate::render;
use crate::stage::Stage;

pub(crate) struct Consumer {
    /// The watch that it consumes; none for a `run`.
    pub(crate) watch: Option<String>,
    pub(crate) how: How,
    state: Mutex<State>,
}

/// How it gets its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It asks, and is told when nothing follows.
    Pulls,
    /// It is called.
    IsCalled,
}

#[derive(Default)]
struct State {
    told: Vec<Told>,
    has_ended: bool,
    /// How many events it had been told when it was closed or stopped.
    closed_after: Option<usize>,
    subscription: Option<Subscription>,
    /// How often each reaction's pattern has matched.
    counts: Vec<usize>,
}

#[derive(Clone)]
struct Told {
    event: Value,
    prompt: Option<Prompt>,
}

impl Consumer {
    pub(crate) fn new(watch: Option<String>, how: How, reactions: usize) -> Arc<Self> {
        let state = State { counts: vec![0; reactions], ..State::default() };
        Arc::new(Self { watch, how, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.state().told.iter().map(|told| told.event.clone()).collect()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    pub(crate) fn end(&self) {
        self.state().has_ended = true;
    }

    pub(crate) fn closed_after(&self) -> Option<usize> {
        self.state().closed_after
    }

    /// It, or its watch, was closed: a callback is not called any more.
    pub(crate) fn close(&self) {
        if self.how == How::IsCalled {
            let mut state = self.state();
            state.closed_after = state.closed_after.or(Some(state.told.len()));
            state.has_ended = true;
        }
    }

    pub(crate) fn stop(&self) {
        let subscription = self.state().subscription.take();
        if let Some(subscription) = subscription {
            subscription.cancel();
        }
        self.close();
    }

    /// The n-th prompt of this step that it was told of.
    pub(crate) fn prompt(&self, step: &str, nth: usize) -> Option<Prompt> {
        self.state()
            .told
            .iter()
            .filter(|told| told.event["event"] == "prompt_requested")
            .filter(|told| told.event["prompt"]["step_name"] == step)
            .nth(nth.checked_sub(1)?)
            .and_then(|told| told.prompt.clone())
    }

    fn record(&self, event: &SessionEvent) -> Value {
        let form = render::event(event);
        assert!(has_the_members("event", &form), "the player writes {form} in its form");
        let told = Told { event: form.clone(), prompt: prompt_of(event).cloned() };
        let mut state = self.state();
        state.told.push(told);
        // A listener is not told that nothing follows.
        state.has_ended |= self.how == How::IsCalled && event.is_terminal();
        form
    }

    /// The actions of all reactions that are for this event, in order.
    fn reactions<'a>(&self, on: &'a [Reaction], event: &Value, names: &Names) -> Vec<&'a Action> {
        let mut state = self.state();
        let mut actions = Vec::new();
        for (reaction, count) in on.iter().zip(&mut state.counts) {
            if fits(&reaction.when, event, names, &mut Bound::new()) {
                *count += 1;
                if reaction.nth.holds(*count) {
                    actions.extend(&reaction.actions);
                }
            }
        }
        actions
    }

    /// Records an event inside a callback, and does what can be done there.
    pub(crate) fn called(
        &self,
        stage: &Arc<Stage>,
        handle: &Handle,
        on: &[Reaction],
        event: &SessionEvent,
    ) -> Result<(), HostError> {
        let form = self.record(event);
        let here = self.here(event);
        // Names of sessions are no part of what callbacks react to.
        for action in self.reactions(on, &form, &Names::default()) {
            match &action.task {
                Task::Raise { message } => return Err(HostError(message.clone())),
                Task::Sleep { ms } if action.background.is_none() => {
                    std::thread::sleep(Duration::from_millis(*ms));
                }
                _ => {
                    let _inside = handle.enter();
                    stage.start_in_background(action, &here);
                }
            }
        }
        Ok(())
    }

    fn here(&self, event: &SessionEvent) -> Here {
        Here { watch: self.watch.clone(), prompt: prompt_of(event).cloned() }
    }
}

impl Stage {
    /// Opens a consumer of a watch, under its name.
    pub(crate) fn consume(
        self: &Arc<Self>,
        name: &str,
        watch: &str,
        live: &LiveSession,
        how: Consume,
        on: &[Reaction],
    ) -> Result<()> {
        let kind = match how {
            Consume::Nothing => return Ok(()),
            Consume::Listener => How::IsCalled,
            Consume::Events | Consume::NextEvent => How::Pulls,
        };
        let consumer = Consumer::new(Some(watch.to_owned()), kind, on.len());
        self.add_consumer(name, Arc::clone(&consumer))?;
        let (stage, on) = (Arc::clone(self), on.to_vec());
        match how {
            Consume::Nothing => {}
            Consume::Listener => {
                let listener = Listening {
                    stage,
                    consumer: Arc::clone(&consumer),
                    handle: Handle::current(),
                    on,
                };
                let subscription = live.subscribe(listener);
                consumer.state().subscription = Some(subscription);
            }
            Consume::Events | Consume::NextEvent => {
                let source = match how {
                    Consume::Events => Source::Stream(live.events()),
                    _ => Source::Shared(live.clone()),
                };
                let task = tokio::spawn(async move {
                    if let Err(failure) = pull(&stage, &consumer, &source, &on).await {
                        stage.fail(failure);
                    }
                });
                self.keep_task(task.abort_handle());
            }
        }
        Ok(())
    }
}

struct Listening {
    stage: Arc<Stage>,
    consumer: Arc<Consumer>,
    handle: Handle,
    on: Vec<Reaction>,
}

impl liveflow::SessionListener for Listening {
    fn on_event(&self, event: SessionEvent) -> Result<(), HostError> {
        self.consumer.called(&self.stage, &self.handle, &self.on, &event)
    }
}

enum Source {
    Stream(Events),
    Shared(LiveSession),
}

async fn pull(
    stage: &Arc<Stage>,
    consumer: &Consumer,
    source: &Source,
    on: &[Reaction],
) -> Result<()> {
    loop {
        let event = match source {
            Source::Stream(events) => events.next().await,
            Source::Shared(live) => live.next_event().await,
        };
        let Some(event) = event else { break };
        let form = consumer.record(&event);
        let here = consumer.here(&event);
        let names = stage.names().await;
        for action in consumer.reactions(on, &form, &names) {
            stage.perform(action, &here).await?;
        }
    }
    consumer.end();
    Ok(())
}

fn prompt_of(event: &SessionEvent) -> Option<&Prompt> {
    match event {
        SessionEvent::PromptRequested { prompt }
        | SessionEvent::PromptClosed { prompt, .. }
        | SessionEvent::AnswerUnresolved { prompt, .. } => Some(prompt),
        _ => None,
    }
}
