import Foundation
import LiveFlow

/// What came of an action: its result in its form, or its error in the form `error`.
enum Came {
    case result(JSONValue)
    case error(JSONValue)

    /// A result of the SDK as what came of an action.
    init(_ work: () async throws -> JSONValue) async throws {
        do {
            self = .result(try await work())
        } catch let error as LiveFlowError {
            self = .error(form(error))
        } catch let raised as Raised {
            self = .error(raised.form)
        }
    }
}

/// The event that is reacted to.
struct Here: Sendable {
    var watch: String?
    var prompt: Prompt?

    func watch(_ action: Action) -> String { action.text("watch") ?? watch ?? "main" }
}

extension Stage {
    /// Carries out an action, or starts it where it is to run in the background.
    func perform(_ action: Action, _ here: Here) async throws {
        if action.background != nil { return startInBackground(action, here) }
        try await complete(action, here)
    }

    func complete(_ action: Action, _ here: Here) async throws {
        let begun = Date()
        let came = try await Came { try await self.carryOut(action, here) }
        let took = Date().timeIntervalSince(begun) * 1000
        switch came {
        case .result(let result): show(["result": result])
        case .error(let error): show(["error": error])
        }
        try judge(action, came, took, try await names())
    }

    private func judge(_ action: Action, _ came: Came, _ took: Double, _ names: Names) throws {
        func failed(_ how: String) -> Failure { Failure(.action, "\(action.written)\n  \(how)") }
        switch (came, action.expect?.result, action.expect?.error) {
        case (.result(let result), let pattern?, _) where !fits(pattern, result, names):
            throw failed("came out as \(result)")
        case (.result(let result), _, _?):
            throw failed("raised no error; its result is \(result)")
        case (.error(let error), _, let pattern?) where !fits(pattern, error, names):
            throw failed("raised \(error)")
        case (.error(let error), _, nil): throw failed("raised \(error)")
        default: break
        }
        let least = Double(action.expect?.atLeast ?? 0)
        let most = action.expect?.atMost.map(Double.init) ?? .infinity
        guard (least...most).contains(took.rounded(.down)) else {
            throw failed("took \(Int(took)) ms")
        }
    }

    private func carryOut(_ action: Action, _ here: Here) async throws -> JSONValue {
        switch action.kind {
        case "sleep": try await sleep(milliseconds: action.count("ms") ?? 0)
        case "wait_for": while !(try await hasComeAbout(action)) { try await lookAgain() }
        case "await_end":
            while !(findConsumer(action.name("consumer"))?.hasEnded ?? false) {
                try await lookAgain()
            }
        case "join": try await join(action.text("background"))
        case "mark":
            // What is on its way arrives.
            try await sleep(milliseconds: 50)
            let newest = try await service.journal()["requests"]?.arrayValue?.last
            try add(mark: action.name("name"), newest?["number"]?.intValue ?? 0)
        case "raise": throw action.mistake("only a callback raises")
        case "answer_elsewhere":
            try await service.answer(session(action.name("session")), action.answerJSON)
        case "advance":
            try await service.advance(session(action.name("session")), fail: action.text("fail"))
        case "add_faults": try await add(faults: action.json("faults")?.arrayValue ?? [])
        case "clear_faults": try await service.control("DELETE", "faults")
        case "settings": try await service.control("PUT", "settings", action.object("settings"))
        case "clock":
            try await service.control("PUT", "clock", members(action, "speed", "advance_ms"))
        case "drop_connections":
            try await service.control("POST", "drop_connections", members(action, "how"))
        case "outage":
            var outage = members(action, "how", "for_ms").objectValue ?? [:]
            outage["accept"] = false
            try await service.control("PUT", "listening", .object(outage))
        case "end_outage": try await service.control("PUT", "listening", ["accept": true])
        default:
            if let result = try await callClient(action) { return result }
            return try await useWatch(action, here)
        }
        return .null
    }

    private func members(_ action: Action, _ names: String...) -> JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: names.compactMap { name in
                    action.json(name).map { (name, $0) }
                }))
    }

    private func hasComeAbout(_ action: Action) async throws -> Bool {
        if let pattern = action.json("event") {
            guard let consumer = findConsumer(action.name("consumer")) else { return false }
            let names = try await names()
            let count = consumer.events.count { fits(pattern, $0, names) }
            return count >= action.count("nth") ?? 1
        }
        if let status = action.text("session_is") {
            return try await service.status(session(action.name("session"))).rawValue == status
        }
        let wanted = try WantedRequests(action.object("requests"), scenario.forms)
        let after = try wanted.after.map(mark) ?? 0
        let requests = try await service.journal()["requests"]?.arrayValue ?? []
        let names = try await names()
        let count = requests.count { request in
            (request["number"]?.intValue ?? 0) > after && fits(wanted.filter, request, names)
        }
        return count >= wanted.atLeast
    }
}
