import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

@MainActor
@Suite struct SessionModelTests {
    @Test func aSessionIsShownFromItsStartToItsEnd() async throws {
        let simulator = try await service()
        let model = SessionModel(client: try client(of: simulator))
        var phases: [SessionModel.Phase] = []
        model.onChange = { state in
            if phases.last != state.phase { phases.append(state.phase) }
        }
        #expect(model.state.phase == .idle)
        model.start(Flow.question, inputs: ["company": "ACME"])
        #expect(model.state.phase == .starting)
        try await eventually("it asks") { model.state.prompt != nil }
        let prompt = try #require(model.state.prompt)
        model.answer("77")
        #expect(model.state.isAnswering)
        try await eventually("it ends") { model.state.phase == .finished }
        try await eventually("the answer has arrived") { !model.state.isAnswering }
        #expect(model.state.session?.output == "Budget: 77")
        #expect(model.state.problem == nil)
        #expect(
            phases.filter { $0 != .idle }
                == [.starting, .running, .asking(prompt), .running, .finished])
    }

    @Test func anAnswerThatDidNotArriveIsHandedBack() async throws {
        let simulator = try await service()
        let model = SessionModel(client: try client(of: simulator))
        model.start(Flow.question)
        try await eventually("it asks") { model.state.prompt != nil }
        try await simulator.addFaults(
            [
                "on": "add_user_input",
                "fault": ["status": ["status": 422, "body": ["detail": "no"]]],
            ])
        model.answer("mine")
        try await eventually("it is handed back") { model.state.unsentAnswer == "mine" }
        #expect(model.state.problem != nil)
        #expect(!model.state.isAnswering)
    }

    @Test func aFlowThatIsNotThereIsAProblemInWords() async throws {
        let simulator = try await service()
        let model = SessionModel(client: try client(of: simulator))
        model.start("00000000-0000-4000-8000-000000000000")
        try await eventually("it says so") { model.state.problem != nil }
        #expect(model.state.phase == .stopped)
        #expect(model.state.problem?.context.reason.isEmpty == false)
    }

    @Test func theBackgroundStopsRequestsAndTheForegroundGoesOn() async throws {
        let simulator = try await service()
        let model = SessionModel(client: try client(of: simulator))
        model.start(Flow.question)
        try await eventually("it asks") { model.state.prompt != nil }
        let checkpoint = try #require(try model.enterBackground())
        let id = try #require(model.state.session?.id)
        try await simulator.answer(id, "elsewhere")
        try await Task.sleep(nanoseconds: 200_000_000)
        #expect(model.state.prompt != nil, "nothing was looked at")
        try model.enterForeground()
        try await eventually("it has ended") { model.state.phase == .finished }
        #expect(try model.enterBackground() == nil)

        let next = SessionModel(client: try client(of: simulator))
        next.restore(checkpoint)
        try await eventually("it is restored") { next.state.phase == .finished }
        #expect(next.state.session?.id == id)
    }

    @Test func cancellingEndsTheSessionAndStoppingOnlyTheView() async throws {
        let simulator = try await service()
        let model = SessionModel(client: try client(of: simulator))
        model.start(Flow.question)
        try await eventually("it asks") { model.state.prompt != nil }
        model.stop()
        #expect(model.state == .init())
        #expect(try await simulator.journal()["sessions"]?[0]?["cancelled"] == false)
        model.start(Flow.question)
        try await eventually("it asks") { model.state.prompt != nil }
        model.cancelSession()
        try await eventually("it has failed") { model.state.phase == .failed }
        #expect(model.state.problem != nil)
    }

    @Test func aModelThatIsGoneWatchesNoMore() async throws {
        let simulator = try await service()
        weak var gone: SessionModel?
        do {
            let model = SessionModel(client: try client(of: simulator))
            gone = model
            model.start(Flow.question)
            try await eventually("it asks") { model.state.prompt != nil }
        }
        try await eventually("it is gone") { gone == nil }
        try await Task.sleep(nanoseconds: 200_000_000)
        let before = try await simulator.journal()["requests"]?.arrayValue?.count
        try await Task.sleep(nanoseconds: 250_000_000)
        #expect(try await simulator.journal()["requests"]?.arrayValue?.count == before)
    }

    @Test func connectionsThatAreLostAndBackShow() {
        var state = SessionModel.State()
        let lost = LiveFlowError.network(ErrorContext(reason: "no network"))
        state.apply(.connectionLost(lost, retryIn: 1))
        #expect(state.isConnectionLost)
        #expect(state.problem == lost)
        state.apply(.connectionRestored)
        #expect(!state.isConnectionLost)
        #expect(state.problem == nil)
        state.apply(.watchEnded(.error(lost)))
        #expect(state.phase == .stopped)
        #expect(state.problem == lost)
    }
}
