//! What a session is started with.

use std::collections::BTreeMap;
use std::io::Read as _;

use clap::Args;
use liveflow::Json;
use serde_json::Value;

use crate::exit::Failure;

/// The inputs of a new session.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// An input; a VALUE that is JSON is taken as JSON, anything else as text
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE", value_parser = input)]
    pairs: Vec<(String, Value)>,
    /// A file with a JSON object of inputs, `-` for standard input; --input adds to it
    #[arg(long = "inputs", value_name = "FILE")]
    file: Option<String>,
}

impl Inputs {
    /// All of them together.
    pub(crate) fn read(&self) -> Result<Json, Failure> {
        let Some(file) = &self.file else {
            let inputs: BTreeMap<&String, &Value> =
                self.pairs.iter().map(|(n, v)| (n, v)).collect();
            return Ok(Json::from_value(&inputs)?);
        };
        let text = read(file).map_err(|error| Failure::usage(format!("{file}: {error}")))?;
        if self.pairs.is_empty() {
            // As it is, with every digit of its numbers. The service decides what fits.
            return Ok(Json::parse_argument(&text, "inputs")?);
        }
        let mut inputs: BTreeMap<String, Value> = serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{file} is not a JSON object: {error}")))?;
        inputs.extend(self.pairs.iter().cloned());
        Ok(Json::from_value(&inputs)?)
    }
}

fn read(file: &str) -> std::io::Result<String> {
    if file != "-" {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map(|_| text)
}

/// One `NAME=VALUE`.
pub(crate) fn input(argument: &str) -> Result<(String, Value), String> {
    match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            Ok((name.to_owned(), value))
        }
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[&str], file: Option<&str>) -> Inputs {
        let pairs = pairs.iter().map(|pair| input(pair).unwrap()).collect();
        Inputs { pairs, file: file.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_value_is_json_where_it_can_be() {
        let json = inputs(&["a=1.50", "b=ACME", "c={\"d\": null}", "e=", "f=x=y"], None).read();
        assert_eq!(
            json.unwrap().as_str(),
            r#"{"a":1.50,"b":"ACME","c":{"d":null},"e":"","f":"x=y"}"#
        );
        assert!(input("no-sign").is_err());
        assert!(input("=x").is_err());
    }

    #[test]
    fn a_file_is_sent_as_it_is_and_arguments_add_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("inputs.json");
        std::fs::write(&path, r#"{"z": 12345678901234567890, "a": 1}"#).unwrap();
        let path = path.to_str();
        assert_eq!(
            inputs(&[], path).read().unwrap().as_str(),
            r#"{"z": 12345678901234567890, "a": 1}"#
        );
        assert_eq!(
            inputs(&["a=2"], path).read().unwrap().as_str(),
            r#"{"a":2,"z":12345678901234567890}"#
        );
    }
}
