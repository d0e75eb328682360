import Foundation
import LiveFlow

/// Everything that one scenario has in play: its service, clients, watches, consumers and names.
final class Stage: Sendable {
    let scenario: Scenario
    let service: Service
    let flow: String
    private let stores = Stores()
    private let cast = Guarded(Cast())
    /// Told the first failure of anything that runs beside the script.
    private let onFailure = Guarded<(@Sendable (Failure) -> Void)?>(nil)

    /// Who goes by which name.
    private struct Cast {
        var sessions: [String: SessionName] = [:]
        var clients: [String: Client] = [:]
        var watches: [String: Watch] = [:]
        var consumers: [String: Consumer] = [:]
        var checkpoints: [String: String] = [:]
        var marks: [String: Int] = [:]
        var begun: [String: Int] = [:]
        var done: [String: Int] = [:]
        var tasks: [Task<Void, Never>] = []
        var secrets: [String] = []
        /// Results and errors of actions, for the rules that look at everything that was shown.
        var shown: [JSONValue] = []
    }

    private enum SessionName {
        case id(String)
        /// The newest session of the service when the name is first needed.
        case newest
    }

    struct Watch: Sendable {
        let live: LiveSession
        let client: String
    }

    /// Sets everything up: the service, its sessions, and the client `main`.
    init(_ scenario: Scenario) async throws {
        self.scenario = scenario
        service = try await Service.start()
        flow = try await service.put(flow: scenario.flow)
        // Nothing moves by itself while sessions are brought where they should be.
        try await service.set(speed: 0.001)
        for session in scenario.sessions {
            for _ in 0..<(session.count ?? 1) {
                let id = try await service.prepare(flow, session)
                if session.count == nil { try name(session: session.name ?? "main", id) }
            }
        }
        try await service.set(speed: scenario.speed ?? 1)
        try await service.control("PUT", "settings", scenario.settings)
        try await add(faults: scenario.faults)
        try await service.control("DELETE", "journal")
        cast.with { $0.secrets.append(service.apiKey) }
        do {
            try newClient("main", [:])
        } catch let error as LiveFlowError {
            throw Failure.invalid("the client: \(error)")
        }
    }

    // MARK: Clients

    func newClient(_ name: String, _ config: JSONValue) throws {
        let made = try PlayerConfiguration(
            layers: [scenario.client, config], of: service, stores: stores)
        cast.with { $0.secrets += made.secrets }
        show([
            "configuration": .string(
                "\(made.configuration)\(String(reflecting: made.configuration))")
        ])
        try add(try Client(made.configuration), name, \.clients)
    }

    func client(_ name: String) throws -> Client { try get(name, \.clients, "client") }

    func closeClients() {
        for client in cast.with({ Array($0.clients.values) }) { client.close() }
    }

    // MARK: Sessions

    func name(session name: String, _ id: String) throws {
        try add(.id(id), name, \.sessions)
    }

    /// The name will stand for the session that is the newest when it is first needed.
    func name(newestSession name: String) throws {
        try add(.newest, name, \.sessions)
    }

    func session(_ name: String) async throws -> String {
        if case .id(let id) = try get(name, \.sessions, "session") { return id }
        while true {
            if let id = try await newestSession() {
                cast.with { $0.sessions[name] = .id(id) }
                return id
            }
            try await lookAgain()
        }
    }

    private func newestSession() async throws -> String? {
        try await service.journal()["sessions"]?.arrayValue?.last?["id"]?.stringValue
    }

    /// The names that patterns may use.
    func names() async throws -> Names {
        var names = Names(flow: flow)
        for (name, session) in cast.with({ $0.sessions }) {
            switch session {
            case .id(let id): names.sessions[name] = id
            // A `run` that never created its session has none: nothing fits its name.
            case .newest:
                if let id = try await newestSession() {
                    cast.with { $0.sessions[name] = .id(id) }
                    names.sessions[name] = id
                }
            }
        }
        return names
    }

    // MARK: Watches and consumers

    func add(watch name: String, _ watch: Watch) throws {
        try add(watch, name, \.watches)
    }

    func watch(_ name: String) throws -> Watch { try get(name, \.watches, "watch") }

