internal import LiveFlowBoundary

/// Answers a session's prompts, for ``Client/run(_:inputs:handler:listener:)``.
public protocol PromptHandler: Sendable {
    /// The answer to a prompt, or `nil` for none: then the prompt stays open, and watching goes on.
    ///
    /// Its task is cancelled when the prompt closes (another device answered, say), when the run
    /// ends, and after ``Configuration/handlerTimeout``: take the dialogue off the screen then. What
    /// it throws stops the watching and reaches the caller of `run`.
    ///
    /// It runs on the threads that all tasks share: what blocks belongs on a thread of its own.
    ///
    /// Without an implementation of yours nothing is answered.
    func onPrompt(_ prompt: Prompt) async throws -> Answer?
}

extension PromptHandler {
    /// No answer.
    public func onPrompt(_ prompt: Prompt) async throws -> Answer? { nil }
}

/// A handler made of a closure.
struct ClosurePromptHandler: PromptHandler {
    let body: @Sendable (Prompt) async throws -> Answer?

    func onPrompt(_ prompt: Prompt) async throws -> Answer? {
        try await body(prompt)
    }
}

/// What one run shares with its callbacks.
final class RunScope: Sendable {
    let gate: Gate
    let tasks = TaskBag()
    private let thrown = Locked<(any Error)?>(nil)

    init(in gate: Gate) {
        self.gate = Gate(in: gate)
    }

    /// What a callback of the user's threw first.
    var firstThrown: (any Error)? { thrown.with { $0 } }

    func keep(_ error: any Error) {
        thrown.with { $0 = $0 ?? error }
    }

    /// No callback starts after this, and those under way are cancelled.
    func end() {
        gate.shut()
        tasks.close()
    }
}

/// Has a handler answer, in a task, so that the library's call returns at once.
final class PromptBridge: LiveFlowBoundary.PromptHandler, Sendable {
    private let handler: any PromptHandler
    private let scope: RunScope

    init(_ handler: any PromptHandler, scope: RunScope) {
        self.handler = handler
        self.scope = scope
    }

    func onPrompt(prompt: Core.Prompt, reply: Reply) throws {
        let task = scope.tasks.start { [handler, scope] in
            guard scope.gate.isOpen, !reply.isCancelled() else { return }
            do {
                switch try await handler.onPrompt(Prompt(prompt)) {
                case .text(let text)?: _ = reply.answerText(text: text)
                case .json(let value)?:
                    _ = try crossing { try reply.answerJson(json: value.jsonText) }
                case nil: _ = reply.decline()
                }
            } catch is CancellationError where Task.isCancelled {
                _ = reply.decline()
            } catch {
                scope.keep(error)
                _ = reply.fail(reason: words(of: error))
            }
        }
        // Ends with the question: the library says so however it ends.
        Task {
            await reply.cancelled()
            task.cancel()
        }
    }
}
