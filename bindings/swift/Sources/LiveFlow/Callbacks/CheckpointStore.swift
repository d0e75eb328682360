internal import LiveFlowBoundary

/// Keeps checkpoints across restarts, one for each session.
public protocol CheckpointStore: Sendable {
    /// Stores it in place of the session's older one. It must be durable when this returns: an
    /// answer leaves only after that.
    func save(_ checkpoint: StoredCheckpoint) async throws
    /// The session's checkpoint, if there is one.
    func load(sessionID: String) async throws -> StoredCheckpoint?
    /// The ids of all sessions that have one.
    func list() async throws -> [String]
    /// Forgets the session's checkpoint; no error if there is none.
    func delete(sessionID: String) async throws
}

/// A checkpoint as a store keeps it.
public struct StoredCheckpoint: Sendable, Hashable, Codable {
    /// The session it belongs to: the key to store it under.
    public var sessionID: String
    /// Rises with each save of one session; a store may refuse a lower one.
    public var number: UInt64
    /// The checkpoint's text. It holds a pending answer's text: keep it as safe as those.
    public var data: String

    /// A checkpoint as it comes out of a store.
    public init(sessionID: String, number: UInt64, data: String) {
        self.sessionID = sessionID
        self.number = number
        self.data = data
    }
}

extension StoredCheckpoint: CustomStringConvertible {
    /// Which checkpoint it is; not what it holds.
    public var description: String {
        "StoredCheckpoint(sessionID: \(sessionID), number: \(number))"
    }
}

/// Asks a store, in tasks.
final class StoreBridge: LiveFlowBoundary.CheckpointStore, Sendable {
    private let store: any CheckpointStore
    private let host: Host

    init(_ store: any CheckpointStore, host: Host) {
        self.store = store
        self.host = host
    }

    func save(checkpoint: LiveFlowBoundary.StoredCheckpoint, reply: DoneReply) throws {
        host.ask(reply, onError: { _ = reply.fail(reason: $0) }) { [store] in
            try await store.save(
                StoredCheckpoint(
                    sessionID: checkpoint.sessionId, number: checkpoint.number,
                    data: checkpoint.data))
            _ = reply.done()
        }
    }

    func load(sessionId: String, reply: LoadReply) throws {
        host.ask(reply, onError: { _ = reply.fail(reason: $0) }) { [store] in
            let kept = try await store.load(sessionID: sessionId)
            _ = reply.give(
                checkpoint: kept.map {
                    .init(sessionId: $0.sessionID, number: $0.number, data: $0.data)
                })
        }
    }

    func list(reply: ListReply) throws {
        host.ask(reply, onError: { _ = reply.fail(reason: $0) }) { [store] in
            _ = reply.give(sessionIds: try await store.list())
        }
    }

    func delete(sessionId: String, reply: DoneReply) throws {
        host.ask(reply, onError: { _ = reply.fail(reason: $0) }) { [store] in
            try await store.delete(sessionID: sessionId)
            _ = reply.done()
        }
    }
}
