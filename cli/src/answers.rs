//! Where the answers to a session's questions come from.

use std::cell::RefCell;

use clap::Args;
use liveflow::{Answer, Json, Prompt};

use crate::exit::{Code, Failure};
use crate::output::report::Report;
use crate::output::text;
use crate::terminal::Lines;

/// How questions are answered.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Answers")]
pub(crate) struct AnswerOptions {
    /// The answer when this step asks; repeated for one step, they are used one after the other. `*`
    /// is any step
    #[arg(long = "answer", value_name = "STEP=TEXT", value_parser = text_answer)]
    pub(crate) texts: Vec<Prepared>,
    /// As --answer, for an answer that is JSON
    #[arg(long = "answer-json", value_name = "STEP=JSON", value_parser = json_answer)]
    pub(crate) json_answers: Vec<Prepared>,
    /// Each question that has no --answer takes the next line of standard input
    #[arg(long)]
    pub(crate) answers_from_stdin: bool,
}

impl AnswerOptions {
    /// Whether anything is to be answered.
    pub(crate) fn answers_anything(&self) -> bool {
        self.answers_from_stdin || !self.texts.is_empty() || !self.json_answers.is_empty()
    }

    /// Answers of the command's own, used after those that were given.
    pub(crate) fn add(&mut self, answers: &[&str]) {
        self.texts.extend(answers.iter().filter_map(|answer| text_answer(answer).ok()));
    }
}

/// An answer that was given before its question.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    step: String,
    answer: Answer,
}

fn text_answer(argument: &str) -> Result<Prepared, String> {
    let (step, text) = pair(argument)?;
    Ok(Prepared { step, answer: Answer::from(text) })
}

fn json_answer(argument: &str) -> Result<Prepared, String> {
    let (step, json) = pair(argument)?;
    let json = Json::parse_argument(json, "the answer").map_err(|error| error.to_string())?;
    Ok(Prepared { step, answer: Answer::from(json) })
}

fn pair(argument: &str) -> Result<(String, &str), String> {
    match argument.split_once('=') {
        Some((step, answer)) if !step.is_empty() => Ok((step.to_owned(), answer)),
        _ => Err("it is written STEP=ANSWER".to_owned()),
    }
}

/// The prepared answers, then whoever sits at the terminal, or standard input if it was asked for.
pub(crate) struct Answers<'a> {
    prepared: RefCell<Vec<Prepared>>,
    from_stdin: bool,
    lines: &'a Lines,
}

impl<'a> Answers<'a> {
    pub(crate) fn new(options: &AnswerOptions, lines: &'a Lines) -> Self {
        let prepared = options.texts.iter().chain(&options.json_answers).cloned().collect();
        Self { prepared: RefCell::new(prepared), from_stdin: options.answers_from_stdin, lines }
    }

    /// Whether somebody can be asked once more, after an answer that was refused.
    pub(crate) fn can_try_again() -> bool {
        Lines::are_typed()
    }

    /// The answer to this prompt; `NotEnded` when there is nobody to give one.
    pub(crate) async fn find(
        &self,
        prompt: &Prompt,
        report: &dyn Report,
    ) -> Result<Answer, Failure> {
        report.asks(prompt);
        if let Some(answer) = self.take(prompt.step_name.as_deref()) {
            report.answers_with(&answer.text());
            return Ok(answer);
        }
        if !self.from_stdin && !Lines::are_typed() {
            return Err(nobody(prompt));
        }
        loop {
            report.waits_for_input();
            let Some(line) = self.lines.next().await? else { return Err(nobody(prompt)) };
            let answer = line.trim();
            if !answer.is_empty() {
                if !Lines::are_typed() {
                    report.answers_with(answer);
                }
                return Ok(Answer::from(answer));
            }
            report.note("an answer needs some text (Ctrl-C stops watching)");
        }
    }

    fn take(&self, step: Option<&str>) -> Option<Answer> {
        let mut prepared = self.prepared.borrow_mut();
        let named = prepared.iter().position(|it| Some(it.step.as_str()) == step);
        let place = named.or_else(|| prepared.iter().position(|it| it.step == "*"))?;
        Some(prepared.remove(place).answer)
    }
}

fn nobody(prompt: &Prompt) -> Failure {
    let step = prompt.step_name.as_deref().unwrap_or("*");
    Failure::new(
        Code::NotEnded,
        format!("the session asks, and there is nobody to answer: {}", text::line(&prompt.text)),
    )
    .note(format!("give the answer with --answer '{}=…', or at a terminal", text::line(step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers<'a>(texts: &[&str], lines: &'a Lines) -> Answers<'a> {
        let texts = texts.iter().map(|text| text_answer(text).unwrap()).collect();
        Answers::new(&AnswerOptions { texts, ..AnswerOptions::default() }, lines)
    }

    #[test]
    fn answers_of_one_step_are_used_in_their_order_and_each_once() {
        let lines = Lines::new();
        let answers = answers(&["ask=1", "*=any", "ask=2"], &lines);
        let take = |step: &str| answers.take(Some(step)).map(|answer| answer.text());
        assert_eq!(take("ask").as_deref(), Some("1"));
        assert_eq!(take("ask").as_deref(), Some("2"));
        assert_eq!(take("ask").as_deref(), Some("any"));
        assert_eq!(take("ask"), None);
    }

    #[test]
    fn an_answer_may_hold_the_sign_and_a_step_must_be_named() {
        assert_eq!(text_answer("ask=a=b").unwrap().answer.text(), "a=b");
        assert!(text_answer("=x").is_err());
        assert!(text_answer("ask").is_err());
        assert!(json_answer("ask={").is_err());
        assert_eq!(json_answer("ask=[1]").unwrap().answer.json().as_str(), "[1]");
    }
}
