import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

@Suite struct RunTests {
    struct Refusal: Error, Equatable {}

    @Test func aQuestionIsAnsweredOnceAndTheSessionComesBack() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let events = Notes<SessionEvent>()
        let session = try await client.run(
            Flow.question, inputs: ["company": "ACME"], onEvent: events.add
        ) { prompt in
            #expect(prompt.text == "Budget?")
            return "20000"
        }
        #expect(session.status == .finished)
        #expect(session.output == "Budget: 20000")
        #expect(session.progress.fraction == 1)
        #expect(session.transcript.map(\.answer) == ["20000"])
        #expect(events.all.last == .finished(session))
        let journal = try await simulator.journal()
        #expect(journal["sessions"]?[0]?["inputs"]?.arrayValue?.count == 1)
        #expect(journal["sessions"]?[0]?["inputs_at_create"] == ["company": "ACME"])
    }

    @Test func anAnswerMayBeJSON() async throws {
        let simulator = try await service()
        try await simulator.settings(["add_user_input": ["json_answers": true]])
        let session = try await client(of: simulator).run(Flow.question) { _ in
            .json(["amount": 20000])
        }
        #expect(session.steps.first { $0.name == "ask" }?.userInput == ["amount": 20000])
    }

    @Test @MainActor func aHandlerMayBelongToTheMainActor() async throws {
        @MainActor final class Screen {
            var asked: [String] = []
            func ask(_ prompt: Prompt) async -> String? {
                asked.append(prompt.text)
                return "5"
            }
        }
        let screen = Screen()
        let simulator = try await service()
        let session = try await client(of: simulator).run(
            Flow.question, onPrompt: { prompt -> String? in await screen.ask(prompt) })
        #expect(session.output == "Budget: 5")
        #expect(screen.asked == ["Budget?"])
    }

    @Test func whatAHandlerThrowsReachesTheCallerAndTheSessionGoesOn() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        await #expect(throws: Refusal()) {
            try await client.run(Flow.question) { _ -> String? in throw Refusal() }
        }
        let journal = try await simulator.journal()
        #expect(journal["sessions"]?[0]?["status"] == "waiting")
    }

    @Test func whatAnEventCallbackThrowsReachesTheCaller() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        await #expect(throws: Refusal()) {
            try await client.run(
                Flow.question, onEvent: { _ in throw Refusal() }, onPrompt: { _ in "7" })
        }
    }

    @Test func noAnswerKeepsWatchingUntilSomebodyElseAnswers() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let asked = Notes<Prompt>()
        async let session = client.run(Flow.question) { prompt -> String? in
            asked.add(prompt)
            return nil
        }
        try await eventually("it is asked") { !asked.all.isEmpty }
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        try await simulator.answer(id, "9")
        #expect(try await session.output == "Budget: 9")
        #expect(asked.all.count == 1)
    }

    @Test func aHandlersDialogueEndsWhenAnotherDeviceAnswers() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let told = Notes<String>()
        async let session = client.run(Flow.question) { _ -> String? in
            told.add("asked")
            do {
                try await Task.sleep(nanoseconds: 60_000_000_000)
            } catch {
                told.add("cancelled")
                throw error
            }
            return "too late"
        }
        try await eventually("it is asked") { told.all == ["asked"] }
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        try await simulator.answer(id, "9")
        #expect(try await session.output == "Budget: 9")
        try await eventually("the dialogue is cancelled") { told.all == ["asked", "cancelled"] }
    }

    @Test func cancellingTheTaskStopsTheWatchingAtOnceAndTheHandlerToo() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let told = Notes<String>()
        let run = Task {
            try await client.run(Flow.question) { _ -> String? in
                told.add("asked")
                defer { told.add("ended") }
                try await Task.sleep(nanoseconds: 60_000_000_000)
                return nil
            }
        }
        try await eventually("it is asked") { !told.all.isEmpty }
        let (result, took) = await seconds { () -> Result<Session, any Error> in
            run.cancel()
            return await run.result
        }
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(took < 5)
        try await eventually("the handler ends") { told.all == ["asked", "ended"] }
        let journal = try await simulator.journal()
        #expect(journal["sessions"]?[0]?["status"] == "waiting")
        #expect(journal["sessions"]?[0]?["cancelled"] == false)
    }

    @Test func aHandlerThatNeverReturnsHoldsNobodyElseUp() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let asked = Notes<Prompt>()
        let stuck = Stuck()
        async let session = client.run(Flow.question) { prompt -> String? in
            asked.add(prompt)
            // Does not even look whether it is cancelled.
            await stuck.wait()
            return "too late"
        }
        try await eventually("it is asked") { !asked.all.isEmpty }
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        try await simulator.answer(id, "9")
        #expect(try await session.output == "Budget: 9")
        #expect(try await client.run(Flow.question) { _ in "1" }.output == "Budget: 1")
        let (_, took) = await seconds { client.close() }
        #expect(took < 5)
        stuck.release()
    }

    @Test func aHandlerThatTakesTooLongLeavesThePromptOpen() async throws {
        let simulator = try await service()
        let client = try client(of: simulator) { $0.handlerTimeout = 1 }
        let told = Notes<String>()
        async let session = client.run(Flow.question) { _ -> String? in
            defer { told.add("ended") }
            try await Task.sleep(nanoseconds: 60_000_000_000)
            return "too late"
        }
        try await eventually("the handler is cancelled") { told.all == ["ended"] }
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        try await simulator.answer(id, "9")
        #expect(try await session.output == "Budget: 9")
    }

    @Test func callbacksMayCallBackIn() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let seen = Notes<SessionStatus>()
        let session = try await client.run(
            Flow.question, onEvent: { _ in try client.networkChanged() },
            onPrompt: { _ -> String? in
                let all = try await client.getSessions(Flow.question)
                for session in all { seen.add(session.status) }
                return "3"
            })
        #expect(session.output == "Budget: 3")
        #expect(seen.all == [.waitingForUserInput])
    }

    @Test func aCallbackMayCloseTheClient() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let events = Notes<SessionEvent>()
        let closed = await error {
            try await client.run(
                Flow.question,
                onEvent: { event in
                    events.add(event)
                    client.close()
                }, onPrompt: { _ in "7" })
        }
        #expect(closed.isClosed)
        #expect(events.all.count == 1)
    }

    @Test func aHandlerAndAListenerMayBeTypesWithDefaults() async throws {
        struct Silent: PromptHandler {}
        struct Counting: SessionListener {
            let finished = Notes<Session>()
            func onFinished(_ session: Session) throws { finished.add(session) }
        }
        let simulator = try await service()
        let client = try client(of: simulator)
        let listener = Counting()
        let research = try await client.run(
            Simulator.companyResearch, handler: Silent(), listener: listener)
        #expect(research.status == .finished)
        #expect(listener.finished.all == [research])
    }
}

/// Something that nothing but `release` ends.
final class Stuck: @unchecked Sendable {
    private let lock = NSLock()
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        await withCheckedContinuation { waiter in lock.withLock { waiters.append(waiter) } }
    }

    func release() {
        for waiter in lock.withLock({ waiters }) { waiter.resume() }
    }
}