    /// Callbacks of a client that was closed are not called any more.
    func closeConsumers(ofClient client: String) {
        for (name, watch) in cast.with({ $0.watches }) where watch.client == client {
            closeConsumers(ofWatch: name)
        }
    }

    func closeConsumers(ofWatch watch: String) {
        for consumer in consumers.values where consumer.watch == watch { consumer.close() }
    }

    func add(consumer name: String, _ consumer: Consumer) throws {
        try add(consumer, name, \.consumers)
    }

    func findConsumer(_ name: String) -> Consumer? { consumers[name] }

    func consumer(_ name: String) throws -> Consumer { try get(name, \.consumers, "consumer") }

    var consumers: [String: Consumer] { cast.with { $0.consumers } }

    // MARK: Checkpoints and marks

    func add(checkpoint name: String, _ text: String) throws {
        try add(text, name, \.checkpoints)
    }

    func checkpoint(_ name: String) throws -> String { try get(name, \.checkpoints, "checkpoint") }

    func add(mark name: String, _ number: Int) throws {
        try add(number, name, \.marks)
    }

    func mark(_ name: String) throws -> Int { try get(name, \.marks, "mark") }

    /// Adds faults, with ids of sessions in place of their names.
    func add(faults: [JSONValue]) async throws {
        var rules: [JSONValue] = []
        for fault in faults {
            var rule = fault.objectValue ?? [:]
            if let name = rule["session"]?.stringValue {
                rule["session"] = .string(try await session(name))
            }
            rules.append(rule.isEmpty ? fault : .object(rule))
        }
        try await service.control("POST", "faults", .array(rules))
    }

    // MARK: What runs beside the script

    func startInBackground(_ action: Action, _ here: Here) {
        let name = action.background ?? ""
        cast.with { $0.begun[name, default: 0] += 1 }
        keep(
            Task {
                await self.orFail { try await self.complete(action, here) }
                self.cast.with { $0.done[name, default: 0] += 1 }
            })
    }

    /// Waits for what was begun under this name so far; under any name, without one.
    func join(_ name: String?) async throws {
        let begun = cast.with { $0.begun.filter { name == nil || $0.key == name } }
        if let name, begun.isEmpty {
            throw Failure.invalid("nothing runs in the background as \(name)")
        }
        while !cast.with({ cast in begun.allSatisfy { cast.done[$0.key, default: 0] >= $0.value } })
        {
            try await lookAgain()
        }
    }

    func keep(_ task: Task<Void, Never>) {
        cast.with { $0.tasks.append(task) }
    }

    /// Ends everything that is left, the service last.
    func tearDown() {
        for task in cast.with({ $0.tasks }) { task.cancel() }
        closeClients()
        service.stop()
    }

    /// Does something whose failure fails the scenario.
    func orFail(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch let failure as Failure {
            fail(failure)
        } catch is CancellationError {
            // The scenario is over.
        } catch {
            fail(Failure(.action, "\(error)"))
        }
    }

    func fail(_ failure: Failure) {
        onFailure.with { $0 }?(failure)
    }

    func tellFailures(to told: @escaping @Sendable (Failure) -> Void) {
        onFailure.with { $0 = told }
    }

    // MARK: What was shown, for the rules

    func show(_ value: JSONValue) {
        cast.with { $0.shown.append(value) }
    }

    var shown: [JSONValue] { cast.with { $0.shown } }
    var secrets: [String] { cast.with { $0.secrets } }

    // MARK: Names are given once

    private func add<Value>(
        _ value: Value, _ name: String, _ all: WritableKeyPath<Cast, [String: Value]>
    ) throws {
        try cast.with { cast in
            guard cast[keyPath: all][name] == nil else {
                throw Failure.invalid("the name \"\(name)\" is given twice")
            }
            cast[keyPath: all][name] = value
        }
    }

    private func get<Value>(
        _ name: String, _ all: KeyPath<Cast, [String: Value]>, _ what: String
    ) throws -> Value {
        guard let value = cast.with({ $0[keyPath: all][name] }) else {
            throw Failure.invalid("there is no \(what) \"\(name)\" (yet)")
        }
        return value
    }
}
