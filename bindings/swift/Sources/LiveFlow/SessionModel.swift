import Foundation

#if canImport(Combine)
    import Combine
#endif

/// One session as a view shows it. In SwiftUI it is an `ObservableObject`:
///
/// ```swift
/// @StateObject private var model = SessionModel(client: client)
///
/// var body: some View {
///     switch model.state.phase {
///     case .asking(let prompt): PromptView(prompt) { model.answer($0) }
///     …
/// ```
///
/// When the model is gone, watching stops; the session itself goes on.
@MainActor
public final class SessionModel {
    /// Everything there is to show.
    public private(set) var state = State() {
        willSet {
            #if canImport(Combine)
                objectWillChange.send()
            #endif
        }
        didSet { onChange?(state) }
    }

    /// Told each new state, for views other than SwiftUI's.
    public var onChange: (@MainActor (State) -> Void)?

    private let client: Client
    private var live: LiveSession?
    private var watching: Task<Void, Never>?
    private var answering: Task<Void, Never>?

    /// A model that shows nothing yet.
    public init(client: Client) {
        self.client = client
    }

    deinit {
        watching?.cancel()
        answering?.cancel()
    }

    // MARK: What the user does

    /// Starts a session and shows it, in place of any before.
    public func start(_ flowID: String, inputs: JSONValue = [:]) {
        show { client in try await client.start(flowID, inputs: inputs) }
    }

    /// Shows a session that exists already.
    public func watch(_ flowID: String, _ sessionID: String) {
        show { client in try await client.watch(flowID, sessionID) }
    }

    /// Goes on with what ``enterBackground()`` gave, after the app was ended.
    public func restore(_ checkpoint: String) {
        show { client in try await client.restore(checkpoint) }
    }

    /// Answers the open prompt. If the answer does not arrive, ``State/unsentAnswer`` has it again.
    public func answer(_ answer: Answer) {
        guard let live, let prompt = state.prompt, !state.isAnswering else { return }
        state.isAnswering = true
        state.problem = nil
        state.unsentAnswer = nil
        answering = Task { [weak self] in
            var failure: (any Error)?
            do {
                try await live.answer(prompt, answer)
            } catch {
                failure = error
            }
            // By now another session may be shown.
            guard let self, self.live === live else { return }
            self.answered(failure)
        }
    }

    /// Answers the open prompt with text.
    public func answer(_ text: String) {
        answer(.text(text))
    }

    /// Ends the session at the service.
    public func cancelSession() {
        guard let live else { return }
        Task { [weak self] in
            do {
                _ = try await live.cancel()
            } catch {
                guard let self, self.live === live else { return }
                self.state.problem = Self.problem(error)
            }
        }
    }

    /// Shows the session no longer; it goes on at the service.
    public func stop() {
        watching?.cancel()
        answering?.cancel()
        live?.close()
        live = nil
        state = State()
    }

    // MARK: What the app does

    /// The app goes to the background: requests stop. Gives what ``restore(_:)`` needs if the app is
    /// ended there; keep it as safe as the user's answers.
    @discardableResult
    public func enterBackground() throws -> String? {
        try client.suspend()
        return state.session?.status.isEnd == true ? nil : try live?.checkpoint()
    }

    /// The app is back: the session is looked at, at once.
    public func enterForeground() throws {
        try client.resume()
    }

    // MARK: How it works

    private func show(_ open: @escaping @Sendable (Client) async throws -> LiveSession) {
        stop()
        state.phase = .starting
        watching = Task { [weak self, client] in
            do {
                let live = try await open(client)
                let events = try live.events()
                guard !Task.isCancelled, self?.begin(live) != nil else { return }
                for await event in events {
                    guard !Task.isCancelled else { return }
                    // Not held while it waits: a model that is gone ends the watch.
                    self?.apply(event)
                }
            } catch {
                guard !Task.isCancelled else { return }
                self?.state.phase = .stopped
                self?.state.problem = Self.problem(error)
            }
        }
    }

    private func begin(_ live: LiveSession) {
        self.live = live
        state.phase = .running
        state.session = try? live.snapshot()
    }

    private func apply(_ event: SessionEvent) {
        var next = state
        next.apply(event)
        if !event.isTerminal, let session = try? live?.snapshot() { next.session = session }
        state = next
    }

    private func answered(_ failure: (any Error)?) {
        var next = state
        next.isAnswering = false
        if let failure {
            next.problem = Self.problem(failure)
            next.unsentAnswer = (failure as? LiveFlowError)?.answer
        }
        state = next
    }

    private static func problem(_ error: any Error) -> LiveFlowError {
        error as? LiveFlowError ?? .handlerFailed(ErrorContext(reason: words(of: error)))
    }
}

extension SessionModel {
    /// Everything there is to show of one session.
    public struct State: Sendable, Hashable {
        /// How far it is.
        public var phase = Phase.idle
        /// The newest that is known.
        public var session: Session?
        /// The service cannot be reached now; trying goes on.
        public var isConnectionLost = false
        /// An answer is on its way.
        public var isAnswering = false
        /// An answer that did not arrive, or is not known to have: put it back into the text field.
        public var unsentAnswer: String?
        /// What went wrong last, with words for a person.
        public var problem: LiveFlowError?

        /// A state with nothing in it.
        public init() {}

        /// The open prompt.
        public var prompt: Prompt? {
            if case .asking(let prompt) = phase { prompt } else { nil }
        }

        /// What an event changes.
        public mutating func apply(_ event: SessionEvent) {
            switch event {
            case .statusChanged, .stepChanged: break
            case .promptRequested(let prompt):
                phase = .asking(prompt)
                problem = nil
            case .promptClosed(let closed, _):
                if prompt == closed { phase = .running }
            case .answerUnresolved(_, let text): unsentAnswer = text
            case .connectionLost(let error, _):
                isConnectionLost = true
                problem = error
            case .connectionRestored:
                isConnectionLost = false
                problem = nil
            case .finished(let session):
                end(.finished)
                self.session = session
            case .failed(let session, let error):
                end(.failed)
                self.session = session
                problem = error
            case .watchEnded(let reason):
                end(.stopped)
                if case .error(let error) = reason { problem = error }
            }
        }

        private mutating func end(_ phase: Phase) {
            self.phase = phase
            isConnectionLost = false
        }
    }

    /// How far a session is, for a view.
    public enum Phase: Sendable, Hashable {
        /// There is none.
        case idle
        /// It is being created or looked up.
        case starting
        /// It is at work.
        case running
        /// It asks the user something.
        case asking(Prompt)
        /// It ended well.
        case finished
        /// It failed or was cancelled.
        case failed
        /// It is watched no longer, and goes on at the service.
        case stopped
    }
}

#if canImport(Combine)
    extension SessionModel: ObservableObject {}
#endif
