/// A failed scenario: one of the format's reasons, and what a person needs to see.
struct Failure: Error, CustomStringConvertible {
    enum Reason: String {
        case invalid, action, rule, consumers, sessions, requests
        case timeLimit = "time_limit"
    }

    let reason: Reason
    let report: String

    init(_ reason: Reason, _ report: String) {
        self.reason = reason
        self.report = report
    }

    static func invalid(_ report: String) -> Failure {
        Failure(.invalid, report)
    }

    var description: String { "\(reason.rawValue): \(report)" }
}
