import LiveFlow

/// What one consumer was told, and how it ended.
struct Recording {
    let events: [JSONValue]
    /// It was told that nothing follows.
    let isOver: Bool
    /// How many events it had been told when it was closed, if it is a callback.
    let closedAfter: Int?
}

/// A broken rule, by its name, and what broke it.
struct Broken {
    let rule: String
    let by: String

    init(_ rule: String, _ by: some CustomStringConvertible) {
        self.rule = rule
        self.by = by.description
    }
}

private let ends: Set = ["finished", "failed", "watch_ended"]

private func kind(_ event: JSONValue) -> String { event["event"]?.stringValue ?? "" }

extension Recording {
    /// All rules that this recording breaks.
    var broken: [Broken] {
        oneEnd + prompts + statusChain + connectionPairs + endFits + lateCallback
            + events.flatMap(withoutReason)
    }

    private var oneEnd: [Broken] {
        guard let end = events.firstIndex(where: { ends.contains(kind($0)) }) else {
            return isOver ? [Broken("one_end", "no end was told")] : []
        }
        return events[(end + 1)...].map { Broken("one_end", "after the end came \($0)") }
    }

    private var prompts: [Broken] {
        var broken: [Broken] = []
        var requested: [JSONValue] = []
        var closed: Set<JSONValue> = []
        for event in events {
            let prompt = event["prompt"]
            let id: JSONValue = [prompt?["run_id"] ?? nil, prompt?["round"] ?? nil]
            switch kind(event) {
            case "prompt_requested":
                if requested.contains(id) { broken.append(Broken("prompt_once", event)) }
                requested.append(id)
            case "prompt_closed":
                if closed.contains(id) || !requested.contains(id) {
                    broken.append(Broken("prompt_closed_once", event))
                }
                closed.insert(id)
            case let kind where ends.contains(kind):
                // What comes after the end breaks another rule.
                return broken
                    + requested.filter { !closed.contains($0) }.map {
                        Broken("prompt_left_open", $0)
                    }
            default: break
            }
        }
        return broken
    }

    private var statusChain: [Broken] {
        var last: JSONValue = .null
        var broken: [Broken] = []
        for event in events where kind(event) == "status_changed" {
            let current = event["current"] ?? .null
            if event["previous"] ?? .null != last || current == last {
                broken.append(Broken("status_chain", event))
            }
            last = current
        }
        return broken
    }

    private var connectionPairs: [Broken] {
        var isLost = false
        var broken: [Broken] = []
        for event in events where kind(event).hasPrefix("connection_") {
            let isLostNow = kind(event) == "connection_lost"
            if isLostNow == isLost { broken.append(Broken("connection_pairs", event)) }
            isLost = isLostNow
        }
        return broken
    }

    private var endFits: [Broken] {
        events.filter { event in
            let status = event["session"]?["status"]
            return switch kind(event) {
            case "finished": status != "finished"
            case "failed": status != "failed" || event["error"]?["kind"] != "session_failed"
            default: false
            }
        }.map { Broken("end_fits", $0) }
    }

    private var lateCallback: [Broken] {
        events.dropFirst(closedAfter ?? events.count).map { Broken("late_callback", $0) }
    }
}

/// An error without words.
func withoutReason(_ shown: JSONValue) -> [Broken] {
    guard let error = shown["error"], error["kind"] != nil else { return [] }
    let words = error["reason"]?.stringValue ?? ""
    return words.allSatisfy(\.isWhitespace) ? [Broken("reason", error)] : []
}

/// Secrets, anywhere in what was shown.
func secretsShown(_ shown: JSONValue, _ secrets: [String]) -> [Broken] {
    let text = shown.jsonText
    return secrets.filter { text.contains($0) }.map { _ in Broken("secret", text) }
}
