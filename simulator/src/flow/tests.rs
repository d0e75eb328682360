//! Flow files that are wrong, and what their authors are told.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Flow, read_directory};
use crate::clock::Clock;
use crate::file::InvalidFile;

fn parse(text: &str) -> Result<Flow, InvalidFile> {
    Flow::parse(text, Some(Uuid::from_u128(1)), Clock::new(1.0).now())
}

fn problem(steps: &Value) -> String {
    parse(&json!({"name": "x", "steps": steps}).to_string()).unwrap_err().message
}

fn start() -> Value {
    json!({"name": "start", "type": "start", "transitions": [{"to": "a"}]})
}

fn end() -> Value {
    json!({"name": "end", "type": "end"})
}

/// A step `a` with these members, between start and end.
fn problem_of(members: &Value) -> String {
    let mut step = json!({"name": "a", "type": "tool", "transitions": [{"to": "end"}]});
    for (name, value) in members.as_object().unwrap() {
        step[name] = value.clone();
    }
    problem(&json!([start(), step, end()]))
}

#[test]
fn a_typo_is_told_with_line_and_column() {
    let text = "{\n  \"name\": \"x\",\n  \"steps\": [\n    {\"name\": \"start\", \"tpye\": \"start\"}\n  ]\n}";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (4, 28));
    assert!(error.message.contains("unknown field `tpye`"), "{error}");
}

#[test]
fn a_mistake_in_the_graph_points_at_its_step() {
    let text = r#"{
  "name": "x",
  "steps": [
    {"name": "start", "type": "start", "transitions": [{"to": "end"}]},
    {"name": "lost", "type": "tool", "transitions": [{"to": "end"}]},
    {"name": "end", "type": "end"}
  ]
}"#;
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (5, 5));
    assert_eq!(error.message, "nothing leads to step `lost`: add a transition to it or remove it");
}

#[test]
fn the_graph_must_lead_from_one_start_to_an_end() {
    let a = json!({"name": "a", "type": "tool", "transitions": [{"to": "end"}]});
    assert!(problem(&json!([a, end()])).contains("no start"));
    let second = json!({"name": "again", "type": "start", "transitions": [{"to": "a"}]});
    assert!(problem(&json!([start(), second, a, end()])).contains("second start"));
    let to_itself = json!({"name": "a", "type": "tool", "transitions": [{"to": "a"}]});
    assert!(problem(&json!([start(), to_itself])).contains("no end"));
    let both = json!({"name": "start", "type": "start", "transitions": [{"to": "choose"}]});
    let choose = json!({"name": "choose", "type": "branch", "transitions": [
        {"to": "a", "when": {"value": "${inputs.x}", "equals": 1}}, {"to": "end", "otherwise": true}]});
    let trapped = problem(&json!([both, choose, to_itself, end()]));
    assert!(trapped.contains("from step `a` no end can be reached"), "{trapped}");
    assert!(
        problem_of(&json!({"transitions": [{"to": "edn"}]})).contains("there are start, a, end")
    );
}

#[test]
fn members_that_a_type_has_no_use_for_are_refused() {
    assert!(problem_of(&json!({"accept": {"min_length": 2}})).contains("no use for `accept`"));
    assert!(problem_of(&json!({"type": "input", "prompt": "?", "result": 1})).contains("`result`"));
    assert!(problem_of(&json!({"type": "input"})).contains("needs a `prompt`"));
    assert!(problem_of(&json!({"prompt": 7})).contains("string or an object"));
    assert!(problem_of(&json!({"fail": "no"})).contains("leads nowhere"));
}

#[test]
fn transitions_fit_their_steps() {
    assert!(problem_of(&json!({"transitions": []})).contains("exactly one transition, not 0"));
    let conditional = json!([{"to": "end", "otherwise": true}]);
    assert!(problem_of(&json!({"transitions": conditional})).contains("only a branch"));
    let branch =
        |transitions: &Value| problem_of(&json!({"type": "branch", "transitions": transitions}));
    assert!(branch(&json!([{"to": "end"}])).contains("otherwise"));
    assert!(
        branch(&json!([{"to": "end"}, {"to": "end", "otherwise": true}])).contains("need `when`")
    );
    let two = json!([{"to": "end", "when": {"value": "x", "equals": 1, "contains": "x"}},
                     {"to": "end", "otherwise": true}]);
    assert!(branch(&two).contains("exactly one of"));
}

#[test]
fn accept_must_say_something() {
    let accept =
        |accept: &Value| problem_of(&json!({"type": "input", "prompt": "?", "accept": accept}));
    assert!(accept(&json!({})).contains("accepts everything"));
    assert!(accept(&json!({"min_length": 2})).contains("ask_again_prompt"));
    assert!(accept(&json!({"pattern": "(", "when_rejected": "refuse"})).contains("accept.pattern"));
    let shown_never = json!({"min_length": 2, "when_rejected": "refuse", "ask_again_prompt": "?"});
    assert!(accept(&shown_never).contains("never shown"));
}

#[test]
fn names_are_plain_and_unique() {
    let named = |name: &str| problem_of(&json!({"name": name}));
    assert!(named("a b").contains("letters, digits"));
    assert!(named("inputs").contains("session's inputs"));
    assert!(named("start").contains("second step is called `start`"));
}

#[test]
fn templates_name_steps_that_exist() {
    assert!(problem_of(&json!({"result": "${b.result}"})).contains("names no step"));
    assert!(problem_of(&json!({"prompt": {"text": "${answer}"}})).contains("names no step"));
}

#[test]
fn an_upload_has_the_id_of_its_path() {
    let text = json!({"id": Uuid::from_u128(2), "name": "x", "steps": []}).to_string();
    assert!(parse(&text).unwrap_err().message.contains("but the path says"));
    let missing = Flow::parse(r#"{"name": "x", "steps": []}"#, None, Clock::new(1.0).now());
    assert!(missing.unwrap_err().message.contains("missing field `id`"));
}

#[test]
fn a_directory_names_the_file_that_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("a.txt"), "not a flow").unwrap();
    let now = Clock::new(1.0).now();
    assert!(read_directory(directory.path(), now).unwrap().is_empty());
    std::fs::write(directory.path().join("b.json"), "{\"name\": 1}").unwrap();
    let error = read_directory(directory.path(), now).unwrap_err();
    assert!(error.to_string().contains("b.json:1:10: "), "{error}");
    let error = read_directory(&directory.path().join("nowhere"), now).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn the_readmes_flow_is_valid() {
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("## Flow files\n\n```json\n").unwrap();
    let (flow, _) = after.split_once("```").unwrap();
    let flow = Flow::parse(flow, None, Clock::new(1.0).now()).unwrap();
    assert_eq!(flow.steps.len(), 5);
}
