import Foundation
internal import LiveFlowBoundary

/// Is told each event of a watched session, in order, one at a time.
///
/// Implement `onEvent`, or only the methods for what you care about. They are called on a thread of
/// the library's. While one does not return, its own next event waits, and nothing
/// else does; what it throws is logged and ends nothing. It may call back into the client.
public protocol SessionListener: Sendable {
    /// One event. By default it calls the method for its kind.
    func onEvent(_ event: SessionEvent) throws
    /// See ``SessionEvent/statusChanged(previous:current:)``.
    func onStatusChanged(previous: SessionStatus?, current: SessionStatus) throws
    /// See ``SessionEvent/stepChanged(_:)``.
    func onStepChanged(_ step: StepRun) throws
    /// See ``SessionEvent/promptRequested(_:)``.
    func onPromptRequested(_ prompt: Prompt) throws
    /// See ``SessionEvent/promptClosed(_:reason:)``.
    func onPromptClosed(_ prompt: Prompt, reason: PromptCloseReason) throws
    /// See ``SessionEvent/answerUnresolved(_:text:)``.
    func onAnswerUnresolved(_ prompt: Prompt, text: String) throws
    /// See ``SessionEvent/connectionLost(_:retryIn:)``.
    func onConnectionLost(_ error: LiveFlowError, retryIn: TimeInterval) throws
    /// See ``SessionEvent/connectionRestored``.
    func onConnectionRestored() throws
    /// See ``SessionEvent/finished(_:)``.
    func onFinished(_ session: Session) throws
    /// See ``SessionEvent/failed(_:_:)``.
    func onFailed(_ session: Session, _ error: LiveFlowError) throws
    /// See ``SessionEvent/watchEnded(_:)``.
    func onWatchEnded(_ reason: WatchEndReason) throws
}

extension SessionListener {
    /// Calls the method for its kind.
    public func onEvent(_ event: SessionEvent) throws {
        switch event {
        case .statusChanged(let previous, let current):
            try onStatusChanged(previous: previous, current: current)
        case .stepChanged(let step): try onStepChanged(step)
        case .promptRequested(let prompt): try onPromptRequested(prompt)
        case .promptClosed(let prompt, let reason): try onPromptClosed(prompt, reason: reason)
        case .answerUnresolved(let prompt, let text): try onAnswerUnresolved(prompt, text: text)
        case .connectionLost(let error, let retryIn): try onConnectionLost(error, retryIn: retryIn)
        case .connectionRestored: try onConnectionRestored()
        case .finished(let session): try onFinished(session)
        case .failed(let session, let error): try onFailed(session, error)
        case .watchEnded(let reason): try onWatchEnded(reason)
        }
    }

    /// Does nothing.
    public func onStatusChanged(previous: SessionStatus?, current: SessionStatus) throws {}

    /// Does nothing.
    public func onStepChanged(_ step: StepRun) throws {}

    /// Does nothing.
    public func onPromptRequested(_ prompt: Prompt) throws {}

    /// Does nothing.
    public func onPromptClosed(_ prompt: Prompt, reason: PromptCloseReason) throws {}

    /// Does nothing.
    public func onAnswerUnresolved(_ prompt: Prompt, text: String) throws {}

    /// Does nothing.
    public func onConnectionLost(_ error: LiveFlowError, retryIn: TimeInterval) throws {}

    /// Does nothing.
    public func onConnectionRestored() throws {}

    /// Does nothing.
    public func onFinished(_ session: Session) throws {}

    /// Does nothing.
    public func onFailed(_ session: Session, _ error: LiveFlowError) throws {}

    /// Does nothing.
    public func onWatchEnded(_ reason: WatchEndReason) throws {}
}

/// A listener made of a closure.
struct ClosureListener: SessionListener {
    let body: @Sendable (SessionEvent) throws -> Void

    func onEvent(_ event: SessionEvent) throws {
        try body(event)
    }
}

/// A listener's registration. Cancelling it, and forgetting it, ends it.
public final class Subscription: Sendable {
    private let core: CoreSubscription
    private let gate: Gate

    init(_ core: CoreSubscription, gate: Gate) {
        self.core = core
        self.gate = gate
    }

    deinit {
        cancel()
    }

    /// No callback starts after this has returned. One under way is not waited for.
    public func cancel() {
        gate.shut()
        core.cancel()
    }
}

/// Tells a listener, on the thread that the library keeps for it.
final class ListenerBridge: LiveFlowBoundary.SessionListener, Sendable {
    private let listener: any SessionListener
    private let gate: Gate
    private let onError: @Sendable (any Error) -> Void

    init(
        _ listener: any SessionListener, gate: Gate,
        onError: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.listener = listener
        self.gate = gate
        self.onError = onError
    }

    func onEvent(event: Core.Event) throws {
        // It may have been closed while this was on its way.
        guard gate.isOpen else { return }
        do {
            try listener.onEvent(SessionEvent(event))
        } catch {
            onError(error)
            throw CallbackError.Failed(reason: words(of: error))
        }
    }
}
