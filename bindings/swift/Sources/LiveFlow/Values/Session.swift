import Foundation
internal import LiveFlowBoundary

/// How far a session is, or one step of it.
public enum SessionStatus: Sendable, Hashable, CaseIterable {
    /// Created, not begun.
    case ready
    /// At work.
    case running
    /// Asking the end user something.
    case waitingForUserInput
    /// Ended well. Never changes again.
    case finished
    /// Ended badly, or was cancelled. Never changes again.
    case failed
    /// A word that this version does not know; `rawStatus` keeps it. Never taken for an end.
    case unrecognised

    /// Whether nothing will ever change again.
    public var isEnd: Bool { self == .finished || self == .failed }
}

/// One session, as the newest accepted answer of the service showed it.
///
/// Members that hold JSON are decoded when you look at them.
public struct Session: Sendable, Hashable, Identifiable {
    let core: Core.Session

    init(_ core: Core.Session) {
        self.core = core
    }

    /// The session's id.
    public var id: String { core.id }
    /// The flow it is a run of.
    public var liveFlowID: String { core.liveFlowId }
    /// How far it is.
    public var status: SessionStatus { SessionStatus(core.status) }
    /// The service's own word for the status.
    public var rawStatus: String { core.rawStatus }
    /// What it was started with.
    public var inputs: JSONValue? { JSONValue(core: core.inputs) }
    /// The step it is at, where the service says.
    public var currentStep: StepRun? { core.currentStep.map(StepRun.init) }
    /// One entry for each execution of a step so far.
    public var steps: [StepRun] { core.steps.map(StepRun.init) }
    /// How many steps the flow has, where the service says.
    public var stepsCount: Int? { core.stepsCount.map(Int.init) }
    /// Why it failed. For debugging: do not show it to end users.
    public var error: JSONValue? { JSONValue(core: core.error) }
    /// The version of the flow that it runs, with its steps and transitions.
    public var flowVersion: JSONValue? { JSONValue(core: core.flowVersion) }
    /// When it was created, by the service's clock.
    public var createdAt: Date? { core.createdAt }
    /// When it last changed, by the service's clock.
    public var updatedAt: Date? { core.updatedAt }
    /// The whole answer as the service wrote it.
    public var rawJSON: JSONValue { JSONValue(core: core.rawJson) }
}

extension Session {
    /// The result of the last finished step.
    public var output: JSONValue? {
        let last = core.steps.last { $0.status == .finished && $0.result != nil }
        return JSONValue(core: last?.result)
    }

    /// The output of a session that did not fail; ``LiveFlowError/sessionFailed(_:)`` for one that
    /// did.
    public func requireOutput() throws -> JSONValue? {
        guard status == .failed else { return output }
        throw LiveFlowError.sessionFailed(
            ErrorContext(
                reason: "the session \(id) failed or was cancelled",
                detail: try core.error.map { error in try crossing { try plainText(json: error) } }
            ))
    }

    /// Steps done, of steps known.
    public var progress: Progress {
        Progress(
            done: core.steps.count { SessionStatus($0.status).isEnd },
            known: max(stepsCount ?? 0, core.steps.count))
    }

    /// The questions so far, each with its answer.
    public var transcript: [Exchange] {
        core.steps
            .filter { $0.userInput != nil || $0.status == .waitingForUserInput }
            .map { step in
                Exchange(
                    runID: step.id, stepName: step.name,
                    question: step.prompt.flatMap { try? promptText(json: $0) } ?? "",
                    answer: step.userInput.flatMap { try? plainText(json: $0) })
            }
    }

    /// Steps done, of steps known.
    public struct Progress: Sendable, Hashable {
        /// Executions that have ended.
        public var done: Int
        /// How many steps are known: the flow's count, or the executions so far if those are more.
        public var known: Int

        /// The share that is done, from 0 to 1.
        public var fraction: Double { known == 0 ? 0 : Double(done) / Double(known) }
    }

    /// One question and its answer, if it has one yet.
    public struct Exchange: Sendable, Hashable, Identifiable {
        /// The execution of the step that asked.
        public var runID: String
        /// The step's name in the flow.
        public var stepName: String?
        /// What was asked, as text.
        public var question: String
        /// What the end user answered, as text.
        public var answer: String?

        /// The execution of the step that asked.
        public var id: String { runID }
    }
}

/// One execution of one step.
public struct StepRun: Sendable, Hashable, Identifiable {
    let core: Core.StepRun

    init(_ core: Core.StepRun) {
        self.core = core
    }

    /// Identifies this execution (not the step in the flow).
    public var id: String { core.id }
    /// The step's name in the flow.
    public var name: String? { core.name }
    /// The service's word for what kind of step it is, such as `LLM` or `INPUT`.
    public var stepType: String? { core.stepType }
    /// How far this execution is.
    public var status: SessionStatus { SessionStatus(core.status) }
    /// The service's own word for the status.
    public var rawStatus: String { core.rawStatus }
    /// Its input: for a step that asks, what to ask.
    public var prompt: JSONValue? { JSONValue(core: core.prompt) }
    /// Its output: for a step that asks, the answer.
    public var result: JSONValue? { JSONValue(core: core.result) }
    /// What the end user answered.
    public var userInput: JSONValue? { JSONValue(core: core.userInput) }
    /// Why it failed.
    public var error: JSONValue? { JSONValue(core: core.error) }
    /// When it began, by the service's clock.
    public var createdAt: Date? { core.createdAt }
    /// When it last changed, by the service's clock.
    public var updatedAt: Date? { core.updatedAt }
}

extension Session: CustomStringConvertible {
    /// Which session it is, and how far.
    public var description: String {
        "Session(id: \(id), status: \(rawStatus), steps: \(core.steps.count))"
    }
}

extension StepRun: CustomStringConvertible {
    /// Which step it is, and how far.
    public var description: String {
        "StepRun(id: \(id), name: \(name ?? "?"), status: \(rawStatus))"
    }
}

extension SessionStatus {
    init(_ core: Core.Status) {
        self =
            switch core {
            case .ready: .ready
            case .running: .running
            case .waitingForUserInput: .waitingForUserInput
            case .finished: .finished
            case .failed: .failed
            case .unrecognised: .unrecognised
            }
    }

    var core: Core.Status {
        switch self {
        case .ready: .ready
        case .running: .running
        case .waitingForUserInput: .waitingForUserInput
        case .finished: .finished
        case .failed: .failed
        case .unrecognised: .unrecognised
        }
    }
}

extension JSONValue {
    /// JSON that the library has checked.
    init(core text: String) {
        self = (try? JSONValue(parsing: text)) ?? .null
    }

    init?(core text: String?) {
        guard let text else { return nil }
        self.init(core: text)
    }
}
