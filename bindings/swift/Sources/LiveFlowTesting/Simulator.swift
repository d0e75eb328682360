#if os(macOS) || os(Linux)
    import Foundation
    import LiveFlow

    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// A local Live Flow service for your own tests, as a process of its own.
    ///
    /// ```swift
    /// let simulator = try await Simulator.start(speed: 100)
    /// let client = try Client(simulator.configuration)
    /// ```
    ///
    /// It needs the program `liveflow-simulator`: at the place that the environment variable
    /// `LIVEFLOW_SIMULATOR` says, or on the path. It stops when it is forgotten, and with the tests'
    /// own process.
    public final class Simulator: Sendable {
        /// Where the service listens.
        public let baseURL: URL
        /// Where control requests are answered even during an outage.
        public let controlURL: URL
        /// The one key that is accepted.
        public let apiKey: String
        private let process: RunningProcess

        /// Starts it on a free port.
        ///
        /// - Parameters:
        ///   - speed: Service time runs so many times as fast as real time.
        ///   - options: Further options of the program.
        ///   - program: Where the program is, if not at the usual places.
        public static func start(
            speed: Double = 1, options: [String] = [], program: URL? = nil
        ) async throws -> Simulator {
            guard let program = program ?? find() else {
                throw SimulatorError(
                    problem: "liveflow-simulator is not on the path; set LIVEFLOW_SIMULATOR")
            }
            let process = try RunningProcess(
                program, ["--exit-with-stdin", "--quiet", "--speed", "\(speed)"] + options)
            let line = await process.firstLine()
            return try Simulator(process, announced: line)
        }

        private init(_ process: RunningProcess, announced line: String) throws {
            guard let announced = try? JSONValue(parsing: line),
                let baseURL = announced["base_url"]?.stringValue.flatMap(URL.init(string:)),
                let controlURL = announced["control_url"]?.stringValue.flatMap(URL.init(string:)),
                let apiKey = announced["api_key"]?.stringValue
            else {
                process.stop()
                throw SimulatorError(problem: "liveflow-simulator did not start: \(line)")
            }
            self.process = process
            self.baseURL = baseURL
            self.controlURL = controlURL
            self.apiKey = apiKey
        }

        deinit {
            process.stop()
        }

        /// Stops it.
        public func stop() {
            process.stop()
        }

        /// The settings of a client that talks to it.
        public var configuration: Configuration {
            var configuration = Configuration(apiKey: apiKey)
            configuration.baseURL = baseURL
            configuration.proxy = .direct
            configuration.requestsPerSecond = 0
            return configuration
        }

        // MARK: Control

        /// A control request, as the simulator's README describes them: `path` is what follows
        /// `/_simulator/`.
        @discardableResult
        public func control(
            _ method: String, _ path: String, _ body: JSONValue? = nil
        ) async throws -> JSONValue {
            guard let url = URL(string: "/_simulator/\(path)", relativeTo: controlURL) else {
                throw SimulatorError(problem: "\(path) is no path")
            }
            let answer = try await send(method, url, body, key: nil)
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
            guard let url = URL(string: path, relativeTo: baseURL) else {
                throw SimulatorError(problem: "\(path) is no path")
            }
            return try await send(method, url, body, key: apiKey)
        }

        /// Adds a flow, or replaces the one of this id.
        public func putFlow(_ id: String, _ flow: JSONValue) async throws {
            try await control("PUT", "flows/\(id)", flow)
        }

        /// Everything that arrived: the sessions with their answers, and every request.
        public func journal() async throws -> JSONValue {
            try await control("GET", "journal")
        }

        /// Adds fault rules.
        public func addFaults(_ rules: JSONValue) async throws {
            try await control("POST", "faults", rules)
        }

        /// Finishes the current step of a session now, or has it fail with this text.
        public func advance(_ sessionID: String, fail: String? = nil) async throws {
            try await control(
                "POST", "sessions/\(sessionID)/advance", fail.map { ["fail": .string($0)] })
        }

        /// Has another device answer a session's open prompt.
        public func answer(_ sessionID: String, _ answer: JSONValue) async throws {
            try await control("POST", "sessions/\(sessionID)/answer", ["answer": answer])
        }

        private func send(
            _ method: String, _ url: URL, _ body: JSONValue?, key: String?
        ) async throws -> (status: Int, body: JSONValue) {
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

        private static let session = URLSession(configuration: .ephemeral)

        private static func find() -> URL? {
            let environment = ProcessInfo.processInfo.environment
            if let place = environment["LIVEFLOW_SIMULATOR"] { return URL(fileURLWithPath: place) }
            return (environment["PATH"] ?? "").split(separator: ":")
                .map { URL(fileURLWithPath: "\($0)/liveflow-simulator") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        }
    }

    /// The simulator could not be started, or refused a control request.
    public struct SimulatorError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What went wrong.
        public let problem: String
        public var description: String { problem }
    }

    /// A process that ends when its standard input does.
    private final class RunningProcess: @unchecked Sendable {
        // `Process` is not `Sendable`; it is only touched in `init` and, under the lock, in `stop`.
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()
        private let lock = NSLock()

        init(_ program: URL, _ arguments: [String]) throws {
            process.executableURL = program
            process.arguments = arguments
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        func firstLine() async -> String {
            await withCheckedContinuation { done in
                DispatchQueue.global().async { [output] in
                    var line = Data()
                    while line.last != UInt8(ascii: "\n") {
                        let more = output.fileHandleForReading.availableData
                        if more.isEmpty { break }
                        line += more
                    }
                    done.resume(returning: String(decoding: line, as: UTF8.self))
                }
            }
        }

        func stop() {
            lock.lock()
            defer { lock.unlock() }
            try? input.fileHandleForWriting.close()
            if process.isRunning { process.terminate() }
        }
    }
#endif
