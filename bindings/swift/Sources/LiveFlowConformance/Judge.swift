import LiveFlow

/// Compares everything, in the order of the format's reasons.
func judge(_ stage: Stage) async throws {
    let journal = try await stage.service.journal()
    let names = try await stage.names()
    try judgeRules(stage)
    try judgeConsumers(stage, names)
    let sessions = journal["sessions"] ?? .null
    guard fits(stage.scenario.expectedSessions, sessions, names) else {
        throw Failure(
            .sessions,
            "expected \(stage.scenario.expectedSessions)\n  but the service has \(sessions)")
    }
    for expected in stage.scenario.requests {
        try judgeRequests(stage, expected, journal["requests"]?.arrayValue ?? [], names)
    }
}

private func judgeRules(_ stage: Stage) throws {
    var broken: [String] = []
    for (name, consumer) in stage.consumers.sorted(by: { $0.key < $1.key }) {
        let events = consumer.events
        let recording = Recording(
            events: events, isOver: !consumer.isCalled && consumer.hasEnded,
            closedAfter: consumer.closedAfter)
        let found = recording.broken + events.flatMap { secretsShown($0, stage.secrets) }
        broken += found.map { "\($0.rule) (\(name)): \($0.by)" }
    }
    for shown in stage.shown {
        let found = withoutReason(shown) + secretsShown(shown, stage.secrets)
        broken += found.map { "\($0.rule): \($0.by)" }
    }
    if !broken.isEmpty { throw Failure(.rule, broken.joined(separator: "\n")) }
}

private func judgeConsumers(_ stage: Stage, _ names: Names) throws {
    let there = stage.consumers
    if let name = stage.scenario.consumers.keys.sorted().first(where: { there[$0] == nil }) {
        throw Failure(.consumers, "\(name): there was no such consumer")
    }
    for (name, consumer) in there.sorted(by: { $0.key < $1.key }) {
        guard let told = stage.scenario.consumers[name] else {
            throw Failure(.consumers, "\(name): nothing is expected of this consumer")
        }
        if let report = compare(told, consumer.events, names) {
            throw Failure(.consumers, "\(name): \(report)")
        }
    }
}

/// Compares what one consumer was told; gives the report if it does not fit.
func compare(_ told: Told, _ events: [JSONValue], _ names: Names) -> String? {
    for pattern in told.never {
        if let event = events.first(where: { fits(pattern, $0, names) }) {
            return "never \(pattern)\n  but it was told \(event)"
        }
    }
    let left = events.filter { !told.ignore.contains($0["event"]?.stringValue ?? "") }
    var fitting = Fitting(told.items, left, names)
    if fitting.doesFit() { return nil }
    var lines = ["expected"] + told.written.map { "    \($0)" } + ["  but it was told"]
    for (at, event) in left.enumerated() {
        lines.append(" \(at == fitting.best.events ? "->" : "  ") \(brief(event))")
    }
    if fitting.best.events == left.count { lines.append(" -> (nothing more)") }
    return lines.joined(separator: "\n")
}

/// An event in a line: what tells it from others of its kind.
func brief(_ event: JSONValue) -> String {
    let places = [
        "previous", "current", "step.name", "step.status", "step.user_input", "step.result",
        "prompt.step_name", "prompt.round", "prompt.text", "reason", "text", "error.kind",
        "error.http_status", "error.detail", "session.status", "session.output",
    ]
    let parts = places.compactMap { place in
        member(event, place).flatMap { $0.isNull ? nil : "\(place)=\($0)" }
    }
    return ([event["event"]?.stringValue ?? "?"] + parts).joined(separator: " ")
}

private func member(_ value: JSONValue, _ place: String) -> JSONValue? {
    place.split(separator: ".").reduce(value) { $0?[String($1)] }
}

private func judgeRequests(
    _ stage: Stage, _ expected: Requests, _ all: [JSONValue], _ names: Names
) throws {
    func failed(_ problem: String, _ shown: [JSONValue]) -> Failure {
        let lines = shown.map { request in
            let members = ["number", "time_ms", "call", "method", "path", "status", "faults"]
            return "    " + members.map { "\(request[$0] ?? .null)" }.joined(separator: " ")
        }
        return Failure(
            .requests, (["\(expected.filter): \(problem)"] + lines).joined(separator: "\n"))
    }
    func number(_ request: JSONValue) -> Int { request["number"]?.intValue ?? 0 }
    let after = try expected.after.map(stage.mark) ?? 0
    let before = try expected.before.map(stage.mark) ?? .max
    let found = all.filter { request in
        number(request) > after && number(request) <= before
            && fits(expected.filter, request, names)
    }
    let least = expected.exactly ?? expected.atLeast ?? 0
    let most = expected.exactly ?? expected.atMost ?? .max
    guard found.count >= least, found.count <= most else {
        throw failed("\(found.count) requests", all)
    }
    for place in expected.same {
        let members = found.map { member($0, place) ?? .null }
        guard members.allSatisfy({ !$0.isNull && isSame($0, members[0]) }) else {
            throw failed("\(place) is not the same: \(members)", found)
        }
    }
    guard let then = expected.then else { return }
    let nth = expected.nth ?? 1
    guard found.indices.contains(nth - 1) else {
        throw failed("there is no such request number \(nth)", all)
    }
    let first = found[nth - 1]
    guard let next = all.first(where: { number($0) > number(first) && fits(then, $0, names) })
    else { throw failed("no request \(then) follows", all) }
    let pause = (next["time_ms"]?.doubleValue ?? 0) - (first["time_ms"]?.doubleValue ?? 0)
    guard pause >= expected.pauseAtLeast ?? 0, pause <= expected.pauseAtMost ?? .infinity else {
        throw failed("the pause was \(pause) ms", [first, next])
    }
}
