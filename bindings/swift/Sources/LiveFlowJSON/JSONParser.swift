extension JSONValue {
    /// Parses JSON text. Numbers keep their digits, and of two members of the same name the later
    /// one counts.
    public init(parsing text: String) throws {
        var copy = text
        self = try copy.withUTF8 { bytes in
            var parser = Parser(bytes: bytes)
            return try parser.document()
        }
    }
}

/// Text that is not JSON.
public struct JSONParsingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where, in bytes from the beginning.
    public let offset: Int
    /// What is wrong there.
    public let problem: String

    public var description: String { "not JSON at byte \(offset): \(problem)" }
}

private struct Parser {
    /// Deeper text is refused, so that none can exhaust the stack.
    static let deepest = 256

    let bytes: UnsafeBufferPointer<UInt8>
    var at = 0
    var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    mutating func document() throws -> JSONValue {
        let value = try value()
        skipSpace()
        guard at == bytes.count else { throw mistake("something follows the value") }
        return value
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func mistake(_ problem: String) -> JSONParsingError {
        JSONParsingError(offset: at, problem: problem)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            at += 1
        }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard next == byte.asciiValue else { return false }
        at += 1
        return true
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        guard let byte = next else { throw mistake("a value is missing") }
        switch Character(UnicodeScalar(byte)) {
        case "{": return try nested { try $0.object() }
        case "[": return try nested { try $0.array() }
        case "\"": return .string(try string())
        case "t": return try word("true", .bool(true))
        case "f": return try word("false", .bool(false))
        case "n": return try word("null", .null)
        case "-", "0"..."9": return .number(try number())
        default: throw mistake("a value is missing")
        }
    }

    private mutating func nested(_ inner: (inout Parser) throws -> JSONValue) throws -> JSONValue {
        depth += 1
        guard depth <= Self.deepest else { throw mistake("nested more than \(Self.deepest) deep") }
        at += 1
        let value = try inner(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard next == Character("\"").asciiValue else { throw mistake("a name is missing") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw mistake("a colon is missing") }
            members[name] = try value()
            skipSpace()
        } while take(",")
        guard take("}") else { throw mistake("the object is not closed") }
        return .object(members)
    }

    private mutating func array() throws -> JSONValue {
        var items: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(items) }
        repeat {
            items.append(try value())
            skipSpace()
        } while take(",")
        guard take("]") else { throw mistake("the list is not closed") }
        return .array(items)
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let end = at + word.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard end <= bytes.count, bytes[at..<end].elementsEqual(expected) else {
            throw mistake("a value is missing")
        }
        at = end
        return value
    }

    private mutating func number() throws -> JSONNumber {
        let start = at
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return JSONNumber(checked: String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func digits() throws {
        let start = at
        while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
        guard at > start else { throw mistake("a digit is missing") }
    }

    private mutating func string() throws -> String {
        at += 1
        var text: [UInt8] = []
        var start = at
        while let byte = next {
            switch byte {
            case 0x22:
                text.append(contentsOf: bytes[start..<at])
                at += 1
                return String(decoding: text, as: UTF8.self)
            case 0x5C:
                text.append(contentsOf: bytes[start..<at])
                at += 1
                text.append(contentsOf: String(try escaped()).utf8)
                start = at
            case ..<0x20: throw mistake("a control character stands in a text")
            default: at += 1
            }
        }
        throw mistake("the text is not closed")
    }

    private mutating func escaped() throws -> UnicodeScalar {
        guard let byte = next else { throw mistake("the text is not closed") }
        at += 1
        switch Character(UnicodeScalar(byte)) {
        case "\"": return "\""
        case "\\": return "\\"
        case "/": return "/"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u": break
        default: throw mistake("an unknown escape")
        }
        let unit = try hexadecimal()
        // Half of a pair that has no other half stands for no character.
        guard (0xD800..<0xDC00).contains(unit) else { return UnicodeScalar(unit) ?? "\u{FFFD}" }
        let back = at
        if take("\\"), take("u") {
            let low = try hexadecimal()
            if (0xDC00..<0xE000).contains(low) {
                let scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                return UnicodeScalar(scalar) ?? "\u{FFFD}"
            }
        }
        at = back
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws -> UInt32 {
        guard at + 4 <= bytes.count,
            bytes[at..<at + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw mistake("four hexadecimal digits are missing") }
        at += 4
        return unit
    }
}
