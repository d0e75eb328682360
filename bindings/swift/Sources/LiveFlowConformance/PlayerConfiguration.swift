import Foundation
import LiveFlow

/// What is left out of a scenario's configuration; it makes scenarios quick.
private let defaults: JSONValue = [
    "timeouts": ["connect_ms": 1000, "request_ms": 1000, "total_ms": 8000],
    "retry": ["initial_backoff_ms": 20, "max_backoff_ms": 100, "multiplier": 2],
    "polling": [
        "running_min_ms": 20, "running_max_ms": 100, "waiting_min_ms": 50, "waiting_max_ms": 200,
        "growth": 0.2, "jitter": 0.1,
    ],
    "watch_limit_ms": 30000,
    "max_staleness_ms": 200,
    "answer_grace_ms": 1300,
    "max_retry_after_ms": 5000,
    "suspend_grace_ms": 200,
    "requests_per_second": 0,
    "proxy": "direct",
]

/// A scenario's `client` as the SDK's configuration.
struct PlayerConfiguration {
    let configuration: Configuration
    /// Every text of it that must not be shown.
    let secrets: [String]

    /// The defaults, then each layer merged over the ones before.
    init(
        layers: [JSONValue], of service: Service, stores: Stores
    ) throws {
        var members = try Members(layers.reduce(defaults, merged), "client")
        let credentials = try members.list("credentials").map { sets in
            try sets.map { set in try set.decoded(as: [String: String].self) }
        }
        let key = try members.text("api_key")
        var it = Configuration(apiKey: key ?? (credentials == nil ? service.apiKey : ""))
        secrets = ([key].compactMap { $0 } + (credentials ?? []).flatMap(\.values))
            .filter { !$0.isEmpty }
        it.baseURL = try members.text("base_url").flatMap(URL.init(string:)) ?? service.baseURL
        it.organisationID = try members.text("organisation_id")
        if var timeouts = try members.members("timeouts") {
            try set(&it.timeouts.connect, timeouts.seconds("connect_ms"))
            try set(&it.timeouts.request, timeouts.seconds("request_ms"))
            try set(&it.timeouts.total, timeouts.seconds("total_ms"))
            try timeouts.finish()
        }
        if var retry = try members.members("retry") {
            try set(&it.retry.initialBackoff, retry.seconds("initial_backoff_ms"))
            try set(&it.retry.maxBackoff, retry.seconds("max_backoff_ms"))
            try set(&it.retry.multiplier, retry.number("multiplier"))
            try retry.finish()
        }
        if var polling = try members.members("polling") {
            try set(&it.polling.runningMin, polling.seconds("running_min_ms"))
            try set(&it.polling.runningMax, polling.seconds("running_max_ms"))
            try set(&it.polling.waitingMin, polling.seconds("waiting_min_ms"))
            try set(&it.polling.waitingMax, polling.seconds("waiting_max_ms"))
            try set(&it.polling.growth, polling.number("growth"))
            try set(&it.polling.jitter, polling.number("jitter"))
            try polling.finish()
        }
        try set(&it.watchLimit, members.seconds("watch_limit_ms"))
        try set(&it.resendAnswers, members.bool("resend_answers"))
        try set(&it.verifyBeforeAnswer, members.bool("verify_before_answer"))
        try set(&it.answerGrace, members.seconds("answer_grace_ms"))
        try set(&it.maxStaleness, members.seconds("max_staleness_ms"))
        try set(&it.adoptCreated, members.bool("adopt_created"))
        it.correlationMember = try members.text("correlation_member")
        try set(&it.recreateWhenUnseen, members.bool("recreate_when_unseen"))
        try set(&it.maxRetryAfter, members.seconds("max_retry_after_ms"))
        try set(&it.suspendGrace, members.seconds("suspend_grace_ms"))
        it.handlerTimeout = try members.seconds("handler_timeout_ms")
        try set(&it.callbackLimit, members.count("callback_limit"))
        try set(&it.maxConcurrentRequests, members.count("max_concurrent_requests"))
        try set(&it.requestsPerSecond, members.number("requests_per_second"))
        try set(&it.maxBodyBytes, members.count("max_body_bytes"))
        it.proxy = try proxy(members.required("proxy"))
        try set(&it.allowInsecureHTTP, members.bool("allow_insecure_http"))
        it.userAgentSuffix = try members.text("user_agent_suffix")
        if let endpoints = try members.members("endpoints") { try put(endpoints, &it.endpoints) }
        for (word, status) in try members.object("status_aliases")?.objectValue ?? [:] {
            it.statusAliases[word] = try known(status, statuses)
        }
        it.credentials = credentials.map(RotatingCredentials.init)
        switch members.json("checkpoint_store") {
        case nil, .null?: break
        case "memory"?: it.checkpointStore = stores.memory
        case "files"?: it.checkpointStore = try FileCheckpointStore(folder: stores.folder)
        case "failing"?: it.checkpointStore = FailingStore()
        case let other?: throw Failure.invalid("client: there is no store \(other)")
        }
        try members.finish()
        configuration = it
    }
}

