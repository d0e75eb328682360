//! The flows that are built in.

use super::Flow;
use crate::clock::ServiceTime;
use crate::file::InvalidFile;

const FILES: [(&str, &str); 3] = [
    ("lead-qualification.json", include_str!("../../flows/lead-qualification.json")),
    ("company-research.json", include_str!("../../flows/company-research.json")),
    ("content-moderation.json", include_str!("../../flows/content-moderation.json")),
];

pub(crate) fn shipped_flows(now: ServiceTime) -> Result<Vec<Flow>, InvalidFile> {
    FILES
        .into_iter()
        .map(|(name, text)| Flow::parse(text, None, now).map_err(|invalid| invalid.in_file(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn the_shipped_flows_are_valid() {
        let flows = shipped_flows(Clock::new(1.0).now()).unwrap();
        let names: Vec<_> = flows.iter().map(|flow| flow.name.as_str()).collect();
        assert_eq!(names, ["Lead qualification", "Company research", "Content moderation"]);
        assert_eq!(flows[0].id.to_string(), "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe");
    }
}
