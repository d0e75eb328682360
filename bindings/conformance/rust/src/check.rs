//! What can be said against an action before anything is played.

use crate::action::{Action, Consume, Reaction, Task};
use crate::failure::{Failure, Result};
use crate::forms::Form;

impl Action {
    /// What can be said against it before anything is played.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(expect) = &self.expect {
            let is_empty = expect.took_at_least_ms.is_none() && expect.took_at_most_ms.is_none();
            match (&expect.result, &expect.error) {
                (Some(_), Some(_)) => {
                    return Err(self.mistake("`expect` has `result` or `error`, not both"));
                }
                (None, None) if is_empty => return Err(self.mistake("`expect` is empty")),
                (Some(result), None) => self.task.result_form().check(result)?,
                (None, Some(error)) => Form::object("error").check(error)?,
                (None, None) => {}
            }
        }
        match &self.task {
            Task::AddUserInput { text, json, .. }
            | Task::Answer { text, json, .. }
            | Task::AnswerElsewhere { text, json, .. } => {
                self.either(text.is_some(), json.is_some(), "`text` or `json`")?;
            }
            Task::Restore { checkpoint, checkpoint_text, .. } => self.either(
                checkpoint.is_some(),
                checkpoint_text.is_some(),
                "`checkpoint` or `checkpoint_text`",
            )?,
            Task::WaitFor { event, consumer, nth, session_is, session, requests } => {
                let given = [event.is_some(), session_is.is_some(), requests.is_some()];
                if given.iter().filter(|given| **given).count() != 1 {
                    let problem = "it waits for one of `event`, `session_is` and `requests`";
                    return Err(self.mistake(problem));
                }
                if (consumer.is_some() || nth.is_some()) && event.is_none()
                    || session.is_some() && session_is.is_none()
                {
                    return Err(self.mistake("a member does not belong to what it waits for"));
                }
                event.as_ref().map_or(Ok(()), |event| Form::Event.check(event))?;
                if let Some(requests) = requests {
                    Form::object("request").check(&requests.filter)?;
                }
            }
            _ => {}
        }
        if let Task::GetSession { session, session_id, .. }
        | Task::AddUserInput { session, session_id, .. }
        | Task::CancelSession { session, session_id, .. }
        | Task::Watch { session, session_id, .. } = &self.task
            && session.is_some()
            && session_id.is_some()
        {
            return Err(self.mistake("it has `session` or `session_id`, not both"));
        }
        self.check_reactions()
    }

    fn check_reactions(&self) -> Result<()> {
        let (reactions, in_callback, may_sleep): (&[Reaction], bool, bool) = match &self.task {
            Task::Run { on, on_prompt, .. } => {
                for reaction in on_prompt {
                    Form::object("prompt").check(&reaction.when)?;
                    reaction.actions.iter().try_for_each(Self::check)?;
                }
                (on, true, false)
            }
            Task::Start { consume, on, .. }
            | Task::Watch { consume, on, .. }
            | Task::Restore { consume, on, .. }
            | Task::RestoreAll { consume, on, .. }
            | Task::Consume { consume, on, .. } => {
                if *consume == Consume::Nothing && !on.is_empty() {
                    return Err(self.mistake("what is not consumed has no reactions"));
                }
                (on, *consume == Consume::Listener, true)
            }
            _ => return Ok(()),
        };
        for reaction in reactions {
            Form::Event.check(&reaction.when)?;
            for action in &reaction.actions {
                action.check()?;
                let is_raise = matches!(action.task, Task::Raise { .. });
                let is_sleep = may_sleep && matches!(action.task, Task::Sleep { .. });
                if in_callback && action.background.is_none() && !is_raise && !is_sleep {
                    return Err(action.mistake("a callback awaits nothing: use `background`"));
                }
                if is_raise && !in_callback {
                    return Err(action.mistake("only a callback raises"));
                }
            }
        }
        Ok(())
    }

    fn either(&self, one: bool, other: bool, what: &str) -> Result<()> {
        if one == other { Err(self.mistake(&format!("it has either {what}"))) } else { Ok(()) }
    }

    pub(crate) fn mistake(&self, problem: &str) -> Failure {
        Failure::invalid(format!("{problem}: {}", self.written))
    }
}

impl Task {
    fn result_form(&self) -> Form {
        match self {
            Self::CreateSession { .. }
            | Self::GetSession { .. }
            | Self::AddUserInput { .. }
            | Self::CancelSession { .. }
            | Self::Run { .. }
            | Self::Wait { .. }
            | Self::Cancel { .. }
            | Self::Snapshot { .. } => Form::object("session"),
            Self::GetSessions { .. } | Self::IterSessions { .. } => Form::list("session"),
            Self::Start { .. }
            | Self::Watch { .. }
            | Self::Restore { .. }
            | Self::RestoreAll { .. } => Form::object("watch"),
            Self::NextEvent { .. } => Form::Event,
            _ => Form::Json,
        }
    }
}
