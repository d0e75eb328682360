internal import LiveFlowBoundary

/// Gives the headers that identify the caller, for instance to a proxy of your own.
public protocol CredentialsProvider: Sendable {
    /// The headers to send. Asked before every request: keep what is costly.
    ///
    /// - Parameter refused: The last ones were refused (401), so kept ones are of no use.
    /// - Throws: Anything. Its words reach whoever made the call, so they must hold no secret.
    func headers(refused: Bool) async throws -> [String: String]
}

/// Asks a provider, in a task.
final class CredentialsBridge: LiveFlowBoundary.CredentialsProvider, Sendable {
    private let provider: any CredentialsProvider
    private let host: Host

    init(_ provider: any CredentialsProvider, host: Host) {
        self.provider = provider
        self.host = host
    }

    func headers(request: CredentialsRequest, reply: CredentialsReply) throws {
        host.ask(reply, onError: { _ = reply.fail(reason: $0) }) { [provider] in
            _ = reply.give(headers: try await provider.headers(refused: request.refused))
        }
    }
}

/// What one client shares with what it asks of the app: credentials and checkpoints.
final class Host: Sendable {
    let gate = Gate()
    private let tasks = TaskBag()

    /// Replies that the close came before.
    private let unsaid = Locked<[any Sendable]>([])

    /// Runs the app's code, unless the client has been closed. After the close nothing is replied,
    /// and the reply not even forgotten: so the library's call ends by the close, and not by what
    /// the close did to the app's code.
    func ask(
        _ reply: any Sendable, onError: @escaping @Sendable (String) -> Void,
        _ work: @escaping @Sendable () async throws -> Void
    ) {
        tasks.start { [gate, unsaid] in
            do {
                if gate.isOpen { return try await work() }
            } catch {
                if gate.isOpen { return onError(words(of: error)) }
            }
            unsaid.with { $0.append(reply) }
        }
    }

    /// Cancels what is under way, and what will be asked later.
    func cancel() {
        tasks.close()
    }
}
