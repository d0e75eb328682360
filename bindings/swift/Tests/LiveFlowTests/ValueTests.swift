import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

@Suite struct ValueTests {
    @Test func errorsSayWhatHappenedAndWhatToDo() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let unknown = "00000000-0000-4000-8000-000000000000"
        guard
            case .notFound(let context)? = await error({
                try await client.getSession(Flow.question, unknown)
            })
        else {
            Issue.record("there is no such session")
            return
        }
        #expect(context.httpStatus == 404)
        #expect(context.requestID != nil)
        #expect(!context.isRetryable)

        let wrong = try LiveFlowTests.client(of: simulator) { $0.apiKey = "wrong" }
        let refused = await error { try await wrong.getSessions(Flow.question) }
        guard case .authentication? = refused else {
            Issue.record("a wrong key is refused")
            return
        }
        #expect(refused?.localizedDescription.contains("wrong") == false)
        #expect(refused?.errorDescription == refused?.context.reason)
    }

    @Test func mistakesAreRefusedBeforeAnyRequest() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let notANumber: JSONValue = ["n": .number(JSONNumber(Double.nan))]
        for (argument, mistake) in [
            ("live_flow_id", await error { try await client.start("nonsense") }),
            ("session_id", await error { try await client.watch(Flow.question, "nonsense") }),
            ("inputs", await error { try await client.start(Flow.question, inputs: notANumber) }),
        ] {
            guard case .invalidRequest(_, argument?, _)? = mistake else {
                Issue.record("\(argument) must be refused, not \(String(describing: mistake))")
                continue
            }
        }
        #expect(try await simulator.journal()["requests"] == [])
    }

    @Test func waitingHasADeadlineOfItsOwn() async throws {
        let simulator = try await service()
        let live = try await client(of: simulator).start(Flow.question)
        for timeout in [0.05, 0, -1] {
            guard case .requestTimeout? = await error({ try await live.wait(timeout: timeout) })
            else {
                Issue.record("it must time out")
                continue
            }
        }
        guard case .invalidRequest? = await error({ try await live.wait(timeout: .nan) }) else {
            Issue.record("it is no number")
            return
        }
    }

    @Test func textFormsAreShortAndHoldNoAnswer() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        let session = try await client.run(Flow.question) { _ in "mine" }
        #expect("\(session)" == "Session(id: \(session.id), status: FINISHED, steps: 4)")
        let step = try #require(session.steps.first)
        #expect("\(step)" == "StepRun(id: \(step.id), name: start, status: FINISHED)")
        #expect("\(client)".contains(simulator.baseURL.absoluteString))
        #expect(!"\(client)".contains(simulator.apiKey))
        let live = try await client.start(Flow.question)
        #expect("\(live)" == "LiveSession(\(live.id))")
        let prompt = try await firstPrompt(live)
        #expect("\(prompt)" == "Prompt(runID: \(prompt.runID), round: 0, text: Budget?)")
        let failed = LiveFlowError.network(
            ErrorContext(reason: "no", httpStatus: 503, requestID: "r1", answer: "mine"))
        let checkpoint = StoredCheckpoint(sessionID: "s", number: 3, data: "mine")
        for text in ["\(failed)", String(reflecting: failed), "\(failed.context)", "\(checkpoint)"]
        {
            #expect(!text.contains("mine"))
        }
        #expect("\(failed.context)" == "no (status 503, request r1)")
    }

    @Test func numbersKeepTheirDigitsOnTheWayThereAndBack() async throws {
        let simulator = try await service()
        let inputs = try JSONValue(
            parsing: #"{"big":123456789012345678901234567890,"exact":0.10000000000000000001}"#)
        let session = try await client(of: simulator).createSession(Flow.question, inputs: inputs)
        #expect(session.inputs?.jsonText == inputs.jsonText)
        #expect(session.rawJSON["inputs"] == inputs)
    }

    @Test func theFiveCallsAndTheListThatStreams() async throws {
        let simulator = try await service()
        let client = try client(of: simulator)
        #expect(client.baseURL == simulator.baseURL)
        let one = try await client.createSession(Flow.question, inputs: ["n": 1])
        let two = try await client.createSession(Flow.question, inputs: ["n": 2])
        #expect(one.createdAt.map { abs($0.timeIntervalSinceNow) < 1e9 } == true)
        #expect(try await client.getSessions(Flow.question).map(\.id) == [one.id, two.id])
        var streamed: [String] = []
        for try await session in try client.iterSessions(Flow.question) {
            streamed.append(session.id)
        }
        #expect(streamed == [one.id, two.id])
        try await eventually("it asks") {
            try await client.getSession(Flow.question, one.id).status == .waitingForUserInput
        }
        let answered = try await client.addUserInput(Flow.question, one.id, "55")
        #expect(answered.transcript.first?.answer == "55")
        #expect(try await client.cancelSession(Flow.question, two.id).status == .failed)
    }

    @Test func logRecordsReachTheSinkWithoutTheKey() async throws {
        let records = Notes<LogRecord>()
        setLogSink(level: .trace, records.add)
        defer { setLogSink(nil) }
        let simulator = try await service()
        _ = try await client(of: simulator).run(Flow.question) { _ in "1" }
        try await eventually("something is logged") { !records.all.isEmpty }
        #expect(!records.all.contains { "\($0)".contains("simulator-key") })
        #expect(droppedLogRecords() >= 0)
    }
}
