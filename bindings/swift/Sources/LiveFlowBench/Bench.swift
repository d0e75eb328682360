import Foundation
import LiveFlow
import LiveFlowBoundary

/// What crossing the boundary costs in Swift, and what the hand-written layer adds to it.
@main
struct Bench {
    static let flow = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
    static let session = "00000000-0000-4000-8000-00000000feed"

    static func main() async throws {
        let words = CommandLine.arguments
        func given(_ name: String) -> String? {
            words.firstIndex(of: name).map { words[$0 + 1] }
        }
        let base = given("--base")!
        let figures =
            if let questions = given("--questions").flatMap(Int.init) {
                try await answer(base, questions)
            } else {
                try await cross(base, given("--seconds").flatMap(Double.init) ?? 2)
            }
        let json = try JSONSerialization.data(withJSONObject: figures, options: [.sortedKeys])
        print(String(decoding: json, as: UTF8.self))
        exit(0)
    }

    static func cross(_ base: String, _ seconds: Double) async throws -> [String: Double] {
        var configuration = Configuration(apiKey: "key")
        configuration.baseURL = URL(string: base)
        configuration.polling.runningMin = 3600
        configuration.polling.runningMax = 3600
        let client = try Client(configuration)
        let live = try await client.watch(flow, session)
        let core = try await native(base)
        while try live.snapshot() == nil || core.snapshot() == nil {
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        let events = try pullNative(core)
        let calls = max(1, Int(7_000 * seconds))
        let few = max(1, calls / 10 / events)

        var figures = try await nanoseconds(
            calls, [("empty", { _ = LiveFlowBoundary.droppedLogRecords() })])
        figures.merge(
            try await nanoseconds(
                calls / 10,
                [
                    ("call_native", { _ = try core.checkpoint() }),
                    ("call", { _ = try live.checkpoint() }),
                ])
        ) { $1 }
        figures.merge(
            try await nanoseconds(
                few,
                [
                    ("session_native", { _ = try core.snapshot() }),
                    ("session", { _ = try live.snapshot() }),
                ])
        ) { $1 }
        let told = try await nanoseconds(
            few,
            [
                ("pull_native", { _ = try pullNative(core) }),
                ("pull", { try await pull(live, events) }),
                ("callback_native", { try listenNative(core, events) }),
                ("callback", { try listen(live, events) }),
            ])
        figures.merge(told.mapValues { $0 / Double(events) }) { $1 }
        figures["events"] = Double(events)
        return figures
    }

    /// The CPU time of one call of each: they take turns, and the least disturbed turn counts.
    static func nanoseconds(
        _ count: Int, _ functions: [(String, () async throws -> Void)]
    ) async throws -> [String: Double] {
        var best: [String: Double] = [:]
        for _ in 0..<30 {
            for (name, function) in functions {
                let begun = cpuNanoseconds()
                for _ in 0..<count { try await function() }
                let each = Double(cpuNanoseconds() - begun) / Double(count)
                best[name] = min(best[name] ?? .infinity, each)
            }
        }
        return best
    }

    static func cpuNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    /// The same session, watched by the generated code alone.
    static func native(_ base: String) async throws -> CoreLiveSession {
        var config = defaultConfig()
        config.baseUrl = base
        config.polling.runningMin = 3600
        config.polling.runningMax = 3600
        let client = try CoreClient(
            apiKey: "key", config: config, credentials: nil, checkpointStore: nil)
        let operation = try client.watch(liveFlowId: flow, sessionId: session)
        await operation.ready()
        guard case .liveSession(let live) = try operation.take() else {
            fatalError("a watch gives a session")
        }
        return live
    }

    static func pullNative(_ core: CoreLiveSession) throws -> Int {
        let events = try core.events()
        var count = 0
        while case .event = try events.takeEvent() { count += 1 }
        return count
    }

    static func pull(_ live: LiveSession, _ count: Int) async throws {
        var left = count
        for await _ in try live.events() {
            left -= 1
            if left == 0 { return }
        }
    }

    static func listenNative(_ core: CoreLiveSession, _ count: Int) throws {
        let heard = Heard(count)
        let subscription = try core.subscribe(listener: heard)
        heard.wait()
        subscription.cancel()
    }

    static func listen(_ live: LiveSession, _ count: Int) throws {
        let heard = Heard(count)
        let subscription = try live.subscribe { _ in heard.hear() }
        heard.wait()
        subscription.cancel()
    }

    static func answer(_ base: String, _ questions: Int) async throws -> [String: Double] {
        var configuration = Configuration(apiKey: "key")
        configuration.baseURL = URL(string: base)
        configuration.requestsPerSecond = 0
        let client = try Client(configuration)
        let begun = DispatchTime.now().uptimeNanoseconds
        _ = try await client.run(flow, inputs: [:]) { _ in "yes" }
        let took = DispatchTime.now().uptimeNanoseconds - begun
        return ["us_per_question": Double(took) / 1000 / Double(questions)]
    }
}

/// Counts events until there were enough.
private final class Heard: LiveFlowBoundary.SessionListener, @unchecked Sendable {
    private let lock = NSLock()
    private let enough = DispatchSemaphore(value: 0)
    private var left: Int

    init(_ count: Int) { left = count }

    func hear() {
        let isEnough = lock.withLock {
            left -= 1
            return left == 0
        }
        if isEnough { enough.signal() }
    }

    func onEvent(event _: LiveFlowBoundary.SessionEvent) throws { hear() }

    func wait() { enough.wait() }
}
