//! Follows one session to its end: tells its events, answers its questions.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures_util::future::{Either, select};
use liveflow::{LiveFlowError, LiveSession, Prompt, Session, SessionEvent};

use crate::answers::Answers;
use crate::exit::Failure;
use crate::output::report::Report;
use crate::terminal::forget_typed;

/// Follows the session and gives it as it ended, whatever its status. Without `answers` its
/// questions are only told.
pub(crate) async fn follow(
    live: &LiveSession,
    report: &dyn Report,
    answers: Option<&Answers<'_>>,
) -> Result<Session, Failure> {
    let events = live.events();
    let mut asking: Option<Asking<'_>> = None;
    loop {
        let event = match asking.as_mut() {
            None => events.next().await,
            Some(question) => {
                // The answer first: its result must not be dropped with its prompt.
                match select(question.answer.as_mut(), pin!(events.next())).await {
                    Either::Left((result, _)) => {
                        asking = None;
                        result?;
                        continue;
                    }
                    Either::Right((event, _)) => event,
                }
            }
        };
        let Some(event) = event else { return Ok(live.wait(None).await?) };
        let is_withdrawn = matches!(&event, SessionEvent::PromptClosed { prompt, .. }
            if asking.as_ref().is_some_and(|question| question.is_thinking_about(prompt)));
        if is_withdrawn {
            asking = None;
            forget_typed();
            report.waits_no_more();
        }
        report.event(live, &event);
        if event.is_terminal() || matches!(event, SessionEvent::PromptRequested { .. }) {
            // What came of an answer that was sent is known now, or will be in a moment.
            match asking.take() {
                Some(question) if question.is_sending.get() => question.answer.await?,
                _ => {}
            }
        }
        match event {
            SessionEvent::PromptRequested { prompt } => {
                asking = answers.map(|answers| Asking::begin(live, prompt, answers, report));
            }
            SessionEvent::Finished { session } | SessionEvent::Failed { session, .. } => {
                return Ok(session);
            }
            SessionEvent::WatchEnded { reason } => return Err(reason.into()),
            _ => {}
        }
    }
}

/// A question that is being answered.
struct Asking<'a> {
    prompt: Prompt,
    /// There is an answer, and it is on its way.
    is_sending: Rc<Cell<bool>>,
    answer: Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>,
}

impl<'a> Asking<'a> {
    fn begin(
        live: &'a LiveSession,
        prompt: Prompt,
        answers: &'a Answers<'a>,
        report: &'a dyn Report,
    ) -> Self {
        let is_sending = Rc::new(Cell::new(false));
        let answer = answer(live, prompt.clone(), answers, report, Rc::clone(&is_sending));
        Self { prompt, is_sending, answer: Box::pin(answer) }
    }

    fn is_thinking_about(&self, prompt: &Prompt) -> bool {
        let same = self.prompt.run_id == prompt.run_id && self.prompt.round == prompt.round;
        same && !self.is_sending.get()
    }
}

/// Finds an answer and sends it; one that is refused is asked for again where that is possible.
async fn answer(
    live: &LiveSession,
    prompt: Prompt,
    answers: &Answers<'_>,
    report: &dyn Report,
    is_sending: Rc<Cell<bool>>,
) -> Result<(), Failure> {
    loop {
        let answer = answers.find(&prompt, report).await?;
        is_sending.set(true);
        report.sends();
        match live.answer(&prompt, answer).await {
            Ok(()) => return Ok(()),
            // Whoever was first has answered; the event of it says so.
            Err(LiveFlowError::PromptNoLongerOpen { .. }) => {
                report.note("your answer came too late, and was not used");
                return Ok(());
            }
            Err(error) if Answers::can_try_again() && is_still_open(&error) => {
                is_sending.set(false);
                report.problem(&Failure::from(error));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the answer surely did not arrive, and its prompt is still there to be answered.
fn is_still_open(error: &LiveFlowError) -> bool {
    matches!(
        error,
        LiveFlowError::InvalidRequest { .. }
            | LiveFlowError::Network { .. }
            | LiveFlowError::RateLimited { .. }
            | LiveFlowError::RequestTimeout { .. }
    )
}
