//! The sessions that schedules are compared on, as `bench/trace/generate.py` wrote them.

const STEPS: &str = include_str!("../../trace/steps.csv");

/// What a step's duration is typical of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Band {
    Tool,
    Llm,
    Long,
    /// A question, and how long somebody takes to answer it.
    Human,
}

impl Band {
    pub(crate) const ALL: [Self; 4] = [Self::Tool, Self::Llm, Self::Long, Self::Human];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Llm => "llm",
            Self::Long => "long",
            Self::Human => "human",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) band: Band,
    pub(crate) seconds: f64,
}

/// The steps of each session, in their order.
pub(crate) fn sessions() -> Vec<Vec<Step>> {
    let mut sessions: Vec<Vec<Step>> = Vec::new();
    for line in STEPS.lines().skip(1) {
        let mut cells = line.split(',');
        let mut cell = || cells.next().expect("three cells a line");
        let (number, band, seconds) = (cell(), cell(), cell());
        let number: usize = number.parse().expect("a session's number");
        let band = Band::ALL.into_iter().find(|known| known.name() == band).expect("a known band");
        sessions.resize(sessions.len().max(number + 1), Vec::new());
        sessions[number].push(Step { band, seconds: seconds.parse().expect("seconds") });
    }
    sessions
}
