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
        host.ask { [provider] in
            do {
                _ = reply.give(headers: try await provider.headers(refused: request.refused))
            } catch {
                _ = reply.fail(reason: words(of: error))
            }
        }
    }
}

/// What one client shares with what it asks of the app: credentials and checkpoints.
final class Host: Sendable {
    let gate = Gate()
    private let tasks = TaskBag()

    /// Runs the app's code, unless the client has been closed. The library waits for a reply no
    /// longer when it is forgotten.
    func ask(_ work: @escaping @Sendable () async -> Void) {
        tasks.start { [gate] in
            guard gate.isOpen else { return }
            await work()
        }
    }

    func close() {
        gate.shut()
        tasks.close()
    }
}
