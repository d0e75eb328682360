internal import LiveFlowBoundary

/// How grave a log record is.
public enum LogLevel: Sendable, Hashable, CaseIterable {
    /// Something the app's developer has to look at.
    case error
    /// Something unexpected that was coped with.
    case warn
    /// The large steps.
    case info
    /// Every request.
    case debug
    /// Everything.
    case trace
}

/// One log record of the library. It never holds a key or a credential.
public struct LogRecord: Sendable, Hashable {
    /// How grave it is.
    public var level: LogLevel
    /// Which part of the library says it.
    public var target: String
    /// What it says.
    public var text: String
    /// Its further members, as names and texts.
    public var fields: [Field]

    /// A named member of a record.
    public struct Field: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its value, as text.
        public var value: String
    }
}

/// Sends the process's log records from `level` up to `sink`, in place of any sink before; to
/// nowhere without one. It is called from a thread of its own, one record at a time.
public func setLogSink(
    level: LogLevel = .info, _ sink: (@Sendable (LogRecord) -> Void)?
) {
    LiveFlowBoundary.setLogSink(sink: sink.map(LogBridge.init), level: level.core)
}

/// How many log records did not fit in the queue so far, because the sink was slow.
public func droppedLogRecords() -> Int {
    Int(clamping: LiveFlowBoundary.droppedLogRecords())
}

private final class LogBridge: LiveFlowBoundary.LogSink, Sendable {
    private let sink: @Sendable (LogRecord) -> Void

    init(_ sink: @escaping @Sendable (LogRecord) -> Void) {
        self.sink = sink
    }

    func log(record: LiveFlowBoundary.LogRecord) throws {
        sink(
            LogRecord(
                level: LogLevel(record.level), target: record.target, text: record.text,
                fields: record.fields.map { .init(name: $0.name, value: $0.value) }))
    }
}

extension LogLevel {
    fileprivate init(_ core: LiveFlowBoundary.LogLevel) {
        self =
            switch core {
            case .error: .error
            case .warn: .warn
            case .info: .info
            case .debug: .debug
            case .trace: .trace
            }
    }

    fileprivate var core: LiveFlowBoundary.LogLevel {
        switch self {
        case .error: .error
        case .warn: .warn
        case .info: .info
        case .debug: .debug
        case .trace: .trace
        }
    }
}
