import Foundation
import LiveFlow
import LiveFlowTesting

/// The local service that a scenario is played against.
struct Service: Sendable {
    private let simulator: Simulator

    static func start() async throws -> Service {
        do {
            return Service(simulator: try await Simulator.start())
        } catch {
            throw Failure.invalid("the local service: \(error)")
        }
    }

    var baseURL: URL { simulator.baseURL }
    var apiKey: String { simulator.apiKey }

    func stop() {
        simulator.stop()
    }

    /// Makes sure of the flow, and gives its id.
    func put(flow: JSONValue) async throws -> String {
        if let name = flow.stringValue {
            let shipped = [
                "lead-qualification": "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe",
                "company-research": "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11",
                "content-moderation": "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64",
            ]
            guard let id = shipped[name] else {
                throw Failure.invalid("no flow \(name) is shipped")
            }
            return id
        }
        let id = flow["id"]?.stringValue ?? "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"
        try await control("PUT", "flows/\(id)", flow)
        return id
    }

    /// Makes a session out of band and brings it where it should be.
    func prepare(_ flow: String, _ session: PreparedSession) async throws -> String {
        let created = try await simulator.request(
            "POST", "/live_flows/\(flow)/sessions/", ["inputs": session.inputs]
        ).body
        guard let id = created["id"]?.stringValue else {
            throw Failure.invalid("a session was not created: \(created)")
        }
        var answers = session.answers[...]
        while true {
            let status = try await status(id)
            if status == session.until { return id }
            switch status {
            case _ where session.until == .failed && !status.isEnd:
                try await advance(id, fail: "failed by the scenario")
            case .ready where session.until != .ready, .running where session.until != .ready:
                try await advance(id, fail: nil)
            case .waiting where !answers.isEmpty:
                try await answer(id, .string(answers.removeFirst()))
            default:
                throw Failure.invalid("a session is \(status), not \(session.until)")
            }
        }
    }

    /// A session's status, whatever the status words.
    func status(_ session: String) async throws -> ServiceStatus {
        let journal = try await control("GET", "journal?session=\(session)")
        guard
            let status = (journal["sessions"]?[0]?["status"]?.stringValue)
                .flatMap(ServiceStatus.init)
        else { throw Failure.invalid("the service has no session \(session)") }
        return status
    }

    func set(speed: Double) async throws {
        try await control("PUT", "clock", ["speed": .number(JSONNumber(speed))])
    }

    func journal() async throws -> JSONValue {
        try await control("GET", "journal")
    }

    func advance(_ session: String, fail: String?) async throws {
        try await control(
            "POST", "sessions/\(session)/advance", fail.map { ["fail": .string($0)] })
    }

    func answer(_ session: String, _ answer: JSONValue) async throws {
        try await control("POST", "sessions/\(session)/answer", ["answer": answer])
    }

    @discardableResult
    func control(
        _ method: String, _ path: String, _ body: JSONValue? = nil
    ) async throws -> JSONValue {
        do {
            return try await simulator.control(method, path, body)
        } catch let error as SimulatorError {
            throw Failure.invalid(error.problem)
        }
    }
}
