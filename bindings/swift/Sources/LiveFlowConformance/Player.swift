import Foundation
import LiveFlow

/// Plays the conformance scenarios on the Swift package, on nothing but its public API.
@main
struct Player {
    static let usage = """
        Usage: liveflow-conformance-swift [--selftest] [--only NAME]... [--jobs N] [--list] CONFORMANCE [DIR]

        CONFORMANCE is the folder bindings/conformance; DIR a folder of scenarios, by default its own.
        """

    /// One thing to be played, and how.
    struct Piece: Sendable {
        enum Kind { case scenario, mustFail, recording }

        let file: URL
        let kind: Kind
        var name: String { file.deletingPathExtension().lastPathComponent }
    }

    struct Usage: Error {
        let problem: String
    }

    static func main() async {
        do {
            let player = try Player(arguments: CommandLine.arguments.dropFirst())
            exit(await player.play() ? 0 : 1)
        } catch let wrong as Usage {
            FileHandle.standardError.write(Data("\(wrong.problem)\n\n\(usage)\n".utf8))
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
        }
        exit(2)
    }

    private var pieces: [Piece] = []
    private var jobs = 4
    private var isList = false
    private let forms: Forms

    init(arguments: ArraySlice<String>) throws {
        var rest = arguments
        var folders: [URL] = []
        var only: [String] = []
        var isSelftest = false
        func value(_ name: String) throws -> String {
            guard let value = rest.popFirst() else { throw Usage(problem: "\(name) of what?") }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--selftest": isSelftest = true
            case "--list": isList = true
            case "--only": only.append(try value(argument))
            case "--jobs":
                guard let number = Int(try value(argument)), number > 0 else {
                    throw Usage(problem: "--jobs takes a number")
                }
                jobs = number
            case _ where argument.hasPrefix("-"): throw Usage(problem: "unknown: \(argument)")
            default: folders.append(URL(fileURLWithPath: argument))
            }
        }
        guard let shipped = folders.first, folders.count <= 2 else {
            throw Usage(problem: "which folder?")
        }
        forms = try Forms(try readJSON(shipped.appendingPathComponent("forms.json")))
        func folder(_ name: String) -> URL {
            folders.count == 2 ? folders[1] : shipped.appendingPathComponent(name)
        }
        if isSelftest {
            let folder = folder("selftest")
            pieces =
                try Self.files(folder.appendingPathComponent("scenarios"), .mustFail)
                + Self.files(folder.appendingPathComponent("recordings"), .recording)
        } else {
            pieces = try Self.files(folder("scenarios"), .scenario)
        }
        let pieces = pieces
        if let name = only.first(where: { name in !pieces.contains { $0.name == name } }) {
            throw Usage(problem: "there is no \(name)")
        }
        if !only.isEmpty { self.pieces = pieces.filter { only.contains($0.name) } }
        guard !self.pieces.isEmpty else { throw Usage(problem: "there is nothing to play") }
    }

    private static func files(_ folder: URL, _ kind: Piece.Kind) throws -> [Piece] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Piece(file: $0, kind: kind) }
    }

    /// Plays everything and prints a line for each; tells whether all passed.
    private func play() async -> Bool {
        if isList {
            for piece in pieces { say(piece.name) }
            return true
        }
        var failed = 0
        await withTaskGroup(of: (Int, String, Bool).self) { group in
            var begun = 0
            func begin() {
                guard begun < pieces.count else { return }
                let (at, piece) = (begun, pieces[begun])
                begun += 1
                group.addTask {
                    let (line, passed) = await self.line(piece)
                    return (at, line, passed)
                }
            }
            for _ in 0..<jobs { begin() }
            // Lines come out in the order of the names.
            var lines: [Int: String] = [:]
            var printed = 0
            while let (at, line, passed) = await group.next() {
                failed += passed ? 0 : 1
                lines[at] = line
                while let line = lines.removeValue(forKey: printed) {
                    say(line)
                    printed += 1
                }
                begin()
            }
        }
        say("\(pieces.count - failed) passed, \(failed) failed")
        return failed == 0
    }

    private func line(_ piece: Piece) async -> (String, Bool) {
        let begun = Date()
        func took() -> String {
            String(format: "(%.1f s)", Date().timeIntervalSince(begun))
        }
        do {
            switch piece.kind {
            case .scenario:
                try await LiveFlowConformance.play(
                    try Scenario(try readJSON(piece.file), called: piece.name, forms))
            case .mustFail: try await mustFail(piece.file, forms)
            case .recording: try checkRecording(piece.file, forms)
            }
            return ("ok    \(piece.name) \(took())", true)
        } catch {
            let report = "\(error)".replacingOccurrences(of: "\n", with: "\n  ")
            return ("FAIL  \(piece.name) \(took())\n  \(report)", false)
        }
    }
}

/// Prints a line at once, whoever reads it.
private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
