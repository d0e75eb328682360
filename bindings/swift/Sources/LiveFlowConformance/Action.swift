import LiveFlow

/// One action of a script: what to do, how it must come out, and whether anything waits for it.
struct Action: Sendable {
    let kind: String
    /// The members that are the kind's own, checked.
    private let members: [String: JSONValue]
    let on: [Reaction]
    let onPrompt: [PromptReaction]
    let expect: Outcome?
    let background: String?
    /// As it stands in the file, to be shown.
    let written: JSONValue

    /// How an action must come out.
    struct Outcome: Sendable {
        let result, error: JSONValue?
        let atLeast, atMost: Int?
    }

    /// How a watch is consumed.
    enum Consume: String, Sendable {
        case events, listener, nothing
        case nextEvent = "next_event"
    }

    func text(_ name: String) -> String? { members[name]?.stringValue }
    func name(_ name: String) -> String { text(name) ?? "main" }
    func count(_ name: String) -> Int? { members[name]?.intValue }
    func number(_ name: String) -> Double? { members[name]?.doubleValue }
    func json(_ name: String) -> JSONValue? { members[name] }
    func object(_ name: String) -> JSONValue { members[name] ?? [:] }
    var consume: Consume { text("consume").flatMap(Consume.init) ?? .events }

    /// What is answered with: text, or JSON.
    var answer: Answer {
        switch answerJSON {
        case .string(let text): .text(text)
        case let value: .json(value)
        }
    }

    var answerJSON: JSONValue { members["text"] ?? members["json"] ?? .null }
}

extension Action {
    private enum Kind { case text, count, number, object, list, json, status, consume }

    private static let session: [String: Kind] = ["session": .text, "session_id": .text]
    private static let call: [String: Kind] = ["client": .text, "live_flow_id": .text]
    private static let opening: [String: Kind] = ["as": .text, "consume": .consume]
    private static let reply: [String: Kind] = ["text": .text, "json": .json]

    /// The members of each action, `on`, `on_prompt`, `expect` and `background` apart.
    private static let known: [String: [[String: Kind]]] = [
        "create_session": [call, ["inputs": .object, "as": .text]],
        "get_session": [call, session],
        "get_sessions": [call],
        "iter_sessions": [call, ["first": .count]],
        "add_user_input": [call, session, reply],
        "cancel_session": [call, session],
        "start": [call, opening, ["inputs": .object]],
        "watch": [call, opening, session],
        "restore": [
            opening, ["client": .text, "checkpoint": .text, "checkpoint_text": .text],
        ],
        "restore_all": [opening, ["client": .text]],
        "run": [call, ["inputs": .object, "as": .text]],
        "new_client": [["as": .text, "config": .object]],
        "close_client": [["client": .text]],
        "suspend": [["client": .text]],
        "resume": [["client": .text]],
        "network_changed": [["client": .text]],
        "answer": [["watch": .text, "prompt": .object], reply],
        "wait": [["watch": .text, "timeout_ms": .count]],
        "cancel": [["watch": .text]],
        "close": [["watch": .text]],
        "poll_now": [["watch": .text]],
        "snapshot": [["watch": .text]],
        "next_event": [["watch": .text]],
        "checkpoint": [["watch": .text, "as": .text]],
        "consume": [["watch": .text], opening],
        "stop_consuming": [["consumer": .text]],
        "answer_elsewhere": [["session": .text], reply],
        "advance": [["session": .text, "fail": .text]],
        "add_faults": [["faults": .list]],
        "clear_faults": [],
        "settings": [["settings": .object]],
        "clock": [["speed": .number, "advance_ms": .count]],
        "drop_connections": [["how": .text]],
        "outage": [["how": .text, "for_ms": .count]],
        "end_outage": [],
        "sleep": [["ms": .count]],
        "wait_for": [
            [
                "event": .json, "consumer": .text, "nth": .count, "session_is": .status,
                "session": .text, "requests": .object,
            ]
        ],
        "await_end": [["consumer": .text]],
        "join": [["background": .text]],
        "mark": [["name": .text]],
        "raise": [["message": .text]],
    ]

