import Checkpoints
import Foundation
import LiveFlow

/// Runs a Live Flow session at the terminal:
///
///     quickstart FLOW [--input NAME=VALUE]… [--answer TEXT]… [--checkpoints FOLDER]
///
/// The environment says where the service is: `TRUESTATE_API_KEY`, `TRUESTATE_HOST`. With
/// `--checkpoints`, sessions that an earlier run left unfinished are gone on with first.
@main
struct Quickstart {
    static func main() async {
        do {
            let arguments = try Arguments(CommandLine.arguments.dropFirst())
            let client = try Client.fromEnvironment { configuration in
                configuration.checkpointStore = arguments.checkpoints.map(ProtectedFileStore.init)
            }
            let user = User(answers: arguments.answers)
            if arguments.checkpoints != nil {
                for live in try await client.restoreAll() {
                    print("going on with \(live.id)")
                    show(try await finish(live, user))
                }
            }
            show(
                try await client.run(
                    arguments.flow, inputs: .object(arguments.inputs), onEvent: show
                ) { prompt in
                    await user.ask(prompt.text)
                })
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    /// What `run` does, by hand: for a session that was not started here.
    static func finish(_ live: LiveSession, _ user: User) async throws -> Session {
        for await event in try live.events() {
            show(event)
            if case .promptRequested(let prompt) = event, let text = await user.ask(prompt.text) {
                try await live.answer(prompt, text)
            }
        }
        return try await live.wait()
    }

    @Sendable static func show(_ event: SessionEvent) {
        switch event {
        case .stepChanged(let step): print("· \(step.name ?? "?"): \(step.rawStatus)")
        case .promptClosed(_, .answeredElsewhere): print("· answered on another device")
        case .connectionLost(let error, _): print("· \(error)")
        case .connectionRestored: print("· connected again")
        default: break
        }
    }

    static func show(_ session: Session) {
        print(
            "\(session.rawStatus): \(session.output?.stringValue ?? session.output?.jsonText ?? "")"
        )
    }
}

/// Who answers: what the command line says, then whoever is at the terminal.
actor User {
    private var answers: ArraySlice<String>

    init(answers: [String]) {
        self.answers = answers[...]
    }

    func ask(_ question: String) async -> String? {
        print("\(question) ", terminator: "")
        if let answer = answers.popFirst() {
            print(answer)
            return answer
        }
        // A thread of its own: waiting for a person must not hold up one that tasks share.
        return await withCheckedContinuation { answered in
            Thread.detachNewThread { answered.resume(returning: readLine()) }
        }
    }
}

struct Arguments {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    var flow = ""
    var inputs: [String: JSONValue] = [:]
    var answers: [String] = []
    var checkpoints: URL?

    init(_ arguments: ArraySlice<String>) throws {
        var rest = arguments
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                flow = argument
                continue
            }
            guard let value = rest.popFirst() else {
                throw Problem(description: "\(argument) needs a value")
            }
            switch argument {
            case "--answer": answers.append(value)
            case "--checkpoints": checkpoints = URL(fileURLWithPath: value, isDirectory: true)
            case "--input":
                guard let equals = value.firstIndex(of: "=") else {
                    throw Problem(description: "--input NAME=VALUE, not \(value)")
                }
                inputs[String(value[..<equals])] = .string(
                    String(value[value.index(after: equals)...]))
            default: throw Problem(description: "unknown option \(argument)")
            }
        }
        if flow.isEmpty { throw Problem(description: "which flow?") }
    }
}
