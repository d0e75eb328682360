import Foundation
import LiveFlow
import LiveFlowTesting

/// Has processes of its own exit while the library is at work, and looks whether each ends well.
@main
struct ExitCheck {
    /// What a process is amid when it exits.
    enum Moment: String, CaseIterable {
        case polls, listener, stuckListener, handler, host, calls, main
    }

    static let flow = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"

    static func main() async throws {
        if let moment = CommandLine.arguments.dropFirst().first.flatMap(Moment.init) {
            try await leave(amid: moment)
            return
        }
        let times = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 10
        let simulator = try await Simulator.start(speed: 100)
        try await prepare(simulator)
        var failed = 0
        for moment in Moment.allCases {
            let problems = try await exits(times, amid: moment, simulator)
            failed += problems.isEmpty ? 0 : 1
            print("\(problems.isEmpty ? "ok  " : "FAIL") exit amid \(moment), \(times) times")
            for problem in Set(problems) { print("  \(problem)") }
        }
        print("\(Moment.allCases.count - failed) passed, \(failed) failed")
        simulator.stop()
        Foundation.exit(failed == 0 ? 0 : 1)
    }

    private static func prepare(_ simulator: Simulator) async throws {
        try await simulator.settings(["journal": ["requests": false]])
        try await simulator.uploadFlow([
            "id": .string(flow), "name": "One question", "ready_ms": 0,
            "steps": [
                ["name": "start", "type": "start", "transitions": [["to": "ask"]]],
                [
                    "name": "ask", "type": "input", "prompt": "Budget?",
                    "transitions": [["to": "end"]],
                ],
                ["name": "end", "type": "end", "result": "${ask.result}"],
            ],
        ])
    }

    /// What went wrong in so many exits, four at a time.
    private static func exits(
        _ times: Int, amid moment: Moment, _ simulator: Simulator
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            var problems: [String] = []
            for number in 0..<times {
                if number >= 4, let problem = try await group.next() ?? nil {
                    problems.append(problem)
                }
                group.addTask { try exit(amid: moment, simulator) }
            }
            for try await problem in group { if let problem { problems.append(problem) } }
            return problems
        }
    }

    private static func exit(amid moment: Moment, _ simulator: Simulator) throws -> String? {
        let process = Process()
        let errors = Pipe()
        process.executableURL = Bundle.main.executableURL
        process.arguments = [moment.rawValue]
        process.environment = [
            "TRUESTATE_HOST": simulator.baseURL.absoluteString,
            "TRUESTATE_API_KEY": simulator.apiKey,
        ]
        process.standardError = errors
        try process.run()
        // One that hangs is a failure, and ends too.
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + 60, execute: watchdog)
        let said = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        watchdog.cancel()
        guard process.terminationReason == .exit, process.terminationStatus == 0, said.isEmpty
        else { return "ended with \(process.terminationStatus): \(said.prefix(500))" }
        return nil
    }
}

/// A process that exits while something is under way.
extension ExitCheck {
    struct Slow: CredentialsProvider, CheckpointStore {
        private func wait() async throws { try await Task.sleep(nanoseconds: 1_000_000) }

        func headers(refused: Bool) async throws -> [String: String] {
            try await wait()
            return ["Api-key": ProcessInfo.processInfo.environment["TRUESTATE_API_KEY"] ?? ""]
        }

        func save(_ checkpoint: StoredCheckpoint) async throws { try await wait() }
        func load(sessionID: String) async throws -> StoredCheckpoint? { nil }
        func list() async throws -> [String] { [] }
        func delete(sessionID: String) async throws {}
    }

    private static func leave(amid moment: Moment) async throws {
        let client = try Client.fromEnvironment { configuration in
            configuration.polling.runningMin = 0.001
            configuration.polling.runningMax = 0.01
            configuration.polling.waitingMin = 0.001
            configuration.polling.waitingMax = 0.01
            if moment == .host {
                configuration.credentials = Slow()
                configuration.checkpointStore = Slow()
            }
        }
        if moment == .host { setLogSink(level: .trace) { _ in usleep(1000) } }
        if moment == .handler {
            _ = try await client.run(flow) { _ -> String? in Foundation.exit(0) }
        }
        var live: [LiveSession] = []
        for _ in 0..<4 { live.append(try await client.start(flow)) }
        var subscriptions: [Subscription] = []
        if moment == .listener || moment == .stuckListener {
            let pause: UInt32 = moment == .listener ? 1000 : 600_000_000
            for one in live { subscriptions.append(try one.subscribe { _ in usleep(pause) }) }
        }
        if moment == .calls {
            for one in live {
                Task { try await one.wait() }
                Task { for await _ in try one.events() {} }
                Task { try await client.getSessions(flow) }
            }
        }
        try await Task.sleep(nanoseconds: UInt64.random(in: 0...50_000_000))
        // By the end of `main`, everything that is not forgotten before it is still at work.
        if moment != .main { Foundation.exit(0) }
        withExtendedLifetime((client, live, subscriptions)) {}
    }
}
