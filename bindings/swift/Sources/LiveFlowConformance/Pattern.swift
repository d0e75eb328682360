import LiveFlow

/// What patterns can refer to beside the value itself.
struct Names: Sendable {
    /// Session names and their ids.
    var sessions: [String: String] = [:]
    var flow = ""
}

/// The values noted by `$bind` so far.
typealias Bound = [String: JSONValue]

/// Whether a value fits, whatever was noted before.
func fits(_ pattern: JSONValue, _ value: JSONValue, _ names: Names) -> Bool {
    var bound: Bound = [:]
    return fits(pattern, value, names, &bound)
}

/// Whether a value fits; notes what `$bind` notes. After a misfit, `bound` may hold too much: use a
/// copy where another try follows.
func fits(_ pattern: JSONValue, _ value: JSONValue, _ names: Names, _ bound: inout Bound) -> Bool {
    switch pattern {
    case .array(let patterns):
        guard let items = value.arrayValue, items.count == patterns.count else { return false }
        return zip(patterns, items).allSatisfy { fits($0, $1, names, &bound) }
    case .object(let members):
        if members.count == 1, let (name, inner) = members.first, name.hasPrefix("$") {
            return match(name, inner, value, names, &bound)
        }
        guard value.objectValue != nil else { return false }
        // In an order of its own, so that `$bind` notes the same each time.
        return members.sorted { $0.key < $1.key }.allSatisfy { name, inner in
            fits(inner, value[name] ?? .null, names, &bound)
        }
    default: return isSame(pattern, value)
    }
}

private func match(
    _ name: String, _ inner: JSONValue, _ value: JSONValue, _ names: Names, _ bound: inout Bound
) -> Bool {
    func tries(_ pattern: JSONValue, _ value: JSONValue) -> Bool {
        var tried = bound
        guard fits(pattern, value, names, &tried) else { return false }
        bound = tried
        return true
    }
    let patterns = inner.arrayValue ?? []
    switch name {
    case "$any": return !value.isNull
    case "$exactly": return isSame(inner, value)
    case "$one_of": return patterns.contains { tries($0, value) }
    case "$all": return patterns.allSatisfy { fits($0, value, names, &bound) }
    case "$not":
        var tried = bound
        return !fits(inner, value, names, &tried)
    case "$contains":
        guard let part = inner.stringValue, let text = value.stringValue else { return false }
        return part.isEmpty || text.contains(part)
    case "$has": return value.arrayValue?.contains { tries(inner, $0) } ?? false
    case "$each":
        return value.arrayValue?.allSatisfy { fits(inner, $0, names, &bound) } ?? false
    case "$length":
        let length: Int? =
            switch value {
            case .array(let items): items.count
            case .object(let members): members.count
            case .string(let text): text.unicodeScalars.count
            default: nil
            }
        return length.map { fits(inner, .number(JSONNumber($0)), names, &bound) } ?? false
    case "$at_least":
        guard let least = inner.doubleValue, let number = value.doubleValue else { return false }
        return number >= least
    case "$at_most":
        guard let most = inner.doubleValue, let number = value.doubleValue else { return false }
        return number <= most
    case "$bind":
        let name = inner.stringValue ?? ""
        if let noted = bound[name] { return isSame(noted, value) }
        if value.isNull { return false }
        bound[name] = value
        return true
    case "$session":
        guard let id = names.sessions[inner.stringValue ?? ""] else { return false }
        return value.stringValue == id
    case "$flow": return value.stringValue == names.flow
    // Patterns are checked before anything is played.
    default: return false
    }
}

/// Whether two values are the same JSON: numbers by value, integers with all their digits.
func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
    switch (one, other) {
    case (.number(let one), .number(let other)):
        if one == other { return true }
        let bothWhole = ![one, other].contains { $0.text.contains { ".eE".contains($0) } }
        return !bothWhole && one.doubleValue == other.doubleValue
    case (.array(let one), .array(let other)):
        return one.count == other.count && zip(one, other).allSatisfy(isSame)
    case (.object(let one), .object(let other)):
        return one.count == other.count
            && one.allSatisfy { name, value in other[name].map { isSame(value, $0) } ?? false }
    default: return one == other
    }
}

/// One item of `exactly` or `in_order`.
enum Item: Sendable {
    case one(JSONValue)
    case optional(JSONValue)
    case anyNumberOf(JSONValue)

    init(_ written: JSONValue) {
        let members = written.objectValue ?? [:]
        if members.count == 1, let pattern = members["optional"] {
            self = .optional(pattern)
        } else if members.count == 1, let pattern = members["any_number_of"] {
            self = .anyNumberOf(pattern)
        } else {
            self = .one(written)
        }
    }

    var pattern: JSONValue {
        switch self {
        case .one(let pattern), .optional(let pattern), .anyNumberOf(let pattern): pattern
        }
    }
}

/// Fits events to items in every way there is, and remembers how far the best way came.
struct Fitting {
    let items: [Item]
    let events: [JSONValue]
    let names: Names
    private(set) var best = (events: 0, items: 0)

    init(_ items: [Item], _ events: [JSONValue], _ names: Names) {
        self.items = items
        self.events = events
        self.names = names
    }

    /// Whether there is a way to fit all events to all items.
    mutating func doesFit() -> Bool {
        doesFit(from: 0, 0, [:])
    }

    private mutating func doesFit(from item: Int, _ event: Int, _ bound: Bound) -> Bool {
        if (event, item) > (best.events, best.items) { best = (event, item) }
        guard item < items.count else { return event == events.count }
        switch items[item] {
        case .one(let pattern):
            guard let taken = take(pattern, event, bound) else { return false }
            return doesFit(from: item + 1, event + 1, taken)
        case .optional(let pattern):
            if let taken = take(pattern, event, bound), doesFit(from: item + 1, event + 1, taken) {
                return true
            }
            return doesFit(from: item + 1, event, bound)
        case .anyNumberOf(let pattern):
            if doesFit(from: item + 1, event, bound) { return true }
            guard let taken = take(pattern, event, bound) else { return false }
            return doesFit(from: item, event + 1, taken)
        }
    }

    private func take(_ pattern: JSONValue, _ event: Int, _ bound: Bound) -> Bound? {
        var tried = bound
        guard event < events.count, fits(pattern, events[event], names, &tried) else { return nil }
        return tried
    }
}
