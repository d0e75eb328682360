import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

/// The ready-made checkpoint store.
@Suite struct FileStoreTests {
    let id = "11111111-2222-3333-4444-555555555555"
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("liveflow-\(UUID().uuidString)")

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path)
    }

    @Test func whatIsSavedIsThereForTheNextProgram() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let before = try FileCheckpointStore(folder: folder)
        #expect(try await before.list() == [])
        #expect(try await before.load(sessionID: id) == nil)
        try await before.save(StoredCheckpoint(sessionID: id, number: 1, data: "old"))
        let newest = StoredCheckpoint(sessionID: id, number: 2, data: "new")
        try await before.save(newest)
        let after = try FileCheckpointStore(folder: folder)
        #expect(try await after.list() == [id])
        #expect(try await after.load(sessionID: id) == newest)
        let file = folder.appendingPathComponent(try #require(try names().first))
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        try await after.delete(sessionID: id)
        try await after.delete(sessionID: id)
        #expect(try names() == [])
    }

    @Test func whatIsDamagedHidesNothingElse() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try FileCheckpointStore(folder: folder)
        try await store.save(StoredCheckpoint(sessionID: id, number: 1, data: "fine"))
        let damaged = folder.appendingPathComponent("session-x.checkpoint")
        try Data("{".utf8).write(to: damaged)
        #expect(try await store.list() == [id])
        guard
            case .handlerFailed(let context)? = await error({
                _ = try await store.load(sessionID: "x")
            })
        else {
            Issue.record("it must fail")
            return
        }
        #expect(context.reason.contains("damaged"))
    }

    @Test func aFolderThatCannotBeUsedIsAMistakeOfTheConfiguration() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data().write(to: folder)
        guard
            case .configuration(_, let setting)? = await error({
                _ = try FileCheckpointStore(folder: folder)
            })
        else {
            Issue.record("it must fail")
            return
        }
        #expect(setting == "checkpoint_store")
    }

    @Test func aSessionGoesOnFromItsFileAfterARestart() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let simulator = try await service()
        let store = try FileCheckpointStore(folder: folder)
        let before = try client(of: simulator) { $0.checkpointStore = store }
        let live = try await before.start(Flow.question)
        let prompt = try await firstPrompt(live)
        try await eventually("it is stored") { (try? await store.list()) == [live.id] }
        before.close()

        let after = try client(of: simulator) { $0.checkpointStore = store }
        let restored = try #require(try await after.restoreAll().first)
        #expect(restored.id == live.id)
        try await restored.answer(prompt, "6")
        #expect(try await restored.wait(timeout: 10).output == "Budget: 6")
        try await eventually("its file is gone") { (try? await store.list()) == [] }
    }
}
