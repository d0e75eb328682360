//! One session as an application lives it: it answers what is asked, and believes what it is told.

use std::time::Duration;

use liveflow::{
    Client, Events, Json, LiveFlowError, LiveSession, Prompt, Session, SessionEvent, SessionStatus,
    WatchEndReason,
};

/// Longer than anything takes, with a minute without network in it.
const PATIENCE: Duration = Duration::from_secs(240);

/// What the application was told of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Arrived,
    /// Handed back: it may have arrived.
    Unknown,
    /// Handed back: it has not arrived.
    NotArrived,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) step: String,
    pub(crate) text: String,
    pub(crate) told: Told,
}

/// What the application knows in the end.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) number: u64,
    /// The id of the session, and what its output was in the end.
    pub(crate) session: String,
    pub(crate) output: String,
    /// How many creates were reported as failed before one succeeded.
    pub(crate) creates_failed: u32,
    pub(crate) answers: Vec<Answer>,
    /// How often a watch ended before the session did, because of too many unreadable bodies in a row.
    pub(crate) watches_ended: u32,
    pub(crate) connections_lost: u32,
}

/// One consumer's view of one watch: what it must not be told.
#[derive(Default)]
struct Consumer {
    requested: Vec<(String, u32)>,
    open: Option<Prompt>,
}

impl Consumer {
    fn request(&mut self, prompt: &Prompt) {
        let id = (prompt.run_id.to_string(), prompt.round);
        assert!(!self.requested.contains(&id), "asked twice: {prompt:?}");
        self.requested.push(id);
        assert_eq!(self.open, None, "two are open");
        self.open = Some(prompt.clone());
    }

    fn close(&mut self, prompt: &Prompt) {
        let open = self.open.take().expect("only what was asked is closed, and once");
        assert_eq!((open.run_id, open.round), (prompt.run_id.clone(), prompt.round));
    }
}

impl Story {
    /// From the create to the end.
    pub(crate) async fn of(client: &Client, flow: &str, number: u64) -> Self {
        let mut story = Self { number, ..Self::default() };
        let mut live = story.begin(client, flow).await;
        story.session = live.id().to_string();
        while let Some(reason) = story.watch(&live).await {
            assert!(matches!(reason, WatchEndReason::Error { .. }), "{reason:?}");
            story.watches_ended += 1;
            live = client.watch(live.live_flow_id(), live.id()).await.unwrap();
        }
        story
    }

    async fn begin(&mut self, client: &Client, flow: &str) -> LiveSession {
        loop {
            let inputs =
                format!(r#"{{"number": {}, "try": {}}}"#, self.number, self.creates_failed);
            let inputs = Json::parse(&inputs).unwrap();
            match client.start(flow, inputs).await {
                Ok(live) => return live,
                // The caller is told, and tries anew.
                Err(_) => self.creates_failed += 1,
            }
        }
    }

    /// Consumes a watch to its end. Gives the reason if that was not the session's.
    async fn watch(&mut self, live: &LiveSession) -> Option<WatchEndReason> {
        let events = live.events();
        let mut consumer = Consumer::default();
        let end = loop {
            let event = self.next(live, &events).await;
            match event.expect("a stream ends with its terminal event") {
                SessionEvent::PromptRequested { prompt } => {
                    consumer.request(&prompt);
                    self.answer(live, &prompt).await;
                }
                SessionEvent::PromptClosed { prompt, .. } => consumer.close(&prompt),
                SessionEvent::AnswerUnresolved { .. } => panic!("each answer was waited for"),
                SessionEvent::ConnectionLost { .. } => self.connections_lost += 1,
                SessionEvent::Finished { session } => {
                    self.output = session.output().map(Json::to_text).unwrap_or_default();
                    break None;
                }
                SessionEvent::WatchEnded { reason } => break Some(reason),
                SessionEvent::Failed { session, .. } => panic!("no session fails: {session:?}"),
                _ => {}
            }
        };
        assert_eq!(consumer.open, None, "what was asked is closed before the end");
        assert_eq!(self.next(live, &events).await, None, "nothing follows the end");
        end
    }

    async fn next(&self, live: &LiveSession, events: &Events) -> Option<SessionEvent> {
        let next = tokio::time::timeout(PATIENCE, events.next()).await;
        next.unwrap_or_else(|_| panic!("kept for ever: {self:?}, {:?}", live.snapshot()))
    }

    /// Answers until the session asks something else. Each answer is another text.
    async fn answer(&mut self, live: &LiveSession, prompt: &Prompt) {
        let step = prompt.step_name.clone().expect("steps have names");
        // A watch that has ended takes no answer: its end is the next event.
        for _ in 0..5 {
            let tries = self.answers.iter().filter(|answer| answer.step == step).count();
            let text = format!("{step} of {}, {tries}", self.number);
            let result = live.answer(prompt, text.clone()).await;
            let told = match &result {
                Ok(()) => Told::Arrived,
                Err(LiveFlowError::OutcomeUnknown { .. }) => Told::Unknown,
                Err(_) => Told::NotArrived,
            };
            if let Err(error) = &result {
                assert_eq!(error.context().answer.as_ref(), Some(&text), "handed back: {error:?}");
            }
            self.answers.push(Answer { step: step.clone(), text, told });
            // Whoever answers again after an unknown outcome waits until no effect can come any more.
            if told == Told::Arrived || !still_asks(live, prompt, told).await {
                return;
            }
        }
    }
}

/// Whether the session still asks this, when nothing can change about that any more.
async fn still_asks(live: &LiveSession, prompt: &Prompt, told: Told) -> bool {
    if told == Told::Unknown {
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let asks = |session: &Session| {
        let run = session.current_step.as_ref();
        session.status == SessionStatus::WaitingForUserInput
            && run.is_some_and(|run| run.id == prompt.run_id && run.user_input.is_none())
    };
    // A replica may lag: twice the same is believed.
    let mut last = None;
    loop {
        live.poll_now();
        tokio::time::sleep(Duration::from_millis(200)).await;
        // A status that nobody knows tells nothing.
        let session = live.snapshot();
        if let Some(session) = session.filter(|s| s.status != SessionStatus::Unrecognised) {
            let asked = asks(&session);
            if last == Some(asked) {
                return asked;
            }
            last = Some(asked);
        }
    }
}