private let statuses: [String: SessionStatus] = [
    "ready": .ready, "running": .running, "waiting": .waitingForUserInput, "finished": .finished,
    "failed": .failed,
]

private func known<Value>(_ word: JSONValue, _ words: [String: Value]) throws -> Value {
    guard let value = words[word.stringValue ?? ""] else {
        throw Failure.invalid("client: \(word) is none of \(words.keys.sorted())")
    }
    return value
}

private func proxy(_ written: JSONValue) throws -> Configuration.Proxy {
    if written.objectValue?.count == 1, let url = written["url"]?.stringValue { return .url(url) }
    return try known(written, ["direct": .direct, "system": .system])
}

private func put(_ written: Members, _ endpoints: inout Configuration.Endpoints) throws {
    var written = written
    if let body = try written.text("create_body") {
        endpoints.createBody = try known(.string(body), ["bare": .bare, "wrapped": .wrapped])
    }
    try set(&endpoints.addUserInput, endpoint(written.members("add_user_input")))
    try set(&endpoints.userInputMember, written.text("user_input_member"))
    try set(&endpoints.cancelSession, endpoint(written.members("cancel_session")))
    endpoints.listPageSize = try written.count("list_page_size")
    try written.finish()
}

private func endpoint(_ written: Members?) throws -> Configuration.Endpoints.Endpoint? {
    guard var written else { return nil }
    let method = try written.word("method", as: Configuration.Endpoints.Endpoint.Method.self)
    let path = try written.text("path")
    try written.finish()
    guard let method, let path else {
        throw Failure.invalid("client: an endpoint has `method` and `path`")
    }
    return .init(method, path)
}

private func set<Value>(_ setting: inout Value, _ value: Value?) {
    if let value { setting = value }
}

private func merged(_ under: JSONValue, _ over: JSONValue) -> JSONValue {
    guard let members = under.objectValue, let over = over.objectValue else { return over }
    return .object(members.merging(over, uniquingKeysWith: merged))
}

extension Members {
    fileprivate mutating func seconds(_ name: String) throws -> Double? {
        try count(name).map { Double($0) / 1000 }
    }
}

/// Gives the first set of headers, and the next one each time the last were refused.
final class RotatingCredentials: CredentialsProvider {
    private let sets: [[String: String]]
    private let at = Guarded(0)

    init(_ sets: [[String: String]]) {
        self.sets = sets
    }

    func headers(refused: Bool) async throws -> [String: String] {
        let at = at.with { at in
            if refused, at + 1 < sets.count { at += 1 }
            return at
        }
        return sets.indices.contains(at) ? sets[at] : [:]
    }
}

/// What the clients of one scenario have in common: checkpoints that outlive them.
final class Stores: Sendable {
    let memory = MemoryStore()
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("liveflow-\(UUID().uuidString)")

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }
}

/// A checkpoint store that all clients of a scenario share.
final class MemoryStore: CheckpointStore {
    private let kept = Guarded<[String: StoredCheckpoint]>([:])

    func save(_ checkpoint: StoredCheckpoint) async throws {
        kept.with { $0[checkpoint.sessionID] = checkpoint }
    }

    func load(sessionID: String) async throws -> StoredCheckpoint? { kept.with { $0[sessionID] } }

    func list() async throws -> [String] { kept.with { $0.keys.sorted() } }

    func delete(sessionID: String) async throws {
        kept.with { $0[sessionID] = nil }
    }
}

/// A store that cannot save.
struct FailingStore: CheckpointStore {
    func save(_ checkpoint: StoredCheckpoint) async throws {
        throw Raised(message: "the store is full")
    }

    func load(sessionID: String) async throws -> StoredCheckpoint? { nil }
    func list() async throws -> [String] { [] }
    func delete(sessionID: String) async throws {}
}
