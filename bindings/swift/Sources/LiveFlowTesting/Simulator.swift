#if os(macOS) || os(Linux)
    import Foundation
    import LiveFlow

    /// A local Live Flow service for your own tests, as a process of its own.
    ///
    /// ```swift
    /// let simulator = try await Simulator.start(speed: 100)
    /// let client = try simulator.client()
    /// let session = try await client.run(Simulator.leadQualification) { _ in "20000" }
    /// ```
    ///
    /// It needs the program `liveflow-simulator`: at the place that the environment variable
    /// `LIVEFLOW_SIMULATOR` says, or on the path. It stops when it is forgotten, and with the tests'
    /// own process, however that ends. What flows, faults and settings look like, the simulator's own
    /// page says.
    public final class Simulator: Sendable {
        /// The built-in flow that asks two questions, `ask_budget` and `ask_timeline`.
        public static let leadQualification = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
        /// The built-in flow that asks nothing.
        public static let companyResearch = "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11"
        /// The built-in flow that fails for `spam`, asks about `sell`, and approves the rest.
        public static let contentModeration = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64"

        /// Where the service listens.
        public let baseURL: URL
        /// Where control requests are answered even during an outage.
        public let controlURL: URL
        /// The one key that is accepted.
        public let apiKey: String
        /// The names of its flows, by their ids.
        public let flows: [String: String]
        private let process: RunningProcess

        /// How long it may take until it says where it listens.
        private static let patience: TimeInterval = 20

        /// Starts it on a free port.
        ///
        /// - Parameters:
        ///   - speed: How many times as fast as real time sessions go.
        ///   - flows: A folder of further flow files.
        ///   - seed: Seeds random durations and faults.
        ///   - apiKey: The one key that it accepts.
        ///   - options: Further options of the program.
        ///   - program: Where the program is, if not at the usual places.
        /// - Throws: ``SimulatorError`` if it was not found, or did not start.
        public static func start(
            speed: Double = 1, flows: URL? = nil, seed: UInt64 = 0,
            apiKey: String = "simulator-key", options: [String] = [], program: URL? = nil
        ) async throws -> Simulator {
            guard let program = program ?? find() else {
                throw SimulatorError(
                    problem: "liveflow-simulator is not on the path; set LIVEFLOW_SIMULATOR")
            }
            var arguments = ["--port", "0", "--exit-with-stdin", "--quiet"]
            arguments += ["--speed", "\(speed)", "--seed", "\(seed)", "--api-key", apiKey]
            if let flows { arguments += ["--flows", flows.path] }
            let process: RunningProcess
            do {
                process = try RunningProcess(program, arguments + options)
            } catch {
                throw SimulatorError(problem: "\(program.path) cannot be started: \(error)")
            }
            // One that says nothing is ended, and so is the reading of its first line.
            let watchdog = Task {
                try await Task.sleep(nanoseconds: UInt64(patience * 1e9))
                process.stop()
            }
            defer { watchdog.cancel() }
            return try Simulator(process, announced: await process.firstLine())
        }

        private init(_ process: RunningProcess, announced line: String) throws {
            guard let announced = try? JSONValue(parsing: line),
                let baseURL = announced["base_url"]?.stringValue.flatMap(URL.init(string:)),
                let controlURL = announced["control_url"]?.stringValue.flatMap(URL.init(string:)),
                let apiKey = announced["api_key"]?.stringValue
            else {
                process.stop()
                throw SimulatorError(
                    problem: "liveflow-simulator did not start; see its messages. \(line)")
            }
            self.process = process
            self.baseURL = baseURL
            self.controlURL = controlURL
            self.apiKey = apiKey
            flows = Dictionary(
                (announced["flows"]?.arrayValue ?? []).compactMap { flow in
                    flow["id"]?.stringValue.map { ($0, flow["name"]?.stringValue ?? "") }
                }, uniquingKeysWith: { _, later in later })
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
            // The system's proxy has no business with a service on this machine.
            configuration.proxy = .direct
            configuration.requestsPerSecond = 0
            return configuration
        }

        /// A client that talks to it.
        ///
        /// - Parameter change: Changes its settings before they are used.
        public func client(_ change: (inout Configuration) -> Void = { _ in }) throws -> Client {
            var configuration = configuration
            change(&configuration)
            return try Client(configuration)
        }

        private static func find() -> URL? {
            let environment = ProcessInfo.processInfo.environment
            if let place = environment["LIVEFLOW_SIMULATOR"] { return URL(fileURLWithPath: place) }
            return (environment["PATH"] ?? "").split(separator: ":")
                .map { URL(fileURLWithPath: "\($0)/liveflow-simulator") }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        }
    }

    /// The simulator could not be found or started, or it refused a request.
    public struct SimulatorError: Error, Sendable, Hashable, CustomStringConvertible {
        /// What went wrong.
        public let problem: String
        /// What went wrong.
        public var description: String { problem }
    }
#endif
