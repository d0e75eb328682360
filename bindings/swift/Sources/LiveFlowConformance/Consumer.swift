import Foundation
import LiveFlow

/// One consumer: it records what it is told, and reacts.
final class Consumer: Sendable {
    /// The watch that it consumes; none for a `run`.
    let watch: String?
    /// It does not ask, but is called.
    let isCalled: Bool
    private let on: [Reaction]
    private let state: Guarded<State>

    private struct State {
        var told: [(event: JSONValue, prompt: Prompt?)] = []
        var hasEnded = false
        /// How many events it had been told when it was closed or stopped.
        var closedAfter: Int?
        var subscription: Subscription?
        /// How often each reaction's pattern has matched.
        var counts: [Int]
    }

    init(watch: String?, isCalled: Bool, on: [Reaction]) {
        self.watch = watch
        self.isCalled = isCalled
        self.on = on
        state = Guarded(State(counts: Array(repeating: 0, count: on.count)))
    }

    var events: [JSONValue] { state.with { $0.told.map(\.event) } }
    var hasEnded: Bool { state.with { $0.hasEnded } }
    var closedAfter: Int? { state.with { $0.closedAfter } }

    func end() {
        state.with { $0.hasEnded = true }
    }

    func keep(_ subscription: Subscription) {
        state.with { $0.subscription = subscription }
    }

    /// It, or its watch, was closed: a callback is not called any more.
    func close() {
        guard isCalled else { return }
        state.with { state in
            state.closedAfter = state.closedAfter ?? state.told.count
            state.hasEnded = true
        }
    }

    func stop() {
        let subscription = state.with { state in
            defer { state.subscription = nil }
            return state.subscription
        }
        subscription?.cancel()
        close()
    }

    /// The n-th prompt of this step that it was told of.
    func prompt(_ step: String, _ nth: Int) -> Prompt? {
        let prompts = state.with { state in
            state.told.filter {
                $0.event["event"] == "prompt_requested"
                    && $0.event["prompt"]?["step_name"]?.stringValue == step
            }
        }
        return prompts.indices.contains(nth - 1) ? prompts[nth - 1].prompt : nil
    }

    /// Writes down what it was told; gives the actions of all reactions to it, in order.
    func record(_ event: SessionEvent, _ names: Names, _ stage: Stage) -> [Action] {
        let form = form(event)
        if !stage.scenario.forms.hasTheMembers("event", form) {
            stage.fail(.invalid("the player does not write \(form) in its form"))
        }
        return state.with { state in
            state.told.append((form, event.prompt))
            // A listener is not told that nothing follows.
            if isCalled, event.isTerminal { state.hasEnded = true }
            var actions: [Action] = []
            for (at, reaction) in on.enumerated() where fits(reaction.when, form, names) {
                state.counts[at] += 1
                if reaction.nth.holds(state.counts[at]) { actions += reaction.actions }
            }
            return actions
        }
    }

    /// Records an event inside a callback, and does what can be done there.
    func called(_ event: SessionEvent, _ stage: Stage) throws {
        let here = Here(watch: watch, prompt: event.prompt)
        // Names of sessions are no part of what callbacks react to.
        for action in record(event, Names(), stage) {
            if action.kind == "raise" { throw Raised(message: action.text("message") ?? "") }
            if action.kind == "sleep", action.background == nil {
                Thread.sleep(forTimeInterval: Double(action.count("ms") ?? 0) / 1000)
            } else {
                stage.startInBackground(action, here)
            }
        }
    }

    /// Asks for one event after the other, and does what is to be done at each.
    func pull(_ stage: Stage, _ next: () async throws -> SessionEvent?) async throws {
        while let event = try await next() {
            let here = Here(watch: watch, prompt: event.prompt)
            for action in record(event, try await stage.names(), stage) {
                try await stage.perform(action, here)
            }
        }
        try Task.checkCancellation()
        end()
    }
}

extension SessionEvent {
    fileprivate var prompt: Prompt? {
        switch self {
        case .promptRequested(let prompt), .promptClosed(let prompt, _),
            .answerUnresolved(let prompt, _):
            prompt
        default: nil
        }
    }
}

extension Stage {
    /// Opens a consumer of a watch, under its name.
    func consume(_ name: String, _ watch: String, _ live: LiveSession, _ action: Action) throws {
        guard action.consume != .nothing else { return }
        let consumer = Consumer(
            watch: watch, isCalled: action.consume == .listener, on: action.on)
        try add(consumer: name, consumer)
        switch action.consume {
        case .nothing: break
        case .listener:
            consumer.keep(
                try live.subscribe { [weak self] event in
                    if let self { try consumer.called(event, self) }
                })
        case .events:
            let events = try live.events().makeAsyncIterator()
            keep(
                Task { await self.orFail { try await consumer.pull(self) { await events.next() } } }
            )
        case .nextEvent:
            keep(Task { await self.orFail { try await consumer.pull(self, live.nextEvent) } })
        }
    }
}
