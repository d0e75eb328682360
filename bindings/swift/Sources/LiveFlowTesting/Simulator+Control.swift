#if os(macOS) || os(Linux)
    import Foundation
    import LiveFlow

    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// Control: what a test tells the service, and asks it.
    extension Simulator {
        /// What it saw: `requests`, and `sessions` with the `inputs` that took effect.
        public func journal(_ sessionID: String? = nil) async throws -> JSONValue {
            try await control("GET", sessionID.map { "journal?session=\($0)" } ?? "journal")
        }

        /// Forgets what it saw. Sessions stay.
        public func clearJournal() async throws {
            try await control("DELETE", "journal")
        }

        /// Has requests fail as these rules say.
        public func addFaults(_ rules: JSONValue...) async throws {
            try await control("POST", "faults", .array(rules))
        }

        /// The rules, and how often each was seen and fired.
        public func faults() async throws -> [JSONValue] {
            try await control("GET", "faults").arrayValue ?? []
        }

        /// Has no more requests fail.
        public func clearFaults() async throws {
            try await control("DELETE", "faults")
        }

        /// Adds a flow, or replaces it for new sessions. Its `id` is in it.
        ///
        /// - Returns: The id.
        @discardableResult
        public func uploadFlow(_ flow: JSONValue) async throws -> String {
            guard let id = flow["id"]?.stringValue else {
                throw SimulatorError(problem: "the flow has no id")
            }
            try await control("PUT", "flows/\(id)", flow)
            return id
        }

        /// Changes how it behaves where the real service is undocumented.
        ///
        /// - Returns: All settings.
        @discardableResult
        public func settings(_ changes: JSONValue) async throws -> JSONValue {
            try await control("PUT", "settings", changes)
        }

        /// Has another device answer a session's open prompt.
        public func answer(_ sessionID: String, _ answer: JSONValue) async throws {
            try await control("POST", "sessions/\(sessionID)/answer", ["answer": answer])
        }

        /// Finishes the current step of a session now, or has it fail with this text.
        public func advance(_ sessionID: String, fail: String? = nil) async throws {
            try await control(
                "POST", "sessions/\(sessionID)/advance", fail.map { ["fail": .string($0)] })
        }

        /// Changes the speed of time, or lets time jump ahead by so many seconds.
        public func clock(speed: Double? = nil, advance: TimeInterval? = nil) async throws {
            var changes: [String: JSONValue] = [:]
            changes["speed"] = speed.map { .number(JSONNumber($0)) }
            changes["advance_ms"] = advance.map { .number(JSONNumber($0 * 1000)) }
            try await control("PUT", "clock", .object(changes))
        }

        /// How connections end that are dropped.
        public enum Drop: String, Sendable, Hashable {
            /// With a reset.
            case reset
            /// In good order.
            case close
        }

        /// Drops all connections.
        public func dropConnections(_ how: Drop = .reset) async throws {
            try await control("POST", "drop_connections", ["how": .string(how.rawValue)])
        }

        /// What happens to connections during an outage.
        public enum Outage: String, Sendable, Hashable {
            /// They are refused.
            case refuse
            /// They are reset.
            case reset
        }

        /// Begins an outage: until ``endOutage()``, or for so many seconds.
        public func beginOutage(
            _ how: Outage = .refuse, for seconds: TimeInterval? = nil
        ) async throws {
            var body: [String: JSONValue] = ["accept": false, "how": .string(how.rawValue)]
            body["for_ms"] = seconds.map { .number(JSONNumber(Int($0 * 1000))) }
            try await control("PUT", "listening", .object(body))
        }

        /// Ends an outage.
        public func endOutage() async throws {
            try await control("PUT", "listening", ["accept": true])
        }

        /// Forgets everything but how it was started.
        public func reset() async throws {
            try await control("POST", "reset")
        }

        /// A control request, as the simulator's page describes them: `path` is what follows
        /// `/_simulator/`.
        ///
        /// - Throws: ``SimulatorError`` if it was refused.
        @discardableResult
        public func control(
            _ method: String, _ path: String, _ body: JSONValue? = nil
        ) async throws -> JSONValue {
            let answer = try await send(method, "/_simulator/\(path)", at: controlURL, body)
            guard (200..<300).contains(answer.status) else {
                throw SimulatorError(
                    problem: "the simulator refused \(path): \(answer.status) \(answer.body)")
            }
            return answer.body
        }

        /// A request to the service itself, past any client.
        public func request(
            _ method: String, _ path: String, _ body: JSONValue? = nil
        ) async throws -> (status: Int, body: JSONValue) {
            try await send(method, path, at: baseURL, body, key: apiKey)
        }

        private func send(
            _ method: String, _ path: String, at place: URL, _ body: JSONValue?, key: String? = nil
        ) async throws -> (status: Int, body: JSONValue) {
            guard let url = URL(string: path, relativeTo: place) else {
                throw SimulatorError(problem: "\(path) is no path")
            }
            var request = URLRequest(url: url)
            request.httpMethod = method
            request.setValue(key, forHTTPHeaderField: "Api-key")
            if let body {
                request.httpBody = Data(body.jsonText.utf8)
                request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            }
            let (data, response) = try await Self.session.data(for: request)
            let text = String(decoding: data, as: UTF8.self)
            let status = (response as? HTTPURLResponse)?.statusCode ?? 0
            return (status, (try? JSONValue(parsing: text)) ?? .string(text))
        }

        private static let session: URLSession = {
            let configuration = URLSessionConfiguration.ephemeral
            // The system's proxy has no business with a service on this machine.
            configuration.connectionProxyDictionary = [:]
            return URLSession(configuration: configuration)
        }()
    }
#endif
