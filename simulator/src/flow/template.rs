//! Templates: JSON whose strings may hold `${step.result}` and `${inputs.member}`.

use serde_json::{Map, Value};

use crate::json::as_text;

/// Where a template's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Inputs,
    /// The latest run of the step with this index.
    ResultOf(usize),
    /// The answer that was not accepted.
    Answer,
    Round,
}

/// What a template is rendered against.
pub(crate) trait Scope {
    fn value_of(&self, root: Root) -> Option<Value>;
}

/// What may be named while a template is read.
pub(crate) struct Names<'a> {
    pub(crate) steps: &'a [String],
    /// `${answer}` and `${round}` exist only where a question is asked again.
    pub(crate) asking_again: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Template {
    Fixed(Value),
    Text(Vec<Part>),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(String),
    Reference { root: Root, members: Vec<String> },
}

impl Template {
    pub(crate) fn parse(value: &Value, names: &Names<'_>) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(parse_text(text, names)?),
            Value::Array(items) => Self::List(
                items.iter().map(|item| Self::parse(item, names)).collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), Self::parse(value, names)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => Self::Fixed(other.clone()),
        })
    }

    pub(crate) fn render(&self, scope: &dyn Scope) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(parts) => match parts.as_slice() {
                [Part::Reference { root, members }] => resolve(*root, members, scope),
                parts => Value::String(parts.iter().map(|part| part.text(scope)).collect()),
            },
            Self::List(items) => items.iter().map(|item| item.render(scope)).collect(),
            Self::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), value.render(scope)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

impl Part {
    fn text(&self, scope: &dyn Scope) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Reference { root, members } => as_text(&resolve(*root, members, scope)),
        }
    }
}

fn resolve(root: Root, members: &[String], scope: &dyn Scope) -> Value {
    let Some(mut value) = scope.value_of(root) else { return Value::Null };
    for member in members {
        let found = match &mut value {
            Value::Object(object) => object.remove(member),
            Value::Array(items) => {
                member.parse::<usize>().ok().and_then(|index| items.get_mut(index)).map(Value::take)
            }
            _ => None,
        };
        let Some(found) = found else { return Value::Null };
        value = found;
    }
    value
}

fn parse_text(text: &str, names: &Names<'_>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or_else(|| {
            format!("`${{` in {text:?} has no closing `}}`; write `$${{` for the text `${{`")
        })?;
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        parts.push(parse_reference(inside[..end].trim(), names)?);
        rest = &inside[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn parse_reference(text: &str, names: &Names<'_>) -> Result<Part, String> {
    let mut segments = text.split('.').map(str::to_owned);
    let first = segments.next().unwrap_or_default();
    let members: Vec<String> = segments.collect();
    if members.iter().any(String::is_empty) {
        return Err(format!("`${{{text}}}` has an empty member name"));
    }
    if names.asking_again && members.is_empty() {
        match first.as_str() {
            "answer" => return Ok(Part::Reference { root: Root::Answer, members }),
            "round" => return Ok(Part::Reference { root: Root::Round, members }),
            _ => {}
        }
    }
    if first == "inputs" {
        return Ok(Part::Reference { root: Root::Inputs, members });
    }
    let step = names.steps.iter().position(|name| *name == first).ok_or_else(|| {
        format!("`${{{text}}}` names no step: there are {}", names.steps.join(", "))
    })?;
    match members.split_first() {
        Some((result, members)) if result == "result" => {
            Ok(Part::Reference { root: Root::ResultOf(step), members: members.to_vec() })
        }
        _ => Err(format!("`${{{text}}}` should read `${{{first}.result}}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Known;

    impl Scope for Known {
        fn value_of(&self, root: Root) -> Option<Value> {
            match root {
                Root::Inputs => Some(json!({"company": "ACME", "size": {"staff": 12}})),
                Root::ResultOf(1) => Some(json!([{"score": 7}])),
                Root::ResultOf(_) | Root::Round => None,
                Root::Answer => Some(json!("hm")),
            }
        }
    }

    fn parse(value: &Value) -> Result<Template, String> {
        let steps = ["start".to_owned(), "score".to_owned()];
        Template::parse(value, &Names { steps: &steps, asking_again: false })
    }

    fn rendered(value: &Value) -> Value {
        parse(value).unwrap().render(&Known)
    }

    #[test]
    fn a_lone_reference_becomes_the_value_itself() {
        assert_eq!(rendered(&json!("${inputs.size}")), json!({"staff": 12}));
        assert_eq!(rendered(&json!("${score.result.0.score}")), json!(7));
    }

    #[test]
    fn inside_text_values_are_inserted_as_text() {
        assert_eq!(
            rendered(&json!({"a": ["${inputs.company}: ${inputs.size}!", 3]})),
            json!({"a": ["ACME: {\"staff\":12}!", 3]})
        );
    }

    #[test]
    fn what_is_missing_is_null_or_empty() {
        assert_eq!(rendered(&json!("${inputs.nope.deeper}")), json!(null));
        assert_eq!(rendered(&json!("<${start.result}>")), json!("<>"));
    }

    #[test]
    fn doubled_dollars_write_the_sign() {
        assert_eq!(rendered(&json!("$${inputs.company} $5 $")), json!("${inputs.company} $5 $"));
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(parse(&json!("${scroe.result}")).unwrap_err().contains("start, score"));
        assert!(parse(&json!("${score.reslut}")).unwrap_err().contains("${score.result}"));
        assert!(parse(&json!("${score.result")).unwrap_err().contains("no closing"));
        assert!(parse(&json!("${answer}")).unwrap_err().contains("names no step"));
    }

    #[test]
    fn the_rejected_answer_can_be_named_only_where_it_exists() {
        let names = Names { steps: &[], asking_again: true };
        let template = Template::parse(&json!("not ${answer}"), &names).unwrap();
        assert_eq!(template.render(&Known), json!("not hm"));
    }
}
