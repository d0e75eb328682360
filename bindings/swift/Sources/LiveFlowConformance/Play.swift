import Foundation
import LiveFlow

/// Plays one scenario; throws the `Failure` if it failed.
func play(_ scenario: Scenario) async throws {
    let stage = try await Stage(scenario)
    defer { stage.tearDown() }
    try await playToTheEnd(stage)
    stage.closeClients()
    try await sleep(milliseconds: 100)
    try await judge(stage)
}

/// The first of these ends it: everything is done, something failed, the time is over. It waits for
/// none of the others, because a call that does not return is what a time limit is for.
private func playToTheEnd(_ stage: Stage) async throws {
    let first = Guarded<CheckedContinuation<Void, any Error>?>(nil)
    let tasks = Guarded<[Task<Void, Never>]>([])
    let end: @Sendable (Result<Void, any Error>) -> Void = { result in
        let waiting = first.with { waiting in
            defer { waiting = nil }
            return waiting
        }
        waiting?.resume(with: result)
    }
    defer { for task in tasks.with({ $0 }) { task.cancel() } }
    try await withCheckedThrowingContinuation { continuation in
        first.with { $0 = continuation }
        stage.tellFailures { end(.failure($0)) }
        let script = Task {
            do {
                try await everything(stage)
                end(.success(()))
            } catch {
                end(.failure(error as? Failure ?? Failure(.action, "\(error)")))
            }
        }
        let limit = Task {
            try? await sleep(milliseconds: Int(stage.scenario.timeLimit * 1000))
            if !Task.isCancelled { end(.failure(Failure(.timeLimit, soFar(stage)))) }
        }
        tasks.with { $0 = [script, limit] }
    }
}

/// The script, then what runs beside it.
private func everything(_ stage: Stage) async throws {
    for action in stage.scenario.script { try await stage.perform(action, Here()) }
    try await stage.join(nil)
    for consumer in stage.consumers.values {
        while !consumer.hasEnded { try await lookAgain() }
    }
    // What a reaction to the very last event has started.
    try await stage.join(nil)
}

private func soFar(_ stage: Stage) -> String {
    var lines = ["over after \(Int(stage.scenario.timeLimit * 1000)) ms; until then"]
    for (name, consumer) in stage.consumers {
        lines.append("  \(name) (\(consumer.hasEnded ? "has ended" : "has not ended")) was told")
        lines += consumer.events.map { "    \(brief($0))" }
    }
    return lines.joined(separator: "\n")
}
