#if os(macOS) || os(Linux)
    import Foundation

    /// A process that ends when its standard input does.
    final class RunningProcess: @unchecked Sendable {
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

        /// What it says first; less than a line if it ends before that.
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
