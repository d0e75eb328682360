import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

@Suite struct EventTests {
    @Test func aStreamTellsTheStoryAndEndsWithTheTerminalEvent() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        var told: [SessionEvent] = []
        for await event in try live.events() {
            told.append(event)
            if case .promptRequested(let prompt) = event { try await live.answer(prompt, "12") }
        }
        let prompts = told.filter {
            if case .promptRequested = $0 { true } else { false }
        }
        #expect(prompts.count == 1)
        let end = try live.snapshot()
        #expect(told.last == end.map(SessionEvent.finished))
        #expect(told.filter(\.isTerminal).count == 1)
        #expect(try await live.wait() == end)
        #expect(live.liveFlowID == Flow.question)
    }

    @Test func cancellingTheTaskEndsTheLoopAtOnce() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let told = Notes<SessionEvent>()
        let events = try live.events()
        let loop = Task { for await event in events { told.add(event) } }
        try await eventually("it is asked") {
            told.all.contains { if case .promptRequested = $0 { true } else { false } }
        }
        let (_, took) = await seconds {
            loop.cancel()
            await loop.value
        }
        #expect(took < 5)
    }

    @Test func aCancelledPullLosesNoEvent() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let told = Notes<SessionEvent>()
        var cancelled = 0
        while !(told.all.last?.isTerminal ?? false) {
            let pull = Task { try await live.nextEvent() }
            try await Task.sleep(nanoseconds: UInt64.random(in: 0...3_000_000))
            pull.cancel()
            do {
                let event = try #require(try await pull.value)
                told.add(event)
                if case .promptRequested(let prompt) = event {
                    // Meanwhile there is nothing to pull, so that pulls are cancelled for sure.
                    Task {
                        try await Task.sleep(nanoseconds: 30_000_000)
                        try await live.answer(prompt, "1")
                    }
                }
            } catch is CancellationError {
                cancelled += 1
            }
        }
        #expect(cancelled > 0)
        #expect(try await live.nextEvent() == nil)
        let kinds = told.all.map { event in
            switch event {
            case .statusChanged(_, let current): "\(current)"
            case .stepChanged(let step): "\(step.name ?? "") \(step.status)"
            case .promptRequested: "requested"
            case .promptClosed(_, let reason): "closed \(reason)"
            default: "end"
            }
        }
        for kind in ["requested", "closed answered", "ask finished", "end finished"] {
            #expect(kinds.count { $0 == kind } == 1, "\(kind) in \(kinds)")
        }
    }

    @Test func eachStreamHasItsOwnPlaceAndAllPullersShareOne() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let prompt = try await firstPrompt(live)
        let again = try await firstPrompt(live)
        #expect(prompt == again)
        #expect(prompt.id == again.id)
        try await live.answer(prompt, .text("3"))
        let pulled = Notes<SessionEvent>()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while let event = try? await live.nextEvent() { pulled.add(event) }
                }
            }
        }
        #expect(pulled.all.filter(\.isTerminal).count == 1)
    }

    @Test func aListenerIsToldInOrderAndWhatItThrowsEndsNothing() async throws {
        struct Broken: Error {}
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let told = Notes<SessionEvent>()
        let subscription = try live.subscribe { event in
            told.add(event)
            throw Broken()
        }
        try await live.answer(firstPrompt(live), "3")
        try await eventually("it is told the end") { told.all.last?.isTerminal ?? false }
        var pulled: [SessionEvent] = []
        for await event in try live.events() { pulled.append(event) }
        #expect(told.all.last == pulled.last)
        subscription.cancel()
    }

    @Test func aListenerThatBlocksDelaysOnlyItself() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let stuck = DispatchSemaphore(value: 0)
        let calls = Notes<SessionEvent>()
        let subscription = try live.subscribe { event in
            calls.add(event)
            stuck.wait()
        }
        try await eventually("it is called") { !calls.all.isEmpty }
        try await live.answer(firstPrompt(live), "3")
        #expect(try await live.wait(timeout: 10).status == .finished)
        #expect(calls.all.count == 1)
        let (_, took) = await seconds { subscription.cancel() }
        #expect(took < 5)
        stuck.signal()
        try await Task.sleep(nanoseconds: 50_000_000)
        #expect(calls.all.count == 1, "it is called no more")
    }

    @Test func forgettingASubscriptionEndsIt() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        let calls = Notes<SessionEvent>()
        do {
            let subscription = try live.subscribe(calls.add)
            try await eventually("it is called") { !calls.all.isEmpty }
            withExtendedLifetime(subscription) {}
        }
        let before = calls.all.count
        try await live.answer(firstPrompt(live), "3")
        _ = try await live.wait(timeout: 10)
        try await Task.sleep(nanoseconds: 50_000_000)
        // One may have been under way.
        #expect(calls.all.count <= before + 1)
        #expect(calls.all.filter(\.isTerminal).isEmpty)
    }
}

/// The prompt that a session asks first.
func firstPrompt(_ live: LiveSession) async throws -> Prompt {
    for await event in try live.events() {
        if case .promptRequested(let prompt) = event { return prompt }
    }
    throw SimulatorGaveNoPrompt()
}

struct SimulatorGaveNoPrompt: Error {}
