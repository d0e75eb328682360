import Foundation

extension JSONValue: Codable {
    /// Decodes any JSON. Decoders give numbers as 64-bit integers or `Decimal`: all the digits of any
    /// number are kept by ``init(parsing:)`` only.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .number(JSONNumber(value))
        } else if let value = try? container.decode(UInt64.self) {
            self = .number(JSONNumber(value))
        } else if let value = try? container.decode(Decimal.self) {
            self = .number(JSONNumber(value))
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Encodes this JSON. Encoders take numbers as 64-bit integers, `Decimal` or `Double`: all the
    /// digits of any number are kept by ``jsonText`` only.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        case .number(let number):
            if let value = Int64(number.text) {
                try container.encode(value)
            } else if let value = UInt64(number.text) {
                try container.encode(value)
            } else if let value = number.decimalValue, JSONNumber(value) == number {
                try container.encode(value)
            } else {
                try container.encode(number.doubleValue)
            }
        }
    }

    /// The JSON that a value of a type of yours encodes to.
    public init(encoding value: some Encodable, with encoder: JSONEncoder = JSONEncoder()) throws {
        self = try JSONValue(parsing: String(decoding: encoder.encode(value), as: UTF8.self))
    }

    /// Decodes a type of yours from this JSON.
    public func decoded<Value: Decodable>(
        as type: Value.Type = Value.self, with decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
        try decoder.decode(type, from: Data(jsonText.utf8))
    }
}