    private static let required: [String: [String]] = [
        "new_client": ["as"], "checkpoint": ["as"], "consume": ["as"], "add_faults": ["faults"],
        "settings": ["settings"], "sleep": ["ms"], "join": ["background"], "mark": ["name"],
        "raise": ["message"],
    ]

    private static let opens: Set = ["start", "watch", "restore", "restore_all", "consume"]

    init(_ written: JSONValue, _ forms: Forms) throws {
        var reading = try Members(written, "an action")
        guard let kind = try reading.text("action") else {
            throw Failure.invalid("an action has the member `action`: \(written)")
        }
        guard let known = Self.known[kind] else {
            throw Failure.invalid("there is no action \(kind): \(written)")
        }
        self.kind = kind
        self.written = written
        var members: [String: JSONValue] = [:]
        for (name, type) in known.joined() {
            members[name] = try Self.read(&reading, name, type)
        }
        self.members = members
        let hasReactions = kind == "run" || Self.opens.contains(kind)
        on = hasReactions ? try (reading.list("on") ?? []).map { try Reaction($0, forms) } : []
        onPrompt =
            kind == "run"
            ? try (reading.list("on_prompt") ?? []).map { try PromptReaction($0, forms) } : []
        // `join` names what runs in the background; it does not run there itself.
        background = kind == "join" ? nil : try reading.text("background")
        expect = try reading.members("expect").map { try Self.outcome($0, kind, forms) }
        try reading.finish()
        try check(forms)
    }

    private static func read(
        _ reading: inout Members, _ name: String, _ type: Kind
    ) throws -> JSONValue? {
        switch type {
        case .text: try reading.text(name).map(JSONValue.string)
        case .count: try reading.count(name).map { .number(JSONNumber($0)) }
        case .number: try reading.number(name).map { .number(JSONNumber($0)) }
        case .object: try reading.object(name)
        case .list: try reading.list(name).map(JSONValue.array)
        case .json: reading.json(name)
        case .status:
            try reading.word(name, as: ServiceStatus.self).map { .string($0.rawValue) }
        case .consume: try reading.word(name, as: Consume.self).map { .string($0.rawValue) }
        }
    }

    private static func outcome(
        _ reading: Members, _ kind: String, _ forms: Forms
    ) throws -> Outcome {
        var reading = reading
        let outcome = Outcome(
            result: reading.json("result"), error: try reading.object("error"),
            atLeast: try reading.count("took_at_least_ms"),
            atMost: try reading.count("took_at_most_ms"))
        try reading.finish()
        switch (outcome.result, outcome.error) {
        case (_?, _?): throw Failure.invalid("`expect` has `result` or `error`, not both")
        case (let result?, nil): try forms.check(result, against: resultForm(kind))
        case (nil, let error?): try forms.check(error, against: .object("error"))
        case (nil, nil):
            guard outcome.atLeast != nil || outcome.atMost != nil else {
                throw Failure.invalid("`expect` is empty")
            }
        }
        return outcome
    }

    private static func resultForm(_ kind: String) -> Form {
        switch kind {
        case "create_session", "get_session", "add_user_input", "cancel_session", "run", "wait",
            "cancel", "snapshot":
            .object("session")
        case "get_sessions", "iter_sessions": .list(.object("session"))
        case "start", "watch", "restore", "restore_all": .object("watch")
        case "next_event": .event
        default: .json
        }
    }

    /// What can be said against it before anything is played.
    private func check(_ forms: Forms) throws {
        for name in Self.required[kind] ?? [] where members[name] == nil {
            throw mistake("the member `\(name)` is missing")
        }
        func isThere(_ name: String) -> Bool { members[name] != nil }
        switch kind {
        case "add_user_input", "answer", "answer_elsewhere":
            guard isThere("text") != isThere("json") else {
                throw mistake("it has either `text` or `json`")
            }
        case "restore":
            guard isThere("checkpoint") != isThere("checkpoint_text") else {
                throw mistake("it has either `checkpoint` or `checkpoint_text`")
            }
        case "wait_for":
            guard ["event", "session_is", "requests"].count(where: isThere) == 1 else {
                throw mistake("it waits for one of `event`, `session_is` and `requests`")
            }
            guard isThere("event") || !(isThere("consumer") || isThere("nth")),
                isThere("session_is") || !isThere("session")
            else { throw mistake("a member does not belong to what it waits for") }
            if let event = members["event"] { try forms.check(event, against: .event) }
            if let requests = members["requests"] { _ = try WantedRequests(requests, forms) }
        default: break
        }
        if isThere("session"), isThere("session_id") {
            throw mistake("it has `session` or `session_id`, not both")
        }
        if let prompt = members["prompt"] { _ = try PromptReference(prompt) }
        try checkReactions()
    }

