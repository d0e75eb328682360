import Foundation
import LiveFlowJSON
import Testing

@Suite struct JSONValueTests {
    @Test func literalsWriteJSON() {
        let value: JSONValue = [
            "company": "ACME", "size": 3, "share": 0.5, "tags": ["a", nil, true],
        ]
        #expect(
            value.jsonText == #"{"company":"ACME","share":0.5,"size":3,"tags":["a",null,true]}"#)
    }

    @Test(arguments: [
        "123456789012345678901234567890", "0.10000000000000000001", "-0", "1E400", "1e-7",
    ])
    func numbersKeepTheirDigits(text: String) throws {
        #expect(try JSONValue(parsing: text).jsonText == text)
    }

    @Test func numbersAreEqualByValue() throws {
        #expect(try JSONValue(parsing: "1.0") == 1)
        #expect(try JSONValue(parsing: "10e-1") == 1)
        #expect(try JSONValue(parsing: "0.0") == JSONValue(parsing: "-0"))
        #expect(try JSONValue(parsing: "100").hashValue == JSONValue(parsing: "1e2").hashValue)
        #expect(
            try JSONValue(parsing: "12345678901234567890")
                != JSONValue(parsing: "12345678901234567891"))
        #expect(try JSONValue(parsing: "1e3").intValue == 1000)
        #expect(try JSONValue(parsing: "1.5").intValue == nil)
        #expect(JSONNumber(text: "1.5")?.decimalValue == Decimal(string: "1.5"))
        #expect(JSONNumber(text: "inf") == nil)
    }

    @Test(arguments: [
        (#""\u00e9\ud83d\ude00\/\n""#, "é😀/\n"), (#""\ud800""#, "\u{FFFD}"),
        (#""\udc00x""#, "\u{FFFD}x"), (#""\ud800A""#, "\u{FFFD}A"), (#""日本""#, "日本"),
    ])
    func textsAreUnescaped(json: String, text: String) throws {
        #expect(try JSONValue(parsing: json) == .string(text))
    }

    @Test func textsAreEscaped() throws {
        let value: JSONValue = "a\"b\\c\n\u{1}é"
        #expect(value.jsonText == #""a\"b\\c\n\u0001é""#)
        #expect(try JSONValue(parsing: value.jsonText) == value)
    }

    @Test(arguments: [
        "", " ", "tru", "01", "1.", "-", "[1,]", "{\"a\" 1}", "{a:1}", "\"", "\"\u{1}\"", "\"\\x\"",
        "\"\\u12g4\"", "1 2", "nul", "{\"a\":1,}", "[1", "+1", ".5", "NaN",
    ])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(throws: JSONParsingError.self) { try JSONValue(parsing: text) }
    }

    @Test func endlessNestingIsRefused() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParsingError.self) { try JSONValue(parsing: deep) }
    }

    @Test func partsAreReached() throws {
        let value = try JSONValue(parsing: #"{"a": [1, {"b": "c"}], "d": true}"#)
        #expect(value["a"]?[1]?["b"]?.stringValue == "c")
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["d"]?.boolValue == true)
        #expect(value["a"]?[7] == nil)
        #expect(value["none"] == nil)
        #expect(value["none"] != .some(.null))
    }

    @Test func yourOwnTypesGoInAndOut() throws {
        struct Company: Codable, Equatable {
            var name: String
            var size: Int
            var share: Double?
        }
        let company = Company(name: "ACME", size: 3, share: 0.25)
        let value = try JSONValue(encoding: company)
        #expect(value == ["name": "ACME", "size": 3, "share": 0.25])
        #expect(try value.decoded(as: Company.self) == company)
    }

    @Test func itIsCodableItself() throws {
        let text = #"{"a":[1,-2.5,18446744073709551615,"x",null,true],"b":{}}"#
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        #expect(try value == JSONValue(parsing: text))
        let again = try JSONValue(
            parsing: String(decoding: JSONEncoder().encode(value), as: UTF8.self))
        #expect(again == value)
    }
}
