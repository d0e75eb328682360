internal import LiveFlowBoundary

/// One question to the end user. Hand it back with the answer.
public struct Prompt: Sendable, Hashable, Identifiable {
    let core: Core.Prompt

    init(_ core: Core.Prompt) {
        self.core = core
    }

    /// The execution of the step that asks.
    public var runID: String { core.runId }
    /// 0 for the first question of the run, one more each time it asks again.
    public var round: Int { Int(core.round) }
    /// The step's name in the flow.
    public var stepName: String? { core.stepName }
    /// What to show, as the best text that can be made of ``raw``.
    public var text: String { core.text }
    /// The prompt's `type`, where it has one.
    public var kind: String? { core.kind }
    /// The prompt as the service wrote it.
    public var raw: JSONValue? { JSONValue(core: core.raw) }

    /// The run and the round: what tells this prompt from all others.
    public struct ID: Sendable, Hashable {
        /// The execution of the step that asks.
        public var runID: String
        /// 0 for the first question of the run.
        public var round: Int
    }

    /// The run and the round.
    public var id: ID { ID(runID: runID, round: round) }
}

extension Prompt: CustomStringConvertible {
    /// Which prompt it is, and what it asks.
    public var description: String { "Prompt(runID: \(runID), round: \(round), text: \(text))" }
}

/// What the end user answers: text, or JSON where the flow expects it.
public enum Answer: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// Text.
    case text(String)
    /// JSON.
    case json(JSONValue)

    /// Text.
    public init(stringLiteral value: String) {
        self = .text(value)
    }

    var core: Core.Answer {
        switch self {
        case .text(let text): .text(text: text)
        case .json(let value): .json(json: value.jsonText)
        }
    }
}
