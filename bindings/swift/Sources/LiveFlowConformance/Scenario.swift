import Foundation
import LiveFlow

/// A scenario as its file says it, read strictly.
struct Scenario: Sendable {
    let name: String
    let flow: JSONValue
    let sessions: [PreparedSession]
    let speed: Double?
    let settings: JSONValue
    let faults: [JSONValue]
    let client: JSONValue
    let script: [Action]
    let consumers: [String: Told]
    let expectedSessions: JSONValue
    let requests: [Requests]
    let timeLimit: Double
    let forms: Forms

    init(_ value: JSONValue, called name: String?, _ forms: Forms) throws {
        var members = try Members(value, "the scenario")
        self.forms = forms
        self.name = try members.text("name") ?? { throw Failure.invalid("the name is missing") }()
        guard name == nil || name == self.name else {
            throw Failure.invalid("the scenario is called \(self.name), its file is not")
        }
        guard let description = try members.text("description"), !description.isEmpty else {
            throw Failure.invalid("the description is empty")
        }
        flow = try members.required("flow")
        sessions = try (members.list("sessions") ?? []).map(PreparedSession.init)
        var simulator = try members.members("simulator")
        speed = try simulator?.number("speed")
        settings = try simulator?.object("settings") ?? [:]
        faults = try simulator?.list("faults") ?? []
        try simulator?.finish()
        client = try members.object("client") ?? [:]
        script = try (members.required("script").arrayValue ?? []).map { try Action($0, forms) }
        timeLimit = Double(try members.count("time_limit_ms") ?? 20_000) / 1000
        var expect = try Members(try members.required("expect"), "expect")
        consumers = try (expect.required("consumers").objectValue ?? [:]).mapValues {
            try Told($0, forms)
        }
        expectedSessions = try expect.required("sessions")
        try forms.check(expectedSessions, against: .list(.object("record")))
        requests = try (expect.list("requests") ?? []).map { try Requests($0, forms) }
        try expect.finish()
        try members.finish()
    }
}

/// A status as the service's journal writes it.
enum ServiceStatus: String, Sendable {
    case ready, running, waiting, finished, failed

    var isEnd: Bool { self == .finished || self == .failed }
}

/// A session that exists before the client does.
struct PreparedSession: Sendable {
    let name: String?
    let inputs: JSONValue
    let until: ServiceStatus
    let answers: [String]
    let count: Int?

    init(_ value: JSONValue) throws {
        var members = try Members(value, "a session")
        name = try members.text("name")
        inputs = try members.object("inputs") ?? [:]
        until = try members.word("until") ?? .ready
        answers = try members.texts("answers") ?? []
        count = try members.count("count")
        try members.finish()
        guard name == nil || count == nil else {
            throw Failure.invalid("a session with a `count` has no name")
        }
    }
}

/// What one consumer must have been told.
struct Told: Sendable {
    let ignore: [String]
    let items: [Item]
    let never: [JSONValue]
    /// As it stands in the file, to be shown.
    let written: [JSONValue]

    init(_ value: JSONValue, _ forms: Forms) throws {
        var members = try Members(value, "a consumer")
        ignore = try members.texts("ignore") ?? []
        never = try members.list("never") ?? []
        let exactly = try members.list("exactly")
        let inOrder = try members.list("in_order")
        try members.finish()
        guard let written = exactly ?? inOrder, exactly == nil || inOrder == nil else {
            throw Failure.invalid("a consumer has either `exactly` or `in_order`")
        }
        if let kind = ignore.first(where: { !forms.isEvent($0) }) {
            throw Failure.invalid("there is no event \(kind) to ignore")
        }
        self.written = written
        let items = written.map(Item.init)
        for pattern in items.map(\.pattern) + never { try forms.check(pattern, against: .event) }
        let anything = Item.anyNumberOf([:])
        self.items = exactly != nil ? items : [anything] + items.flatMap { [$0, anything] }
    }
}

/// How many requests there must have been, and what they have in common.
struct Requests: Sendable {
    let filter: JSONValue
    let after, before: String?
    let exactly, atLeast, atMost: Int?
    let same: [String]
    let then: JSONValue?
    let nth: Int?
    let pauseAtLeast, pauseAtMost: Double?

    init(_ value: JSONValue, _ forms: Forms) throws {
        var members = try Members(value, "requests")
        filter = try members.required("where")
        after = try members.text("after")
        before = try members.text("before")
        exactly = try members.count("exactly")
        atLeast = try members.count("at_least")
        atMost = try members.count("at_most")
        same = try members.texts("same") ?? []
        then = members.json("then")
        nth = try members.count("nth")
        pauseAtLeast = try members.number("pause_at_least_ms")
        pauseAtMost = try members.number("pause_at_most_ms")
        try members.finish()
        try forms.check(filter, against: .object("request"))
        if let then { try forms.check(then, against: .object("request")) }
        guard then != nil || (nth == nil && pauseAtLeast == nil && pauseAtMost == nil) else {
            throw Failure.invalid("requests: `nth` and pauses need `then`")
        }
        guard exactly != nil || atLeast != nil || atMost != nil || !same.isEmpty || then != nil
        else {
            throw Failure.invalid("requests: an entry counts, compares or has a `then`")
        }
    }
}
