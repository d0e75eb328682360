import Foundation
import LiveFlow
import LiveFlowTesting

#if canImport(Glibc)
    import Glibc
#endif

#if os(Linux)
    // The C library has it, Swift's module of it does not.
    @_silgen_name("malloc_trim") private func mallocTrim(_ keep: Int) -> Int32
#endif

/// Runs many sessions, with everything that crosses the boundary, and looks whether memory grows.
@main
struct LeakCheck {
    static let flow = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"

    static func main() async throws {
        #if os(Linux)
            let sessions = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 2_400
            let check = LeakCheck(simulator: try await Simulator.start(speed: 1000))
            try await check.prepare()
            // What is allocated once is there after some of them.
            try await check.run(max(800, sessions / 10))
            let before = memory()
            try await check.run(sessions)
            let each = (memory() - before) / sessions
            // The allocator's own noise, which does not grow with their number, and a little for each.
            let limit = 150 + 3_500_000 / sessions
            let isFlat = each <= limit
            print("leak check: \(sessions) sessions, \(each) bytes each, at most \(limit)")
            print(isFlat ? "1 passed, 0 failed" : "0 passed, 1 failed")
            exit(isFlat ? 0 : 1)
        #else
            print("the leak check reads /proc, which only Linux has")
        #endif
    }

    let simulator: Simulator

    func prepare() async throws {
        try await simulator.settings(["journal": ["requests": false]])
        try await simulator.uploadFlow(
            [
                "id": .string(Self.flow), "name": "One question", "ready_ms": 0,
                "steps": [
                    ["name": "start", "type": "start", "transitions": [["to": "ask"]]],
                    [
                        "name": "ask", "type": "input", "prompt": "Budget?",
                        "transitions": [["to": "end"]],
                    ],
                    ["name": "end", "type": "end", "result": "Budget: ${ask.result}"],
                ],
            ])
    }

    /// Runs so many sessions, eight at the same time, with a new client for each two hundred: a
    /// client remembers the ids of its own sessions.
    func run(_ sessions: Int) async throws {
        for begin in stride(from: 0, to: sessions, by: 200) {
            let client = try client()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in begin..<min(begin + 200, sessions) {
                    if number - begin >= 8 { try await group.next() }
                    group.addTask {
                        if number % 2 == 0 {
                            try await throughRun(client)
                        } else {
                            try await throughEvents(client)
                        }
                    }
                }
                try await group.waitForAll()
            }
            client.close()
        }
    }

    private func client() throws -> Client {
        struct Key: CredentialsProvider {
            let key: String
            func headers(refused: Bool) async throws -> [String: String] { ["Api-key": key] }
        }
        var configuration = simulator.configuration
        configuration.credentials = Key(key: simulator.apiKey)
        configuration.polling.runningMin = 0.001
        configuration.polling.runningMax = 0.01
        configuration.polling.waitingMin = 0.005
        configuration.polling.waitingMax = 0.01
        return try Client(configuration)
    }

    private func throughRun(_ client: Client) async throws {
        let session = try await client.run(Self.flow, inputs: ["n": 1], onEvent: { _ in }) { _ in
            "20000"
        }
        precondition(session.status == .finished)
    }

    private func throughEvents(_ client: Client) async throws {
        let live = try await client.start(Self.flow)
        let subscription = try live.subscribe { _ in }
        // A pull and a call that are given up.
        let pull = Task { while try await live.nextEvent() != nil {} }
        let waiting = Task { try await live.wait() }
        for await event in try live.events() {
            if case .promptRequested(let prompt) = event {
                pull.cancel()
                waiting.cancel()
                try await live.answer(prompt, "1")
            }
        }
        _ = try live.checkpoint()
        _ = try? await client.start("nonsense")
        subscription.cancel()
    }

    #if os(Linux)
        /// The memory that this process has for itself, in bytes.
        private static func memory() -> Int {
            _ = mallocTrim(0)
            let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
                .split(separator: " ").compactMap { Int($0) }
            return (pages.map { $0[1] - $0[2] } ?? 0) * Int(getpagesize())
        }
    #endif
}
