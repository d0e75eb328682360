import Foundation
import LiveFlow

// Proof that the checks bite.

/// A scenario that must fail, for its reason.
func mustFail(_ file: URL, _ forms: Forms) async throws {
    var members = try Members(try readJSON(file), "a self-test")
    let because = try members.text("because") ?? ""
    let part = try members.text("contains") ?? ""
    let written = try members.required("scenario")
    try members.finish()
    do {
        try await play(try Scenario(written, called: nil, forms))
    } catch let failure as Failure {
        if failure.reason.rawValue == because, part.isEmpty || failure.report.contains(part) {
            return
        }
        throw Failure.invalid(
            "it must fail with \(because), \"\(part)\", but failed with \(failure)")
    }
    throw Failure.invalid("it passed, and must not")
}

/// A recording that breaks a rule or not, or is compared with a consumer's expectation.
func checkRecording(_ file: URL, _ forms: Forms) throws {
    var members = try Members(try readJSON(file), "a recording")
    let events = try members.list("events") ?? []
    let isOver = try members.bool("end") ?? false
    let closedAfter = try members.count("closed_after")
    let secrets = try members.texts("secrets") ?? []
    let breaks = try members.text("breaks")
    let told = try members.object("consumer").map { try Told($0, forms) }
    let mustFit = try members.bool("fits")
    let sessions = try members.object("sessions")?.decoded(as: [String: String].self) ?? [:]
    try members.finish()
    if let told {
        guard let mustFit else {
            throw Failure.invalid("a recording with a `consumer` has `fits`")
        }
        let report = compare(told, events, Names(sessions: sessions))
        if mustFit, let report { throw Failure.invalid("it must fit, but: \(report)") }
        if !mustFit, report == nil { throw Failure.invalid("it must not fit, but does") }
        return
    }
    let recording = Recording(events: events, isOver: isOver, closedAfter: closedAfter)
    let found = Set(
        (recording.broken + events.flatMap { secretsShown($0, secrets) }).map(\.rule))
    guard found == Set([breaks].compactMap { $0 }) else {
        throw Failure.invalid("it must break \(breaks ?? "nothing"), but breaks \(found)")
    }
}
