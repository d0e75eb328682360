import Dispatch
import Foundation
internal import LiveFlowBoundary

/// Keeps checkpoints in a folder, one file for each session, atomically and durably.
///
/// ```swift
/// configuration.checkpointStore = try FileCheckpointStore(folder: folder)
/// ```
///
/// Only the user that the program runs as may read the files, because a checkpoint holds what
/// somebody typed. Other files in the folder are left alone, and a damaged checkpoint hides none of
/// the others. Programs may share a folder as long as each session has one owner at a time. What goes
/// wrong on the disk is a ``LiveFlowError/handlerFailed(_:)``.
public final class FileCheckpointStore: CheckpointStore {
    /// Where the files are.
    public let folder: URL
    private let core: LiveFlowBoundary.FileCheckpointStore

    /// A store in this folder, which is made if it is not there.
    ///
    /// - Throws: ``LiveFlowError/configuration(_:setting:)`` if it cannot be used.
    public init(folder: URL) throws {
        self.folder = folder
        core = try crossing { try LiveFlowBoundary.FileCheckpointStore(folder: folder.path) }
    }

    /// Stores it in place of the session's older one. It is durable when this returns.
    public func save(_ checkpoint: StoredCheckpoint) async throws {
        try await visit {
            try $0.save(
                checkpoint: .init(
                    sessionId: checkpoint.sessionID, number: checkpoint.number,
                    data: checkpoint.data))
        }
    }

    /// The session's checkpoint, if there is one.
    public func load(sessionID: String) async throws -> StoredCheckpoint? {
        try await visit { try $0.load(sessionId: sessionID) }.map {
            StoredCheckpoint(sessionID: $0.sessionId, number: $0.number, data: $0.data)
        }
    }

    /// The ids of all sessions that have one.
    public func list() async throws -> [String] {
        try await visit { try $0.list() }
    }

    /// Forgets the session's checkpoint; no error if there is none.
    public func delete(sessionID: String) async throws {
        try await visit { try $0.delete(sessionId: sessionID) }
    }

    /// Has a thread wait for the disk: those of tasks are few, and must not.
    private func visit<Value: Sendable>(
        _ work: @escaping @Sendable (LiveFlowBoundary.FileCheckpointStore) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { [core] in
                continuation.resume(with: Result { try crossing { try work(core) } })
            }
        }
    }
}
