//! What a followed session is told to.

use liveflow::{LiveSession, Prompt, Session, SessionEvent};

use crate::exit::Failure;
use crate::output::events::EventLines;
use crate::output::progress::Progress;

/// Is told what happens to one session, and to its questions.
pub(crate) trait Report {
    /// The session is there.
    fn begins(&self, live: &LiveSession, is_new: bool);
    /// Something happened.
    fn event(&self, live: &LiveSession, event: &SessionEvent);
    /// This is to be answered now.
    fn asks(&self, prompt: &Prompt);
    /// It is waited for what is typed.
    fn waits_for_input(&self);
    /// What is being typed is wanted no more.
    fn waits_no_more(&self);
    /// The answer that was found without anybody typing it.
    fn answers_with(&self, answer: &str);
    /// An answer is on its way.
    fn sends(&self);
    /// A word in between.
    fn note(&self, note: &str);
    /// An answer did not arrive, and may be given again.
    fn problem(&self, problem: &Failure);
    /// How the session ended.
    fn ends(&self, session: &Session);
    /// The command fails.
    fn fails(&self, failure: &Failure);
}

/// The report that was asked for.
pub(crate) fn report(json: bool, quiet: bool) -> Box<dyn Report> {
    if json { Box::new(EventLines) } else { Box::new(Progress::new(quiet)) }
}
