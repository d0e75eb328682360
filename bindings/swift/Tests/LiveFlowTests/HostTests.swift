import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

/// What the library asks of the app: credentials, and a place for checkpoints.
@Suite struct HostTests {
    struct Tokens: CredentialsProvider {
        let asked = Notes<Bool>()

        func headers(refused: Bool) async throws -> [String: String] {
            asked.add(refused)
            try await Task.sleep(nanoseconds: 1_000_000)
            return ["Api-key": refused ? "simulator-key" : "stale"]
        }
    }

    actor Memory: CheckpointStore {
        private(set) var kept: [String: StoredCheckpoint] = [:]

        func save(_ checkpoint: StoredCheckpoint) async throws {
            kept[checkpoint.sessionID] = checkpoint
        }

        func load(sessionID: String) async throws -> StoredCheckpoint? { kept[sessionID] }
        func list() async throws -> [String] { kept.keys.sorted() }
        func delete(sessionID: String) async throws { kept[sessionID] = nil }
    }

    struct Full: CheckpointStore, Error, LocalizedError {
        var errorDescription: String? { "the disk is full" }
        func save(_ checkpoint: StoredCheckpoint) async throws { throw self }
        func load(sessionID: String) async throws -> StoredCheckpoint? { throw self }
        func list() async throws -> [String] { throw self }
        func delete(sessionID: String) async throws { throw self }
    }

    @Test func credentialsAreAskedForAgainWhenTheyAreRefused() async throws {
        let simulator = try await service()
        let tokens = Tokens()
        let client = try client(of: simulator) {
            $0.apiKey = ""
            $0.credentials = tokens
        }
        #expect(try await client.createSession(Flow.question).liveFlowID == Flow.question)
        #expect(tokens.asked.all == [false, true])
    }

    @Test func credentialsThatThrowFailTheCallInTheirOwnWords() async throws {
        struct NoToken: CredentialsProvider, Error, LocalizedError {
            var errorDescription: String? { "please log in" }
            func headers(refused: Bool) async throws -> [String: String] { throw self }
        }
        let simulator = try await service()
        let client = try client(of: simulator) { $0.credentials = NoToken() }
        guard
            case .handlerFailed(let context)? = await error({
                try await client.createSession(Flow.question)
            })
        else {
            Issue.record("the call must fail")
            return
        }
        #expect(context.detail == "please log in")
    }

    @Test func credentialsThatNeverComeEndWithTheClient() async throws {
        struct Endless: CredentialsProvider {
            let told = Notes<String>()
            func headers(refused: Bool) async throws -> [String: String] {
                told.add("asked")
                defer { told.add("ended") }
                try await Task.sleep(nanoseconds: 60_000_000_000)
                return [:]
            }
        }
        let endless = Endless()
        let simulator = try await service()
        let client = try client(of: simulator) { $0.credentials = endless }
        let call = Task { try await client.createSession(Flow.question) }
        try await eventually("it is asked") { endless.told.all == ["asked"] }
        client.close()
        let ended = await error { try await call.value }
        #expect(ended.isClosed, "\(String(describing: ended)) \(ended?.context.detail ?? "")")
        try await eventually("it is cancelled") { endless.told.all == ["asked", "ended"] }
    }

    @Test func aSessionGoesOnFromTheStoreAfterARestart() async throws {
        let simulator = try await service()
        let store = Memory()
        let before = try client(of: simulator) { $0.checkpointStore = store }
        let live = try await before.start(Flow.question)
        let prompt = try await firstPrompt(live)
        try await eventually("it is stored") { await store.kept[live.id] != nil }
        before.close()

        let after = try client(of: simulator) { $0.checkpointStore = store }
        let restored = try #require(try await after.restoreAll().first)
        #expect(restored.id == live.id)
        #expect(try await firstPrompt(restored) == prompt)
        try await restored.answer(prompt, "6")
        #expect(try await restored.wait(timeout: 10).output == "Budget: 6")
    }

    @Test func aCheckpointIsTextThatRestores() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let live = try await client.start(Flow.question)
        let prompt = try await firstPrompt(live)
        let text = try live.checkpoint()
        live.close()
        let restored = try await client.restore(text)
        #expect(try await firstPrompt(restored) == prompt)
    }

    @Test func nothingIsSentThatCouldNotBeStored() async throws {
        let simulator = try await service()
        let client = try client(of: simulator) { $0.checkpointStore = Full() }
        let live = try await client.start(Flow.question)
        let prompt = try await firstPrompt(live)
        guard
            case .handlerFailed(let context)? = await error({
                try await live.answer(prompt, "6")
            })
        else {
            Issue.record("the answer must fail")
            return
        }
        #expect(context.reason.contains("the disk is full"))
        #expect(context.answer == "6")
        let sessions = try await simulator.journal()["sessions"]
        #expect(sessions?[0]?["inputs"] == [])
    }
}
