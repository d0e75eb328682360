import Foundation
import LiveFlow

/// Keeps each session's checkpoint in a file of its own. On iOS the files cannot be read while the
/// device is locked, and none of them is backed up.
public actor ProtectedFileStore: CheckpointStore {
    private let folder: URL

    /// A store in this folder, which is made when it is needed.
    public init(folder: URL) {
        self.folder = folder
    }

    /// Writes the file anew, in one go.
    public func save(_ checkpoint: StoredCheckpoint) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = file(checkpoint.sessionID)
        var options: Data.WritingOptions = .atomic
        #if os(iOS)
            options.insert(.completeFileProtection)
        #endif
        try JSONEncoder().encode(checkpoint).write(to: file, options: options)
        #if canImport(Darwin)
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            var attributed = file
            try attributed.setResourceValues(values)
        #else
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: file.path)
        #endif
    }

    /// Reads the file.
    public func load(sessionID: String) async throws -> StoredCheckpoint? {
        let file = file(sessionID)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try JSONDecoder().decode(StoredCheckpoint.self, from: Data(contentsOf: file))
    }

    /// The sessions that have a file.
    public func list() async throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".checkpoint") }
            .map { String($0.dropLast(".checkpoint".count)) }
    }

    /// Removes the file.
    public func delete(sessionID: String) async throws {
        let file = file(sessionID)
        if FileManager.default.fileExists(atPath: file.path) {
            try FileManager.default.removeItem(at: file)
        }
    }

    private func file(_ sessionID: String) -> URL {
        folder.appendingPathComponent("\(sessionID).checkpoint")
    }
}
