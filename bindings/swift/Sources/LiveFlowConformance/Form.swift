import LiveFlow

/// What a value looks like that a pattern is compared with. Patterns are held against it before
/// anything is played, so that a misspelt member is a mistake and not a pattern that never fits.
indirect enum Form: Equatable {
    case json, text, number, boolean, event
    /// One of a list of words.
    case words(String)
    /// An object with the members of this form.
    case object(String)
    case list(Form)
}

/// `forms.json`.
struct Forms: Sendable {
    private let events: [String: JSONValue]
    private let forms: [String: JSONValue]
    private let words: [String: [JSONValue]]

    init(_ file: JSONValue) throws {
        var members = try Members(file, "forms.json")
        events = try members.required("events").objectValue ?? [:]
        forms = try members.required("forms").objectValue ?? [:]
        words = (try members.required("words").objectValue ?? [:]).mapValues { $0.arrayValue ?? [] }
        try members.finish()
    }

    func isEvent(_ kind: String) -> Bool { events[kind] != nil }

    /// Whether a rendered value has exactly the members of its form: a check of the player itself.
    func hasTheMembers(_ form: String, _ value: JSONValue) -> Bool {
        guard var there = value.objectValue else { return false }
        let known = form == "event" ? events[value["event"]?.stringValue ?? ""] : forms[form]
        if form == "event" { there["event"] = nil }
        return known?.objectValue.map { Set($0.keys) == Set(there.keys) } ?? false
    }

    /// Whether the pattern can be compared with a value of this form.
    func check(_ pattern: JSONValue, against form: Form) throws {
        switch pattern {
        case .null: return
        case .bool: try take(pattern, form, form == .json || form == .boolean)
        case .number: try take(pattern, form, form == .json || form == .number)
        case .string:
            if case .words(let name) = form {
                try take(pattern, form, words[name]?.contains(pattern) ?? false)
            } else {
                try take(pattern, form, form == .json || form == .text)
            }
        case .array(let items):
            switch form {
            case .json: for item in items { try check(item, against: .json) }
            case .list(let inner): for item in items { try check(item, against: inner) }
            default: try take(pattern, form, false)
            }
        case .object(let members):
            guard let matcher = members.first(where: { $0.key.hasPrefix("$") }) else {
                return try checkMembers(pattern, members, form)
            }
            guard members.count == 1 else {
                throw mistake(pattern, "a matcher object has exactly one member")
            }
            try checkMatcher(pattern, matcher.key, matcher.value, form)
        }
    }

    private func checkMembers(
        _ pattern: JSONValue, _ members: [String: JSONValue], _ form: Form
    ) throws {
        let known: JSONValue
        var rest = members
        switch form {
        case .json:
            for inner in members.values { try check(inner, against: .json) }
            return
        case .object(let name): known = forms[name] ?? [:]
        case .event:
            if members.isEmpty { return }
            guard let kind = rest.removeValue(forKey: "event")?.stringValue else {
                throw mistake(pattern, "an event pattern names its `event`")
            }
            guard let event = events[kind] else {
                throw mistake(pattern, "there is no event \(kind)")
            }
            known = event
        default: return try take(pattern, form, false)
        }
        for (name, inner) in rest {
            guard let member = known[name] else {
                throw mistake(pattern, "there is no member `\(name)` here")
            }
            try check(inner, against: read(member))
        }
    }

    private func checkMatcher(
        _ pattern: JSONValue, _ name: String, _ inner: JSONValue, _ form: Form
    ) throws {
        var item: Form? = form == .json ? .json : nil
        if case .list(let inner) = form { item = inner }
        var isText = form == .json || form == .text
        if case .words = form { isText = true }
        switch (name, inner) {
        case ("$any", true), ("$flow", true), ("$exactly", _), ("$bind", .string): return
        case ("$one_of", .array(let patterns)), ("$all", .array(let patterns)):
            for pattern in patterns { try check(pattern, against: form) }
            return
        case ("$not", _):
            guard !holdsBind(inner) else {
                throw mistake(pattern, "`$bind` does not stand inside `$not`")
            }
            return try check(inner, against: form)
        case ("$has", _), ("$each", _):
            if let item { return try check(inner, against: item) }
        case ("$length", _) where item != nil || isText: return try check(inner, against: .number)
        case ("$contains", .string) where isText, ("$session", .string) where isText: return
        case ("$at_least", .number), ("$at_most", .number):
            if form == .json || form == .number { return }
        default: break
        }
        throw mistake(pattern, "\(form) has no such matcher")
    }

    private func read(_ member: JSONValue) -> Form {
        if let inner = member[0] { return .list(read(inner)) }
        switch member.stringValue ?? "" {
        case "json": return .json
        case "text": return .text
        case "number": return .number
        case "boolean": return .boolean
        case let name: return words[name] != nil ? .words(name) : .object(name)
        }
    }

    private func take(_ pattern: JSONValue, _ form: Form, _ fits: Bool) throws {
        if !fits { throw mistake(pattern, "this never fits \(form)") }
    }

    private func mistake(_ pattern: JSONValue, _ problem: String) -> Failure {
        .invalid("pattern \(pattern): \(problem)")
    }

    private func holdsBind(_ pattern: JSONValue) -> Bool {
        switch pattern {
        case .array(let items): items.contains(where: holdsBind)
        case .object(let members):
            members.contains { $0.key == "$bind" || holdsBind($0.value) }
        default: false
        }
    }
}
