import Foundation

/// A number as JSON writes it, with all its digits.
///
/// Two numbers are equal when they are the same number, however they are written: `1.0` is `1`.
public struct JSONNumber: Sendable {
    /// The digits as they were written.
    public let text: String

    /// A whole number.
    public init(_ value: some BinaryInteger) {
        text = String(value)
    }

    /// A floating-point number. JSON has no way to write infinity and "not a number": a call that
    /// is given one of them refuses it as ``/LiveFlow/LiveFlowError/invalidRequest(_:argument:fieldErrors:)``.
    public init(_ value: Double) {
        text =
            value.isFinite && value == value.rounded() && abs(value) < 1e15
            ? String(Int64(value)) : "\(value)"
    }

    /// A decimal number.
    public init(_ value: Decimal) {
        text = "\(value)"
    }

    /// The number that this text writes as JSON does, or `nil`.
    public init?(text: String) {
        guard case .number(let number)? = try? JSONValue(parsing: text) else { return nil }
        self = number
    }

    init(checked text: String) {
        self.text = text
    }

    /// The number as an `Int`, if it is a whole number that fits.
    public var intValue: Int? {
        if let value = Int(text) { return value }
        guard let (isNegative, digits, exponent) = parts, exponent >= 0, exponent < 20 else {
            return nil
        }
        return Int((isNegative ? "-" : "") + digits + String(repeating: "0", count: exponent))
    }

    /// The nearest `Double`.
    public var doubleValue: Double {
        Double(text) ?? .nan
    }

    /// The number as a `Decimal`, which has 38 digits.
    public var decimalValue: Decimal? {
        Decimal(string: text, locale: Locale(identifier: "en_US_POSIX"))
    }

    /// The sign, the digits without zeros at either end, and the power of ten they are to be
    /// multiplied with. None for what is no number.
    private var parts: (isNegative: Bool, digits: String, exponent: Int)? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative { rest.removeFirst() }
        var exponent = 0
        if let mark = rest.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let power = Int(rest[rest.index(after: mark)...]) else { return nil }
            exponent = power
            rest = rest[..<mark]
        }
        var digits = rest.filter { $0 != "." }
        guard !digits.isEmpty, digits.allSatisfy(\.isASCII), digits.allSatisfy(\.isNumber) else {
            return nil
        }
        if let point = rest.firstIndex(of: ".") {
            let (sum, overflow) = exponent.subtractingReportingOverflow(
                rest.distance(from: point, to: rest.endIndex) - 1)
            guard !overflow else { return nil }
            exponent = sum
        }
        while digits.count > 1, digits.last == "0" {
            digits.removeLast()
            exponent += 1
        }
        digits = String(digits.drop { $0 == "0" })
        return digits.isEmpty ? (false, "0", 0) : (isNegative, digits, exponent)
    }
}

extension JSONNumber: Hashable {
    /// Whether both are the same number, however they are written.
    public static func == (one: Self, other: Self) -> Bool {
        if one.text == other.text { return true }
        guard let one = one.parts, let other = other.parts else { return false }
        return one == other
    }

    /// Goes by the number, not by how it is written.
    public func hash(into hasher: inout Hasher) {
        guard let parts else { return hasher.combine(text) }
        hasher.combine(parts.isNegative)
        hasher.combine(parts.digits)
        hasher.combine(parts.exponent)
    }
}

extension JSONNumber: CustomStringConvertible {
    /// The digits as they were written.
    public var description: String { text }
}
