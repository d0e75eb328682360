//! Prompts that are pushed: a handler of the foreign language, and where it replies.

use std::sync::Arc;

use liveflow::{Answer, HostError, Json, LiveFlowError, Prompt};

use crate::answer::parse_json_answer;
use crate::foreign::{CallbackError, Foreign};
use crate::reply::OneShot;
use crate::signal::Signal;
use crate::{block, courier};

/// Answers a session's prompts.
#[uniffi::export(foreign)]
pub trait PromptHandler: Send + Sync {
    /// One prompt. Returns at once; the reply may come later, from any thread.
    fn on_prompt(&self, prompt: Prompt, reply: Arc<Reply>) -> Result<(), CallbackError>;
}

/// Where a prompt handler replies, once. Forgotten without a word, it has declined.
#[derive(uniffi::Object)]
pub struct Reply {
    given: OneShot<Option<Answer>>,
    unwanted: Arc<Signal>,
}

#[uniffi::export]
impl Reply {
    /// The end user's answer as text. Tells whether it came in time: first, and still wanted.
    pub fn answer_text(&self, text: String) -> bool {
        self.given.give(Ok(Some(Answer::from(text))))
    }

    /// The end user's answer as JSON. Tells whether it came in time: first, and still wanted.
    pub fn answer_json(&self, json: String) -> Result<bool, LiveFlowError> {
        let json: Json = parse_json_answer("answer", &json)?;
        Ok(self.given.give(Ok(Some(Answer::from(json)))))
    }

    /// No answer from this handler: the prompt stays open, watching goes on.
    pub fn decline(&self) -> bool {
        self.given.give(Ok(None))
    }

    /// The handler failed: its call ends with `HandlerFailed`.
    pub fn fail(&self, reason: String) -> bool {
        self.given.give(Err(HostError(reason)))
    }

    /// Whether no reply is wanted any more: the prompt closed, or its call ended.
    pub fn is_cancelled(&self) -> bool {
        self.unwanted.is_given()
    }

    /// Resolves when no reply is wanted any more, so that the host can end its dialogue.
    pub async fn cancelled(&self) {
        courier::awaited_from_abroad(self.unwanted.given()).await;
    }

    /// Blocks until no reply is wanted any more, at most this long. Tells whether it is so.
    pub fn wait_cancelled(&self, milliseconds: u64) -> bool {
        block::until_done(self.unwanted.given(), milliseconds)
    }
}

/// Says that no reply is wanted any more, however the waiting for it ends.
struct Unwanted(Arc<Signal>);

impl Drop for Unwanted {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// Asks the handler. Dropping the future withdraws the question.
pub(crate) async fn ask(
    handler: Option<Foreign<dyn PromptHandler>>,
    prompt: Prompt,
) -> Result<Option<Answer>, HostError> {
    let Some(handler) = handler else { return Ok(None) };
    let (given, answer) = OneShot::new();
    let unwanted = Arc::new(Signal::new());
    let _guard = Unwanted(Arc::clone(&unwanted));
    let reply = Arc::new(Reply { given, unwanted });
    handler.call_elsewhere(move |handler| handler.on_prompt(prompt, reply)).await?;
    answer.await.unwrap_or(Ok(None))
}
