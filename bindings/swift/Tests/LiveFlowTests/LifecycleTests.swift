import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

@Suite struct LifecycleTests {
    /// How many requests have arrived so far.
    func requests(_ simulator: Simulator) async throws -> Int {
        try await simulator.journal()["requests"]?.arrayValue?.last?["number"]?.intValue ?? 0
    }

    /// Fails if any request arrives in a quarter of a second.
    func expectSilence(_ simulator: Simulator) async throws {
        // What was on the wire arrives.
        try await Task.sleep(nanoseconds: 200_000_000)
        let before = try await requests(simulator)
        try await Task.sleep(nanoseconds: 250_000_000)
        #expect(try await requests(simulator) == before)
    }

    @Test func closeEndsStreamsWaitsAndRequests() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let live = try await client.start(Flow.question)
        let prompt = try await firstPrompt(live)
        let waiting = Task { try await live.wait() }
        let events = try live.events()
        let loop = Task { () -> SessionEvent? in
            var last: SessionEvent?
            for await event in events { last = event }
            return last
        }
        let calls = Notes<SessionEvent>()
        let subscription = try live.subscribe(calls.add)
        try await eventually("it is called") { !calls.all.isEmpty }
        client.close()
        let called = calls.all.count
        #expect(await loop.value == .watchEnded(.closed))
        #expect(await error { try await waiting.value }.isClosed)
        let refused = await error { try await live.answer(prompt, "1") }
        #expect(refused.isClosed)
        #expect(refused?.answer == "1")
        #expect(await error { try await client.getSessions(Flow.question) }.isClosed)
        try await expectSilence(simulator)
        #expect(calls.all.count == called)
        subscription.cancel()
        client.close()
    }

    @Test func closingOneWatchLeavesTheOthers() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let one = try await client.start(Flow.question)
        let other = try await client.start(Flow.question)
        one.close()
        try await other.answer(firstPrompt(other), "2")
        #expect(try await other.wait(timeout: 10).output == "Budget: 2")
        #expect(await error { try await one.wait() }.isClosed)
    }

    @Test func forgettingEverythingLeavesNothingRunning() async throws {
        let simulator = try await service()
        do {
            let live = try await client(of: simulator).start(Flow.question)
            _ = try await firstPrompt(live)
            // A pull that was given up must not hold on to anything.
            let pull = Task { [live] in
                while try await live.nextEvent() != nil {}
            }
            try await Task.sleep(nanoseconds: 50_000_000)
            pull.cancel()
            _ = await pull.result
        }
        try await expectSilence(simulator)
    }

    @Test func aSessionKeepsItsClientAndAStreamItsSession() async throws {
        let simulator = try await service()
        let events: SessionEvents
        do {
            let live = try await client(of: simulator).start(Flow.question)
            events = try live.events()
        }
        let id = try #require(try await simulator.journal()["sessions"]?[0]?["id"]?.stringValue)
        var asked = false
        for await event in events {
            if case .promptRequested = event {
                asked = true
                try await simulator.answer(id, "4")
            }
            if event.isTerminal, case .finished(let session) = event {
                #expect(session.output == "Budget: 4")
            }
        }
        #expect(asked)
    }

    @Test func suspendAndResumeKeepTheirOrder() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let live = try await client.start(Flow.question)
        _ = try await firstPrompt(live)
        for _ in 0..<200 {
            try client.suspend()
            try client.resume()
        }
        let before = try await requests(simulator)
        try await eventually("it goes on") { try await self.requests(simulator) > before }
        for _ in 0..<200 {
            try client.resume()
            try client.suspend()
        }
        try await expectSilence(simulator)
        try await simulator.answer(live.id, "8")
        try client.resume()
        #expect(try await live.wait(timeout: 10).output == "Budget: 8")
    }

    @Test func aCancelledCallReturnsAtOnce() async throws {
        let simulator = try await service()
        try await simulator.addFaults(["on": "get_session", "fault": "hold"])
        let client = try client(of: simulator)
        let session = try await client.createSession(Flow.question)
        let call = Task { try await client.getSession(Flow.question, session.id) }
        try await Task.sleep(nanoseconds: 100_000_000)
        let (result, took) = await seconds { () -> Result<Session, any Error> in
            call.cancel()
            return await call.result
        }
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(took < 5)
    }

    @Test func aCallInACancelledTaskSendsNothing() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let call = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.createSession(Flow.question)
        }
        await #expect(throws: CancellationError.self) { try await call.value }
        #expect(try await simulator.journal()["sessions"] == [])
    }

    @Test func cancellingEndsTheSessionAtTheService() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        _ = try await firstPrompt(live)
        #expect(try await live.cancel().status == .failed)
        #expect(try await simulator.journal()["sessions"]?[0]?["cancelled"] == true)
        let session = try await live.wait()
        guard case .sessionFailed(let context)? = await error({ try session.requireOutput() })
        else {
            Issue.record("a failed session has no output")
            return
        }
        #expect(context.detail == "Session cancelled")
    }
}
