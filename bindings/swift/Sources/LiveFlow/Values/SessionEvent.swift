import Foundation
internal import LiveFlowBoundary

/// One thing that happened to a watched session, as one consumer sees it.
///
/// Events are differences between what the consumer was last told and what is known when it asks,
/// so states in between may be missing, but never a prompt that is still open, a finished step or
/// the end.
public enum SessionEvent: Sendable, Hashable {
    /// The session's status is another one than last told (`nil` at first).
    case statusChanged(previous: SessionStatus?, current: SessionStatus)
    /// An execution of a step is new, or differs from what was last told of it.
    case stepChanged(StepRun)
    /// The session asks the end user something. Each prompt is requested once, while it is open.
    case promptRequested(Prompt)
    /// A prompt that was requested is over. Told once for each requested prompt.
    case promptClosed(Prompt, reason: PromptCloseReason)
    /// An answer that nobody waits for any more (its task was cancelled, or the app restarted) is
    /// not known to have arrived. Its text is handed back.
    case answerUnresolved(Prompt, text: String)
    /// The service has not been reached twice in a row; trying goes on.
    case connectionLost(LiveFlowError, retryIn: TimeInterval)
    /// The service was reached again.
    case connectionRestored
    /// The session ended well. The last event.
    case finished(Session)
    /// The session failed or was cancelled. The last event.
    case failed(Session, LiveFlowError)
    /// Watching stopped before the session's end. The last event; the session itself is untouched.
    case watchEnded(WatchEndReason)

    /// Whether nothing follows it.
    public var isTerminal: Bool {
        switch self {
        case .finished, .failed, .watchEnded: true
        default: false
        }
    }
}

/// How a prompt ended.
public enum PromptCloseReason: Sendable, Hashable {
    /// By an answer given through this watch.
    case answered
    /// By somebody else: another device, another program.
    case answeredElsewhere
    /// The session ended with the prompt unanswered.
    case sessionEnded
    /// Watching stopped; the prompt itself may still be open.
    case watchEnded
    /// It is over, and no read could tell how.
    case unknown
}

/// Why watching stopped before the session's end.
public enum WatchEndReason: Sendable, Hashable {
    /// The watch or its client was closed.
    case closed
    /// No end within ``Configuration/watchLimit``.
    case timeLimit
    /// An error that trying again would not mend.
    case error(LiveFlowError)
}

extension SessionEvent {
    init(_ core: Core.Event) {
        self =
            switch core {
            case .statusChanged(let previous, let current):
                .statusChanged(
                    previous: previous.map(SessionStatus.init), current: SessionStatus(current))
            case .stepChanged(let step): .stepChanged(StepRun(step))
            case .promptRequested(let prompt): .promptRequested(Prompt(prompt))
            case .promptClosed(let prompt, let reason):
                .promptClosed(Prompt(prompt), reason: PromptCloseReason(reason))
            case .answerUnresolved(let prompt, let text):
                .answerUnresolved(Prompt(prompt), text: text)
            case .connectionLost(let error, let retryIn):
                .connectionLost(LiveFlowError(error), retryIn: retryIn)
            case .connectionRestored: .connectionRestored
            case .finished(let session): .finished(Session(session))
            case .failed(let session, let error): .failed(Session(session), LiveFlowError(error))
            case .watchEnded(let reason): .watchEnded(WatchEndReason(reason))
            }
    }
}

extension PromptCloseReason {
    init(_ core: LiveFlowBoundary.PromptCloseReason) {
        self =
            switch core {
            case .answered: .answered
            case .answeredElsewhere: .answeredElsewhere
            case .sessionEnded: .sessionEnded
            case .watchEnded: .watchEnded
            case .unknown: .unknown
            }
    }
}

extension WatchEndReason {
    init(_ core: LiveFlowBoundary.WatchEndReason) {
        self =
            switch core {
            case .closed: .closed
            case .timeLimit: .timeLimit
            case .error(let error): .error(LiveFlowError(error))
            }
    }
}
