//! A whole session in one call.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};

use crate::answer::Answer;
use crate::config::HostError;
use crate::error::{ErrorContext, LiveFlowError, Result};
use crate::ids::IntoLiveFlowId;
use crate::json::Json;
use crate::live_session::LiveSession;
use crate::machine::{SessionEvent, WatchEndReason, stop_error};
use crate::session::{Prompt, Session};

use super::Client;

impl Client {
    /// Starts a session, asks `on_prompt` whatever it asks, tells `on_event` whatever happens, and
    /// gives the session as it ended, whatever its status.
    ///
    /// - `on_prompt` gives the answer, or `None` for no answer: then the prompt stays open, and
    ///   watching goes on. It is dropped when its prompt closes, or after `handler_timeout`.
    /// - An error of `on_prompt` or `on_event` stops watching and comes back as `HandlerFailed`.
    /// - An answer that did not arrive is an error with its text, except that somebody else's answer
    ///   to the same prompt is simply somebody else's.
    ///
    /// Dropping the future stops watching. The session itself is ended by its flow, or by
    /// [`Client::cancel_session`], only.
    pub async fn run<P, F, E>(
        &self,
        live_flow_id: impl IntoLiveFlowId,
        inputs: Json,
        mut on_prompt: P,
        mut on_event: E,
    ) -> Result<Session>
    where
        P: FnMut(Prompt) -> F,
        F: Future<Output = Result<Option<Answer>, HostError>>,
        E: FnMut(&SessionEvent) -> Result<(), HostError>,
    {
        let live = self.start(live_flow_id, inputs).await?;
        let events = live.events();
        let begin = |prompt: Prompt, handler: F| {
            let is_sending = Arc::new(AtomicBool::new(false));
            let answer = answer(&live, prompt.clone(), handler, Arc::clone(&is_sending));
            Answering { prompt, is_sending, answer: Box::pin(answer) }
        };
        let mut answering = none_yet(&begin);
        loop {
            let event = match answering.as_mut() {
                None => events.next().await,
                Some(Answering { answer, .. }) => {
                    // The answer first: its result must not be dropped with its prompt.
                    match select(answer.as_mut(), pin!(events.next())).await {
                        Either::Left((result, _)) => {
                            answering = None;
                            result?;
                            continue;
                        }
                        Either::Right((event, _)) => event,
                    }
                }
            };
            let Some(event) = event else { return live.wait(None).await };
            on_event(&event).map_err(|error| handler_failed("on_event", &error))?;
            if event.is_terminal() || matches!(event, SessionEvent::PromptRequested { .. }) {
                // What came of an answer that was sent is known now, or will be in a moment.
                sent(answering.take()).await?;
            }
            match event {
                SessionEvent::PromptRequested { prompt } => {
                    let handler = on_prompt(prompt.clone());
                    answering = Some(begin(prompt, handler));
                }
                // Its handler has nothing left to do.
                SessionEvent::PromptClosed { prompt, .. }
                    if answering.as_ref().is_some_and(|asked| asked.is_thinking_about(&prompt)) =>
                {
                    answering = None;
                }
                SessionEvent::Finished { session } | SessionEvent::Failed { session, .. } => {
                    return Ok(session);
                }
                SessionEvent::WatchEnded { reason } => return Err(ended(&reason)),
                _ => {}
            }
        }
    }
}

/// A prompt that is being answered.
struct Answering<F> {
    prompt: Prompt,
    /// Its handler has given an answer, which is on its way.
    is_sending: Arc<AtomicBool>,
    answer: Pin<Box<F>>,
}

impl<F> Answering<F> {
    fn is_thinking_about(&self, prompt: &Prompt) -> bool {
        let same = self.prompt.run_id == prompt.run_id && self.prompt.round == prompt.round;
        same && !self.is_sending.load(Ordering::Acquire)
    }
}

/// Waits for an answer that is on its way. A handler that has given none is dropped.
async fn sent<F: Future<Output = Result<()>>>(answering: Option<Answering<F>>) -> Result<()> {
    match answering {
        Some(Answering { is_sending, answer, .. }) if is_sending.load(Ordering::Acquire) => {
            answer.await
        }
        _ => Ok(()),
    }
}

/// Nothing, of the type that `make` makes.
fn none_yet<A, B, T>(_make: &impl Fn(A, B) -> T) -> Option<T> {
    None
}

/// Has the handler answer, and sends what it says.
async fn answer(
    live: &LiveSession,
    prompt: Prompt,
    handler: impl Future<Output = Result<Option<Answer>, HostError>>,
    is_sending: Arc<AtomicBool>,
) -> Result<()> {
    let handler = pin!(handler);
    let answer = match live.handler_timeout() {
        None => handler.await,
        Some(timeout) => match select(handler, pin!(live.sleep(timeout))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                tracing::warn!(target: "liveflow::callbacks", "a prompt handler took too long");
                return Ok(());
            }
        },
    };
    let answer = answer.map_err(|error| handler_failed("on_prompt", &error))?;
    let Some(answer) = answer else { return Ok(()) };
    is_sending.store(true, Ordering::Release);
    match live.answer(&prompt, answer).await {
        Err(LiveFlowError::PromptNoLongerOpen { .. }) => Ok(()),
        result => result,
    }
}

fn handler_failed(which: &str, error: &HostError) -> LiveFlowError {
    LiveFlowError::HandlerFailed {
        context: ErrorContext::new(format!(
            "{which} failed: {error}; watching has stopped, the session goes on"
        )),
    }
}

fn ended(reason: &WatchEndReason) -> LiveFlowError {
    match reason {
        WatchEndReason::Closed => LiveFlowError::closed(
            "the client was closed before the session ended; the session itself goes on",
        ),
        other => stop_error(other),
    }
}
