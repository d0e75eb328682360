import Foundation
import LiveFlow

/// The members of an object, taken one by one; what is left at the end is not known, and a mistake.
struct Members {
    private var left: [String: JSONValue]
    private let place: String

    init(_ value: JSONValue, _ place: String) throws {
        guard let members = value.objectValue else {
            throw Failure.invalid("\(place) is an object, not \(value)")
        }
        left = members
        self.place = place
    }

    /// What is there, null included.
    mutating func json(_ name: String) -> JSONValue? {
        left.removeValue(forKey: name)
    }

    mutating func required(_ name: String) throws -> JSONValue {
        guard let value = json(name) else {
            throw Failure.invalid("\(place) has the member `\(name)`")
        }
        return value
    }

    mutating func text(_ name: String) throws -> String? {
        try take(name, "a text", \.stringValue)
    }

    mutating func count(_ name: String) throws -> Int? {
        try take(name, "a whole number") { $0.intValue.flatMap { $0 >= 0 ? $0 : nil } }
    }

    mutating func number(_ name: String) throws -> Double? {
        try take(name, "a number", \.doubleValue)
    }

    mutating func bool(_ name: String) throws -> Bool? {
        try take(name, "true or false", \.boolValue)
    }

    mutating func list(_ name: String) throws -> [JSONValue]? {
        try take(name, "a list", \.arrayValue)
    }

    mutating func texts(_ name: String) throws -> [String]? {
        try take(name, "a list of texts") { value in
            guard let items = value.arrayValue else { return nil }
            let texts = items.compactMap(\.stringValue)
            return texts.count == items.count ? texts : nil
        }
    }

    mutating func object(_ name: String) throws -> JSONValue? {
        try take(name, "an object") { $0.objectValue == nil ? nil : $0 }
    }

    mutating func members(_ name: String) throws -> Members? {
        try object(name).map { try Members($0, "\(place).\(name)") }
    }

    mutating func word<Word: RawRepresentable<String>>(
        _ name: String, as type: Word.Type = Word.self
    ) throws -> Word? {
        try take(name, "a known word") { $0.stringValue.flatMap(Word.init(rawValue:)) }
    }

    func finish() throws {
        guard left.isEmpty else {
            throw Failure.invalid(
                "\(place): unknown member \(left.keys.sorted().map { "`\($0)`" })")
        }
    }

    private mutating func take<Value>(
        _ name: String, _ what: String, _ read: (JSONValue) -> Value?
    ) throws -> Value? {
        guard let value = json(name), !value.isNull else { return nil }
        guard let read = read(value) else {
            throw Failure.invalid("\(place).\(name) is \(what), not \(value)")
        }
        return read
    }
}

func readJSON(_ file: URL) throws -> JSONValue {
    do {
        return try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
    } catch {
        throw Failure.invalid("\(file.lastPathComponent): \(error)")
    }
}
