import LiveFlow
import LiveFlowTesting
import Testing

@Suite struct RunTests {
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
        #expect(events.all.last == .finished(session))
        let journal = try await simulator.journal()
        #expect(journal["sessions"]?[0]?["inputs"]?.arrayValue?.count == 1)
        #expect(journal["sessions"]?[0]?["inputs_at_create"] == ["company": "ACME"])
    }
}
