import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

/// What callbacks may do to the library: never return, call back in, end what they belong to.
@Suite struct CallbackTests {
    @Test func anEventCallbackThatNeverReturnsHoldsUpNeitherCancellingNorClosing() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let stuck = DispatchSemaphore(value: 0)
        let calls = Notes<SessionEvent>()
        let run = Task {
            try await client.run(
                Flow.question,
                onEvent: { event in
                    calls.add(event)
                    stuck.wait()
                }, onPrompt: { _ in "1" })
        }
        try await eventually("it is called") { !calls.all.isEmpty }
        #expect(try await client.run(Flow.question) { _ in "2" }.output == "Budget: 2")
        let (result, took) = await seconds { () -> Result<Session, any Error> in
            run.cancel()
            return await run.result
        }
        #expect(throws: CancellationError.self) { try result.get() }
        let (_, tookToClose) = await seconds { client.close() }
        #expect(took < 5)
        #expect(tookToClose < 5)
        stuck.signal()
        try await Task.sleep(nanoseconds: 50_000_000)
        #expect(calls.all.count == 1, "it is called no more")
    }

    @Test func aHandlerThatIsCancelledByItselfIsAFailureLikeAnyOther() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        await #expect(throws: CancellationError.self) {
            try await client.run(Flow.question) { _ -> String? in throw CancellationError() }
        }
        #expect(!Task.isCancelled)
    }

    @Test func aHandlerMayRunASessionOfItsOwn() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let session = try await client.run(Flow.question) { _ -> String? in
            let inner = try await client.run(Flow.question) { _ in "7" }
            return inner.output?.stringValue
        }
        #expect(session.output == "Budget: Budget: 7")
    }

    @Test func anAnswerThatTheServiceRefusesReachesTheCallerWithItsText() async throws {
        let simulator = try await service()
        try await simulator.addFaults(
            [
                "on": "add_user_input",
                "fault": ["status": ["status": 422, "body": ["detail": "no"]]],
            ]
        )
        let client = try client(of: simulator)
        let refused = await error { try await client.run(Flow.question) { _ in "mine" } }
        guard case .invalidRequest(let context, _, _)? = refused else {
            Issue.record("it must be refused, not \(String(describing: refused))")
            return
        }
        #expect(context.answer == "mine")
    }

    @Test func aListenerMayCallBackInAndAnswer() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let problems = Notes<String>()
        let subscription = try live.subscribe { event in
            try live.pollNow()
            _ = try live.checkpoint()
            if try live.snapshot() == nil { problems.add("there is no snapshot") }
            if case .promptRequested(let prompt) = event {
                Task { try await live.answer(prompt, "8") }
            }
        }
        #expect(try await live.wait(timeout: 10).output == "Budget: 8")
        #expect(problems.all.isEmpty)
        subscription.cancel()
    }

    @Test func aListenerMayCancelItselfAndCloseItsWatch() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        for closing in [false, true] {
            let live = try await client.start(Flow.question)
            let calls = Notes<SessionEvent>()
            let own = Box<Subscription>()
            own.value = try live.subscribe { event in
                // It may be told before it is known by name.
                guard let subscription = own.value else { return }
                calls.add(event)
                if closing { live.close() } else { subscription.cancel() }
            }
            try live.pollNow()
            let other = try await client.watch(Flow.question, live.id)
            try await other.answer(firstPrompt(other), "3")
            _ = try await other.wait(timeout: 10)
            try await eventually("it is called") { !calls.all.isEmpty }
            try await Task.sleep(nanoseconds: 50_000_000)
            #expect(calls.all.count == 1)
            own.value = nil
        }
    }

    @Test func theLastOfAClientMayBeForgottenInItsOwnCallback() async throws {
        let simulator = try await service()
        let own = Box<(LiveSession, Subscription)>()
        let told = Notes<String>()
        do {
            let live = try await client(of: simulator).start(Flow.question)
            let subscription = try live.subscribe { _ in
                own.value = nil
                told.add("forgotten")
            }
            own.value = (live, subscription)
            try live.pollNow()
        }
        // The first event may have come before there was anything to forget.
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        try? await simulator.answer(id, "1")
        try await eventually("it is called") { !told.all.isEmpty && own.value == nil }
    }

    @Test func credentialsAndStoreMayCallAnotherClient() async throws {
        struct Asking: CredentialsProvider, CheckpointStore {
            let other: Client
            let saved = Notes<UInt64>()

            func headers(refused: Bool) async throws -> [String: String] {
                _ = try await other.getSessions(Flow.question)
                return ["Api-key": "simulator-key"]
            }

            func save(_ checkpoint: StoredCheckpoint) async throws {
                _ = try await other.getSession(Flow.question, checkpoint.sessionID)
                saved.add(checkpoint.number)
            }

            func load(sessionID: String) async throws -> StoredCheckpoint? { nil }
            func list() async throws -> [String] { [] }
            func delete(sessionID: String) async throws {}
        }
        let simulator = try await service()
        let asking = Asking(other: try client(of: simulator))
        let client = try client(of: simulator) {
            $0.credentials = asking
            $0.checkpointStore = asking
        }
        #expect(try await client.run(Flow.question) { _ in "4" }.output == "Budget: 4")
        #expect(!asking.saved.all.isEmpty)
    }

    @Test func aStoreThatNeverReturnsEndsWithTheClientAndHandsTheAnswerBack() async throws {
        struct Endless: CheckpointStore {
            let stuck = Stuck()
            let asked = Notes<UInt64>()

            func save(_ checkpoint: StoredCheckpoint) async throws {
                asked.add(checkpoint.number)
                await stuck.wait()
            }

            func load(sessionID: String) async throws -> StoredCheckpoint? { nil }
            func list() async throws -> [String] { [] }
            func delete(sessionID: String) async throws {}
        }
        let simulator = try await service()
        let store = Endless()
        let client = try client(of: simulator) { $0.checkpointStore = store }
        let live = try await client.start(Flow.question)
        let prompt = try await firstPrompt(live)
        let answer = Task { try await live.answer(prompt, "5") }
        try await eventually("it is asked") { !store.asked.all.isEmpty }
        try await Task.sleep(nanoseconds: 50_000_000)
        let (_, took) = await seconds { client.close() }
        let ended = await error { try await answer.value }
        #expect(took < 5)
        #expect(ended.isClosed)
        #expect(ended?.answer == "5")
        // Nothing was sent that was not stored.
        #expect(try await simulator.journal()["sessions"]?[0]?["inputs"] == [])
        store.stuck.release()
    }

    @Test func aStoreThatCannotListFailsTheRestoring() async throws {
        let simulator = try await service()
        let client = try client(of: simulator) { $0.checkpointStore = HostTests.Full() }
        guard case .handlerFailed? = await error({ try await client.restoreAll() }) else {
            Issue.record("it must fail")
            return
        }
    }
}

/// A place that threads share.
final class Box<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Value?

    var value: Value? {
        get { lock.withLock { held } }
        set {
            let old = lock.withLock { () -> Value? in
                defer { held = newValue }
                return held
            }
            // What it held is forgotten outside the lock.
            withExtendedLifetime(old) {}
        }
    }
}
