import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

/// The simulator as an app's own tests use it.
@Suite struct SimulatorTests {
    @Test func itRunsItsBuiltInFlows() async throws {
        let simulator = try await Simulator.start(speed: 200)
        #expect(simulator.flows[Simulator.leadQualification] == "Lead qualification")
        #expect(simulator.flows[Simulator.companyResearch] != nil)
        #expect(simulator.flows[Simulator.contentModeration] != nil)
        let client = try simulator.client { $0.polling.runningMin = 0.01 }
        let asked = Notes<String?>()
        let session = try await client.run(Simulator.leadQualification) { prompt in
            asked.add(prompt.stepName)
            return "20000"
        }
        #expect(session.status == .finished)
        #expect(asked.all == ["ask_budget", "ask_timeline"])
        let failed = try await client.run(
            Simulator.contentModeration, inputs: ["text": "spam"], onPrompt: { _ in "yes" })
        #expect(failed.status == .failed)
    }

    @Test func itIsStartedAsItIsTold() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("flows-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Flow.oneQuestion().jsonText.utf8)
            .write(to: folder.appendingPathComponent("question.json"))
        let simulator = try await Simulator.start(
            speed: 100, flows: folder, seed: 7, apiKey: "another-key")
        #expect(simulator.apiKey == "another-key")
        #expect(simulator.flows[Flow.question] == "One question")
        let output = try await simulator.client().run(Flow.question) { _ in "1" }.output
        #expect(output == "Budget: 1")
    }

    @Test func faultsSettingsAndTheJournal() async throws {
        let simulator = try await service()
        let client = try client(of: simulator) { $0.timeouts.total = 0.5 }
        try await simulator.addFaults(
            ["on": "get_sessions", "fault": ["status": ["status": 503]]],
            ["on": "create_session", "fault": ["status": ["status": 403]]])
        #expect(await error { try await client.getSessions(Flow.question) } != nil)
        #expect(try await simulator.faults().count == 2)
        try await simulator.clearFaults()
        #expect(try await simulator.faults().isEmpty)
        let session = try await client.createSession(Flow.question)
        #expect(try await simulator.journal(session.id)["sessions"]?.arrayValue?.count == 1)
        try await simulator.clearJournal()
        #expect(try await simulator.journal()["requests"] == [])
        let settings = try await simulator.settings(["journal": ["requests": false]])
        #expect(settings["journal"]?["requests"] == false)
        try await simulator.reset()
        #expect(await error { try await client.getSession(Flow.question, session.id) } != nil)
    }

    @Test func timeStepsAndAnotherDevice() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        try await simulator.clock(speed: 0.001)
        let session = try await client.createSession(Simulator.companyResearch)
        try await simulator.advance(session.id)
        try await simulator.advance(session.id, fail: "by the test")
        let ended = try await client.getSession(Simulator.companyResearch, session.id)
        #expect(ended.status == .failed)
        #expect(ended.error == "by the test")
        let other = try await client.createSession(Simulator.companyResearch)
        try await simulator.clock(advance: 3600)
        let done = try await client.getSession(Simulator.companyResearch, other.id)
        #expect(done.status == .finished)
    }

    @Test func anOutageBeginsAndEnds() async throws {
        let simulator = try await service()
        let client = try client(of: simulator) { $0.timeouts.total = 0.5 }
        for outage in [Simulator.Outage.refuse, .reset] {
            try await simulator.beginOutage(outage)
            try await simulator.dropConnections(.close)
            #expect(
                await error { try await client.getSessions(Flow.question) }?.isRetryable == true)
            try await simulator.endOutage()
            #expect(try await client.getSessions(Flow.question).isEmpty)
        }
    }

    @Test func whatItRefusesIsAnErrorInWords() async throws {
        let simulator = try await service()
        await #expect(throws: SimulatorError.self) {
            try await simulator.control("GET", "nonsense")
        }
        await #expect(throws: SimulatorError.self) { try await simulator.uploadFlow(["name": "x"]) }
        await #expect(throws: SimulatorError.self) {
            try await Simulator.start(program: URL(fileURLWithPath: "/nowhere"))
        }
        await #expect(throws: SimulatorError.self) {
            try await Simulator.start(options: ["--no-such-option"])
        }
    }

    @Test func itEndsWhenItIsForgotten() async throws {
        let address: URL
        do {
            let simulator = try await service()
            address = simulator.baseURL
        }
        let client = try Client(configuration(at: address))
        try await eventually("it listens no more") {
            if case .network? = await error({ try await client.getSessions(Flow.question) }) {
                true
            } else {
                false
            }
        }
    }

    private func configuration(at address: URL) -> Configuration {
        var configuration = Configuration(apiKey: "simulator-key")
        configuration.baseURL = address
        configuration.proxy = .direct
        configuration.timeouts.total = 0.2
        return configuration
    }
}
