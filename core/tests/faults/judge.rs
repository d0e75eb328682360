//! What the applications were told, against what the service noted down.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use liveflow_simulator::{SessionRecord, Simulator, Status};

use crate::story::{Answer, Story, Told};

/// The figures of a run in which nothing was lost and nothing came twice.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    answers: usize,
    arrived_unknown: usize,
    lost_unknown: usize,
    not_arrived: usize,
    creates_failed: u32,
    created_unseen: usize,
    watches_ended: u32,
    connections_lost: u32,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.arrived_unknown + self.lost_unknown + self.not_arrived;
        write!(
            f,
            "{} answers, each at its own question exactly once or handed back: {} told as arrived, \
             {told} handed back ({} of unknown outcome that had arrived, {} that had not, {} known not \
             to have); {} creates reported as failed, of which {} had made a session; {} watches ended \
             by too many unreadable answers, {} connections lost and restored",
            self.answers,
            self.answers - told,
            self.arrived_unknown,
            self.lost_unknown,
            self.not_arrived,
            self.creates_failed,
            self.created_unseen,
            self.watches_ended,
            self.connections_lost,
        )
    }
}

impl Verdict {
    pub(crate) fn of(simulator: &Simulator, stories: &[Story]) -> Self {
        let records = simulator.journal().sessions;
        let by_id: HashMap<String, &SessionRecord> =
            records.iter().map(|record| (record.id.to_string(), record)).collect();
        no_create_made_two(&records);
        let mut verdict = Self { created_unseen: records.len() - stories.len(), ..Self::default() };
        for story in stories {
            verdict.add(story, by_id[&story.session]);
        }
        verdict
    }

    fn add(&mut self, story: &Story, record: &SessionRecord) {
        let about = || format!("{story:?}\n{record:?}");
        assert_eq!(record.status, Status::Finished, "{}", about());
        // Each question was answered once, by an answer that was meant for it.
        let steps: Vec<&str> = record.inputs.iter().map(|input| &*input.step).collect();
        assert_eq!(steps, ["first", "second"], "{}", about());
        for input in &record.inputs {
            assert_eq!(input.count, 1, "{}", about());
            let given = story.answers.iter().find(|answer| input.input == *answer.text);
            let given = given.unwrap_or_else(|| panic!("nobody gave it: {}", about()));
            assert_eq!(given.step, input.step, "meant for another question: {}", about());
            assert_ne!(given.told, Told::NotArrived, "{}", about());
        }
        for answer in &story.answers {
            self.add_answer(answer, record.inputs.iter().any(|input| input.input == *answer.text))
                .unwrap_or_else(|problem| panic!("{problem}: {answer:?} of {}", about()));
        }
        let texts: Vec<&str> =
            record.inputs.iter().filter_map(|input| input.input.as_str()).collect();
        assert_eq!(story.output, texts.join(" "), "{}", about());
        self.creates_failed += story.creates_failed;
        self.watches_ended += story.watches_ended;
        self.connections_lost += story.connections_lost;
    }

    fn add_answer(&mut self, answer: &Answer, has_arrived: bool) -> Result<(), &'static str> {
        self.answers += 1;
        match (answer.told, has_arrived) {
            (Told::Arrived, true) => {}
            (Told::Arrived, false) => return Err("told as arrived, and lost"),
            (Told::Unknown, true) => self.arrived_unknown += 1,
            (Told::Unknown, false) => self.lost_unknown += 1,
            (Told::NotArrived, false) => self.not_arrived += 1,
            (Told::NotArrived, true) => return Err("told as not arrived, and there it is"),
        }
        Ok(())
    }
}

/// Each call of create made one session at most.
fn no_create_made_two(records: &[SessionRecord]) {
    let mut made: BTreeMap<String, u32> = BTreeMap::new();
    for record in records {
        let mark = record.inputs_at_create["mark"].as_str().expect("each create is marked");
        *made.entry(mark.to_owned()).or_default() += 1;
    }
    let twice: Vec<_> = made.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "created twice: {twice:?}");
}
