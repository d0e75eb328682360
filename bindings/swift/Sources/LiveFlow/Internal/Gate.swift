/// Whether callbacks may still start. A gate inside another one is shut with it.
final class Gate: Sendable {
    private let outer: Gate?
    private let isShut = Locked(false)

    init(in outer: Gate? = nil) {
        self.outer = outer
    }

    var isOpen: Bool {
        !isShut.with { $0 } && outer?.isOpen ?? true
    }

    func shut() {
        isShut.with { $0 = true }
    }
}

/// Tasks that run the user's code, so that they can be cancelled together.
final class TaskBag: Sendable {
    private struct State {
        var isClosed = false
        var next = 0
        var tasks: [Int: Task<Void, Never>] = [:]
    }

    private let state = Locked(State())

    /// Starts a task. In a closed bag it is cancelled from the beginning.
    @discardableResult
    func start(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        let (number, isClosed) = state.with { state in
            state.next += 1
            return (state.next, state.isClosed)
        }
        let finished = Locked(false)
        let task = Task { [weak self] in
            await work()
            finished.with { $0 = true }
            self?.forget(number)
        }
        state.with { state in
            if !finished.with({ $0 }) { state.tasks[number] = task }
        }
        if isClosed { task.cancel() }
        return task
    }

    /// Cancels everything, and what will be started later.
    func close() {
        let tasks = state.with { state in
            state.isClosed = true
            defer { state.tasks = [:] }
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
    }

    private func forget(_ number: Int) {
        state.with { _ = $0.tasks.removeValue(forKey: number) }
    }
}
