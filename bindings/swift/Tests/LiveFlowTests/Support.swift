import Foundation
import LiveFlow
import LiveFlowTesting
import Testing

/// The flows of these tests.
enum Flow {
    static let question = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"

    /// One question; its step takes ten minutes after the answer if `thenWorks`.
    static func oneQuestion() -> JSONValue {
        [
            "id": .string(question), "name": "One question", "ready_ms": 0,
            "steps": [
                ["name": "start", "type": "start", "transitions": [["to": "ask"]]],
                [
                    "name": "ask", "type": "input", "prompt": ["type": "text", "text": "Budget?"],
                    "transitions": [["to": "work"]],
                ],
                [
                    "name": "work", "type": "tool", "duration_ms": 0,
                    "transitions": [["to": "end"]],
                ],
                ["name": "end", "type": "end", "result": "Budget: ${ask.result}"],
            ],
        ]
    }
}

/// A service of a test's own, with the flow of one question.
func service() async throws -> Simulator {
    let simulator = try await Simulator.start(speed: 100)
    try await simulator.uploadFlow(Flow.oneQuestion())
    return simulator
}

/// A client for tests: quick to look, quick to give up.
func client(
    of simulator: Simulator, _ change: (inout Configuration) -> Void = { _ in }
) throws -> Client {
    var configuration = simulator.configuration
    configuration.polling.runningMin = 0.01
    configuration.polling.runningMax = 0.05
    configuration.polling.waitingMin = 0.02
    configuration.polling.waitingMax = 0.1
    configuration.retry.initialBackoff = 0.02
    configuration.retry.maxBackoff = 0.1
    change(&configuration)
    return try Client(configuration)
}

/// What threads of the library tell a test.
final class Notes<Note: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var notes: [Note] = []

    func add(_ note: Note) {
        lock.withLock { notes.append(note) }
    }

    var all: [Note] { lock.withLock { notes } }
}

/// Waits until it holds, and fails the test if that takes too long.
func eventually(
    _ what: Comment, within seconds: Double = 10, location: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation, _ holds: () async throws -> Bool
) async throws {
    let end = Date().addingTimeInterval(seconds)
    while Date() < end {
        if try await holds() { return }
        try await Task.sleep(nanoseconds: 5_000_000)
    }
    Issue.record(what, sourceLocation: location)
}

/// How long something took, in seconds.
func seconds<Result>(_ work: () async throws -> Result) async rethrows -> (Result, Double) {
    let begun = Date()
    let result = try await work()
    return (result, Date().timeIntervalSince(begun))
}

/// The error of the package that something throws, if it does.
func error<Value>(_ work: () async throws -> Value) async -> LiveFlowError? {
    do {
        _ = try await work()
        return nil
    } catch {
        return error as? LiveFlowError
    }
}

extension LiveFlowError? {
    /// Whether it says that a client or a watch was closed.
    var isClosed: Bool {
        if case .closed? = self { true } else { false }
    }
}
