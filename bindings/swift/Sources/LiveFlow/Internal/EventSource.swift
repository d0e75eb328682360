internal import LiveFlowBoundary

/// One consumer's place in the events of a session, pulled in two halves: waiting carries nothing,
/// and taking does not wait. So a wait that is cancelled loses no event.
final class EventSource: Sendable {
    private struct State {
        var next = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Cancelled before they began to wait.
        var cancelled: Set<Int> = []
        /// A task of its own awaits the library, for all waiters.
        var isAsking = false
    }

    private let core: CoreEvents
    private let state = Locked(State())
    /// Whoever consumes keeps the client going.
    private let client: Client

    init(_ core: CoreEvents, client: Client) {
        self.core = core
        self.client = client
    }

    deinit {
        // Wakes the task that awaits the library, if there is one.
        core.cancel()
    }

    /// The next event, or `nil` when there will be none. `CancellationError` when the task is
    /// cancelled: at once, and nothing is lost.
    func next() async throws -> SessionEvent? {
        while true {
            try Task.checkCancellation()
            switch try crossing(core.takeEvent) {
            case .event(let event): return SessionEvent(event)
            case .end: return nil
            case .nothingYet: await ready()
            }
        }
    }

    /// Returns when there may be something to take, or the task is cancelled.
    private func ready() async {
        let number = state.with { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let (isCancelled, mustAsk) = state.with { state in
                    if state.cancelled.contains(number) { return (true, false) }
                    state.waiters[number] = waiter
                    defer { state.isAsking = true }
                    return (false, !state.isAsking)
                }
                if isCancelled { waiter.resume() }
                if mustAsk { ask() }
            }
        } onCancel: {
            let waiter = state.with { state in
                let waiter = state.waiters.removeValue(forKey: number)
                if waiter == nil { state.cancelled.insert(number) }
                return waiter
            }
            waiter?.resume()
        }
        state.with { _ = $0.cancelled.remove(number) }
    }

    /// The generated code never drops a future, so the wait must not be a waiter's own: it goes on
    /// when its waiters are gone. It holds nothing but the library's end, which `deinit` wakes.
    private func ask() {
        Task { [core, state] in
            await core.waitReady()
            let waiters = state.with { state in
                state.isAsking = false
                defer { state.waiters = [:] }
                return state.waiters
            }
            for waiter in waiters.values { waiter.resume() }
        }
    }
}