    private func checkReactions() throws {
        let inCallback = kind == "run" || consume == .listener
        guard consume != .nothing || on.isEmpty else {
            throw mistake("what is not consumed has no reactions")
        }
        for action in on.flatMap(\.actions) {
            let isRaise = action.kind == "raise"
            let isSleep = kind != "run" && action.kind == "sleep"
            if inCallback, action.background == nil, !isRaise, !isSleep {
                throw action.mistake("a callback awaits nothing: use `background`")
            }
            if isRaise, !inCallback { throw action.mistake("only a callback raises") }
        }
    }

    func mistake(_ problem: String) -> Failure {
        .invalid("\(problem): \(written)")
    }
}

/// Which of the events that match a reaction it is for. Empty: all of them.
struct Nth: Sendable {
    private let numbers: [Int]

    init(_ value: JSONValue?) throws {
        guard let value else {
            numbers = []
            return
        }
        let written = value.arrayValue ?? [value]
        numbers = written.compactMap(\.intValue)
        guard numbers.count == written.count, !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 })
        else { throw Failure.invalid("`nth` counts from 1: \(value)") }
    }

    func holds(_ count: Int) -> Bool { numbers.isEmpty || numbers.contains(count) }
}

/// What a consumer does at an event.
struct Reaction: Sendable {
    let when: JSONValue
    let nth: Nth
    let actions: [Action]

    init(_ value: JSONValue, _ forms: Forms) throws {
        var members = try Members(value, "a reaction")
        when = try members.required("when")
        nth = try Nth(members.json("nth"))
        actions = try (members.required("do").arrayValue ?? []).map { try Action($0, forms) }
        try members.finish()
        try forms.check(when, against: .event)
    }
}

/// What the handler of a `run` does at a prompt.
struct PromptReaction: Sendable {
    enum Reply: Sendable {
        case noAnswer
        case text(String)
        case json(JSONValue)
        case raise(String)
    }

    let when: JSONValue
    let nth: Nth
    let actions: [Action]
    let reply: Reply

    init(_ value: JSONValue, _ forms: Forms) throws {
        var members = try Members(value, "an entry of `on_prompt`")
        when = try members.required("when")
        nth = try Nth(members.json("nth"))
        actions = try (members.list("do") ?? []).map { try Action($0, forms) }
        let written = try members.required("reply")
        try members.finish()
        let only = written.objectValue.flatMap { $0.count == 1 ? $0.first : nil }
        switch (written, only?.key, only?.value) {
        case ("no_answer", _, _): reply = .noAnswer
        case (_, "text"?, .string(let text)?): reply = .text(text)
        case (_, "json"?, let json?): reply = .json(json)
        case (_, "raise"?, .string(let message)?): reply = .raise(message)
        default: throw Failure.invalid("this is no reply: \(written)")
        }
        try forms.check(when, against: .object("prompt"))
    }
}

/// Which prompt is answered, by who was told of it.
struct PromptReference {
    let consumer, step: String
    let nth: Int

    init(_ value: JSONValue) throws {
        var members = try Members(value, "`prompt`")
        consumer = try members.text("consumer") ?? "main"
        step = try members.text("step") ?? { throw Failure.invalid("`prompt` has a `step`") }()
        nth = try members.count("nth") ?? 1
        try members.finish()
    }
}

/// The requests that `wait_for` waits for.
struct WantedRequests {
    let filter: JSONValue
    let atLeast: Int
    let after: String?

    init(_ value: JSONValue, _ forms: Forms) throws {
        var members = try Members(value, "`requests`")
        filter = try members.required("where")
        atLeast =
            try members.count("at_least")
            ?? {
                throw Failure.invalid("`requests` has `at_least`")
            }()
        after = try members.text("after")
        try members.finish()
        try forms.check(filter, against: .object("request"))
    }
}
