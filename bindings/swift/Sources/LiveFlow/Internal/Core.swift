internal import LiveFlowBoundary
@_exported import LiveFlowJSON

/// The generated types that have namesakes among the ones of this module.
enum Core {
    typealias Answer = LiveFlowBoundary.CoreAnswer
    typealias Operation = LiveFlowBoundary.Operation
    typealias Outcome = LiveFlowBoundary.Outcome
    typealias Prompt = LiveFlowBoundary.Prompt
    typealias Session = LiveFlowBoundary.Session
    typealias StepRun = LiveFlowBoundary.StepRun
    typealias Status = LiveFlowBoundary.SessionStatus
    typealias Event = LiveFlowBoundary.SessionEvent
    typealias Failure = LiveFlowBoundary.LiveFlowError
    typealias FailureContext = LiveFlowBoundary.ErrorContext
}

/// Calls across the boundary; an error comes back as this module's own.
func crossing<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch let error as Core.Failure {
        throw LiveFlowError(error)
    }
}

/// Awaits a call that was begun.
///
/// Cancelling the task gives the call up, and this returns at once. What the call brought before
/// that is not lost.
func awaiting(_ begin: () throws -> Core.Operation) async throws -> Core.Outcome {
    try Task.checkCancellation()
    let operation = try crossing(begin)
    // The generated code never drops a future: it is the operation that has to end.
    await withTaskCancellationHandler {
        await operation.ready()
    } onCancel: {
        operation.cancel()
    }
    do {
        return try crossing(operation.take)
    } catch LiveFlowError.closed where Task.isCancelled {
        throw CancellationError()
    }
}

extension Core.Outcome {
    func asSession() throws -> Session {
        guard case .session(let session) = self else { throw unexpected }
        return Session(session)
    }

    func asSessions() throws -> [Session] {
        guard case .sessions(let sessions) = self else { throw unexpected }
        return sessions.map(Session.init)
    }

    func asOptionalSession() throws -> Session? {
        guard case .optionalSession(let session) = self else { throw unexpected }
        return session.map(Session.init)
    }

    func asLiveSession() throws -> CoreLiveSession {
        guard case .liveSession(let live) = self else { throw unexpected }
        return live
    }

    func asLiveSessions() throws -> [CoreLiveSession] {
        guard case .liveSessions(let live) = self else { throw unexpected }
        return live
    }

    /// Only a library of another version gives what its call does not give.
    private var unexpected: LiveFlowError {
        .configuration(
            ErrorContext(reason: "the library does not fit this package: build both anew"),
            setting: nil)
    }
}
