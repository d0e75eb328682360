//! A fault rule as one argument of a command line.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::rule::{FaultRule, InvalidFault};

/// `CALL=NAME`, `CALL=NAME*TIMES`, the same with `{"NAME": {…}}` for a fault with members, or a
/// whole rule as JSON.
impl FromStr for FaultRule {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let rule = if text.trim_start().starts_with('{') {
            serde_json::from_str(text)
        } else {
            serde_json::from_value(Value::Object(members(text)?))
        };
        let rule: Self = rule.map_err(|error| InvalidFault::new(format!("`{text}`: {error}")))?;
        rule.check()?;
        Ok(rule)
    }
}

fn members(text: &str) -> Result<Map<String, Value>, InvalidFault> {
    let (call, fault) = text.split_once('=').ok_or_else(|| {
        InvalidFault::new(format!("`{text}` is neither CALL=FAULT nor a rule as JSON"))
    })?;
    let counted = fault.rsplit_once('*').and_then(|(fault, times)| {
        let times: u64 = times.trim().parse().ok()?;
        Some((fault, times))
    });
    let (fault, times) = counted.map_or((fault, None), |(fault, times)| (fault, Some(times)));
    let mut members = Map::new();
    members.insert("on".to_owned(), json!(call.trim()));
    let fault = fault.trim();
    members.insert(
        "fault".to_owned(),
        serde_json::from_str(fault).unwrap_or_else(|_| Value::from(fault)),
    );
    if let Some(times) = times {
        members.insert("times".to_owned(), json!(times));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Call;
    use crate::faults::{Effect, Fault};

    #[test]
    fn a_call_and_a_fault_are_enough() {
        let rule: FaultRule = "get_session=hold".parse().unwrap();
        assert_eq!(rule, FaultRule::new(Call::GetSession, Fault::Hold { effect: Effect::None }));
    }

    #[test]
    fn it_may_be_counted_and_have_members() {
        let rule: FaultRule = "add_user_input=reset_after_effect*2".parse().unwrap();
        assert_eq!(rule, FaultRule::new(Call::AddUserInput, Fault::ResetAfterEffect {}).times(2));
        let rule: FaultRule = r#"any={"unknown_status": {"word": "A*B"}}"#.parse().unwrap();
        assert_eq!(rule, FaultRule::any(Fault::UnknownStatus { word: "A*B".to_owned() }));
    }

    #[test]
    fn a_whole_rule_may_be_given() {
        let text = r#"{"on": "any", "nth": 2, "fault": "hold"}"#;
        assert_eq!(
            text.parse::<FaultRule>().unwrap(),
            FaultRule::any(Fault::Hold { effect: Effect::None }).nth([2])
        );
    }

    #[test]
    fn mistakes_are_explained() {
        let problem = |text: &str| text.parse::<FaultRule>().unwrap_err().to_string();
        assert!(problem("hold").contains("CALL=FAULT"));
        assert!(problem("any=hodl").contains("unknown variant `hodl`"));
        assert!(problem("all=hold").contains("get_session"));
        assert!(problem(r#"{"on": "any", "from": 0, "fault": "hold"}"#).contains("from 1"));
    }
}
