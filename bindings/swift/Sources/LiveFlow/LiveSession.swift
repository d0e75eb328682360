import Foundation
internal import LiveFlowBoundary

/// A session that a client watches.
///
/// When it and its streams are gone, watching stops; the session itself goes on.
public final class LiveSession: Sendable, Identifiable {
    private let core: CoreLiveSession
    private let client: Client
    private let gate: Gate
    /// The place that all callers of ``nextEvent()`` share, once there is one.
    private let shared = Locked<EventSource?>(nil)

    init(_ core: CoreLiveSession, client: Client) {
        self.core = core
        self.client = client
        gate = Gate(in: client.gate)
    }

    deinit {
        gate.shut()
    }

    /// The session's id.
    public var id: String { core.id() }

    /// The flow it is a run of.
    public var liveFlowID: String { core.liveFlowId() }

    /// The newest that is known of the session. `nil` until the first read of a watch that was not
    /// begun by ``Client/start(_:inputs:)``.
    public func snapshot() throws -> Session? {
        try crossing(core.snapshot).map(Session.init)
    }

    // MARK: Events

    /// This session's events, with a place of its own: first the present, last the terminal event.
    ///
    /// ```swift
    /// for await event in try live.events() {
    ///     if case .promptRequested(let prompt) = event { … }
    /// }
    /// ```
    public func events() throws -> SessionEvents {
        SessionEvents(source: EventSource(try crossing(core.events), client: client))
    }

    /// The next event; `nil` after the terminal one. All callers share one place, so each event goes
    /// to one of them.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled. No event is lost then.
    public func nextEvent() async throws -> SessionEvent? {
        let source = try shared.with { source in
            if let source { return source }
            let new = EventSource(try crossing(core.events), client: client)
            source = new
            return new
        }
        return try await source.next()
    }

    /// Has each event told to `listener`, until the subscription is cancelled or forgotten.
    public func subscribe(_ listener: any SessionListener) throws -> Subscription {
        let inner = Gate(in: gate)
        let subscription = try crossing {
            try core.subscribe(listener: ListenerBridge(listener, gate: inner))
        }
        return Subscription(subscription, gate: inner)
    }

    /// Has each event told to `onEvent`, on a thread of the library's, one at a time.
    public func subscribe(
        _ onEvent: @escaping @Sendable (SessionEvent) throws -> Void
    ) throws -> Subscription {
        try subscribe(ClosureListener(body: onEvent))
    }

    // MARK: What can be done

    /// Answers a prompt, exactly once.
    ///
    /// Whatever keeps the answer from arriving is an error that hands its text back
    /// (``LiveFlowError/answer``). Cancelling the task gives up waiting, and the right to send
    /// again; if the answer is not known to have arrived, consumers are told by
    /// ``SessionEvent/answerUnresolved(_:text:)``.
    public func answer(_ prompt: Prompt, _ answer: Answer) async throws {
        _ = try await awaiting { try core.answer(prompt: prompt.core, answer: answer.core) }
    }

    /// Answers a prompt with text, exactly once. See the other `answer`.
    public func answer(_ prompt: Prompt, _ text: String) async throws {
        try await answer(prompt, Answer.text(text))
    }

    /// Waits for the session's end and gives it, whatever its status.
    ///
    /// - Throws: ``LiveFlowError/requestTimeout(_:)`` when `timeout` seconds pass first; if the watch
    ///   ends first, its error.
    public func wait(timeout: TimeInterval? = nil) async throws -> Session {
        let timeout = try deadline(timeout, "timeout")
        return try await awaiting { try core.wait(timeout: timeout) }.asSession()
    }

    /// Cancels the session at the service and gives it as it ended. To stop only the watching, use
    /// ``close()``.
    public func cancel() async throws -> Session {
        try await awaiting(core.cancel).asSession()
    }

    /// Has the session looked at now, whatever the schedule says.
    public func pollNow() throws {
        try crossing(core.pollNow)
    }

    /// What to keep in order to go on after a restart with ``Client/restore(_:)``. It may hold an
    /// answer's text: keep it as safe as those.
    public func checkpoint() throws -> String {
        try crossing(core.checkpoint)
    }

    /// Stops watching; the session itself goes on. No callback starts after this has returned.
    public func close() {
        gate.shut()
        core.shutdown()
    }
}

extension LiveSession: CustomStringConvertible {
    /// Which session it is.
    public var description: String { "LiveSession(\(id))" }
}

/// The events of one watched session, for one consumer, who pulls them at its own pace.
///
/// The last one is the terminal event. When the task is cancelled the loop ends at once.
public struct SessionEvents: AsyncSequence, Sendable {
    public typealias Element = SessionEvent

    let source: EventSource

    public func makeAsyncIterator() -> Iterator {
        Iterator(source: source)
    }

    /// Pulls one event after the other. All iterators of one sequence share its place.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        let source: EventSource

        /// The next event, or `nil` after the terminal one and in a cancelled task.
        public func next() async -> SessionEvent? {
            // Nothing but cancelling keeps the source from going on to the end.
            try? await source.next()
        }
    }
}
