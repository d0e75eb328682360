import Foundation
internal import LiveFlowBoundary

/// Talks to one organisation's Live Flow service, and watches any number of its sessions.
///
/// ```swift
/// let client = try Client(Configuration(apiKey: key))
/// let session = try await client.run(flowID, inputs: ["company": "ACME"]) { prompt in
///     await ask(prompt.text)
/// }
/// print(session.status, session.output ?? "")
/// ```
///
/// A flow is named by its UUID or by the address of its page. Cancelling a task gives up its call at
/// once; a session itself is ended by its flow, or by ``cancelSession(_:_:)``, only. A client stops
/// when it, its watched sessions and their streams are all gone, and at ``close()``.
public final class Client: Sendable {
    private let core: CoreClient
    private let host = Host()

    /// A client with this configuration. Nothing is sent yet.
    ///
    /// - Throws: ``LiveFlowError/configuration(_:setting:)`` where it does not fit.
    public init(_ configuration: Configuration) throws {
        let (config, credentials, store) = try Self.parts(configuration, host)
        core = try crossing {
            try CoreClient(
                apiKey: configuration.apiKey, config: config, credentials: credentials,
                checkpointStore: store)
        }
    }

    /// A client configured by `TRUESTATE_API_KEY`, `TRUESTATE_ORGANISATION_ID` (or
    /// `TRUESTATE_ORGANISATION`) and `TRUESTATE_HOST`.
    ///
    /// - Parameter change: Changes settings before they are used. The key is the environment's; so
    ///   are the address and the organisation where they are left `nil`.
    /// - Throws: ``LiveFlowError/configuration(_:setting:)`` where something is missing or does not
    ///   fit.
    public static func fromEnvironment(
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> Client {
        var configuration = Configuration(apiKey: "")
        change(&configuration)
        guard configuration.apiKey.isEmpty else {
            throw LiveFlowError.invalidSetting(
                "api_key", "is the environment's here; give yours to Client(_:)")
        }
        return try Client(fromEnvironment: configuration)
    }

    private init(fromEnvironment configuration: Configuration) throws {
        let (config, credentials, store) = try Self.parts(configuration, host)
        core = try crossing {
            try CoreClient.fromEnv(config: config, credentials: credentials, checkpointStore: store)
        }
    }

    private static func parts(
        _ configuration: Configuration, _ host: Host
    ) throws -> (CoreConfig, CredentialsBridge?, StoreBridge?) {
        (
            try configuration.core(),
            configuration.credentials.map { CredentialsBridge($0, host: host) },
            configuration.checkpointStore.map { StoreBridge($0, host: host) }
        )
    }

    deinit {
        close()
    }

    /// Where the service is.
    public var baseURL: URL? { URL(string: core.baseUrl()) }

    var gate: Gate { host.gate }

    // MARK: The service's five calls

    /// *Create session*: starts a run of the flow without watching it.
    ///
    /// It is sent again only while it surely never reached the service. When nobody can tell,
    /// ``LiveFlowError/outcomeUnknown(_:candidates:)`` lists the sessions that it could have made.
    public func createSession(_ flowID: String, inputs: JSONValue = [:]) async throws -> Session {
        try await awaiting {
            try core.createSession(liveFlowId: flowID, inputs: inputs.jsonText)
        }.asSession()
    }

    /// *Get session*: the session as it is now.
    public func getSession(_ flowID: String, _ sessionID: String) async throws -> Session {
        try await awaiting {
            try core.getSession(liveFlowId: flowID, sessionId: sessionID)
        }.asSession()
    }

    /// *Get sessions*: every session the flow ever ran. Prefer ``iterSessions(_:)`` where there may
    /// be many.
    public func getSessions(_ flowID: String) async throws -> [Session] {
        try await awaiting { try core.getSessions(liveFlowId: flowID) }.asSessions()
    }

    /// *Get sessions*, one at a time, in bounded memory. Nothing is sent before the first is asked
    /// for.
    public func iterSessions(_ flowID: String) throws -> SessionList {
        SessionList(core: try crossing { try core.iterSessions(liveFlowId: flowID) }, client: self)
    }

    /// *Add user input*: answers whatever the session asks at the moment it arrives.
    /// `answer` of a ``LiveSession`` does better: it answers one certain prompt.
    public func addUserInput(
        _ flowID: String, _ sessionID: String, _ userInput: Answer
    ) async throws -> Session {
        try await awaiting {
            try core.addUserInput(
                liveFlowId: flowID, sessionId: sessionID, userInput: userInput.core)
        }.asSession()
    }

    /// *Cancel session*: ends the session at the service, and gives it as it ended.
    public func cancelSession(_ flowID: String, _ sessionID: String) async throws -> Session {
        try await awaiting {
            try core.cancelSession(liveFlowId: flowID, sessionId: sessionID)
        }.asSession()
    }

    // MARK: Watched sessions

    /// Creates a session, as ``createSession(_:inputs:)`` does, and watches it.
    public func start(_ flowID: String, inputs: JSONValue = [:]) async throws -> LiveSession {
        let live = try await awaiting {
            try core.start(liveFlowId: flowID, inputs: inputs.jsonText)
        }.asLiveSession()
        return LiveSession(live, client: self)
    }

    /// Watches a session that exists already. One that does not shows as
    /// ``SessionEvent/watchEnded(_:)``.
    public func watch(_ flowID: String, _ sessionID: String) async throws -> LiveSession {
        let live = try await awaiting {
            try core.watch(liveFlowId: flowID, sessionId: sessionID)
        }.asLiveSession()
        return LiveSession(live, client: self)
    }

    /// Goes on with a session from ``LiveSession/checkpoint()``, after a restart. An open prompt is
    /// announced again; an answer that was under way is not sent again, but judged by reads.
    public func restore(_ checkpoint: String) async throws -> LiveSession {
        let live = try await awaiting { try core.restore(checkpoint: checkpoint) }.asLiveSession()
        return LiveSession(live, client: self)
    }

    /// Goes on with every session in ``Configuration/checkpointStore``.
    public func restoreAll() async throws -> [LiveSession] {
        try await awaiting { try core.restoreAll() }.asLiveSessions().map {
            LiveSession($0, client: self)
        }
    }

    // MARK: A whole session in one call

    /// Starts a session, has `onPrompt` answer whatever it asks, tells `onEvent` whatever happens,
    /// and gives the session as it ended, whatever its status.
    ///
    /// - Parameters:
    ///   - flowID: The flow's UUID, or the address of its page.
    ///   - inputs: What to start it with.
    ///   - onEvent: Told each event, in order, on a thread of the library's.
    ///   - onPrompt: The answer, or `nil` for none: then the prompt stays open, and watching goes
    ///     on. Its task is cancelled when the prompt closes, or the run ends.
    /// - Throws: ``LiveFlowError``; `CancellationError` when the task is cancelled; what a closure
    ///   threw. All of them stop the watching only, and the session goes on.
    public func run(
        _ flowID: String, inputs: JSONValue = [:],
        onEvent: (@Sendable (SessionEvent) throws -> Void)? = nil,
        onPrompt: @escaping @Sendable (Prompt) async throws -> String?
    ) async throws -> Session {
        let handler = ClosurePromptHandler { prompt in try await onPrompt(prompt).map(Answer.text) }
        return try await run(
            flowID, inputs: inputs, handler: handler, listener: onEvent.map(ClosureListener.init))
    }

    /// The same, for answers that may be JSON.
    @_disfavoredOverload
    public func run(
        _ flowID: String, inputs: JSONValue = [:],
        onEvent: (@Sendable (SessionEvent) throws -> Void)? = nil,
        onPrompt: @escaping @Sendable (Prompt) async throws -> Answer?
    ) async throws -> Session {
        try await run(
            flowID, inputs: inputs, handler: ClosurePromptHandler(body: onPrompt),
            listener: onEvent.map(ClosureListener.init))
    }

    /// The same, for a handler and a listener that are types of their own.
    public func run(
        _ flowID: String, inputs: JSONValue = [:], handler: (any PromptHandler)?,
        listener: (any SessionListener)? = nil
    ) async throws -> Session {
        let scope = RunScope(in: gate)
        defer { scope.end() }
        do {
            return try await awaiting {
                try core.run(
                    liveFlowId: flowID, inputs: inputs.jsonText,
                    handler: handler.map { PromptBridge($0, scope: scope) },
                    listener: listener.map {
                        ListenerBridge($0, gate: scope.gate, onError: scope.keep)
                    })
            }.asSession()
        } catch LiveFlowError.handlerFailed(let context) {
            throw scope.firstThrown ?? LiveFlowError.handlerFailed(context)
        }
    }

    // MARK: The app's life

    /// The app goes to the background: no request starts after this has returned. Writes on the
    /// wire get ``Configuration/suspendGrace``.
    public func suspend() throws {
        try crossing(core.suspend)
    }

    /// The app is back: fresh connections, and one look at each session.
    public func resume() throws {
        try crossing(core.resume)
    }

    /// The device is on another network: connections are opened anew.
    public func networkChanged() throws {
        try crossing(core.networkChanged)
    }

    /// Stops everything: streams end with ``SessionEvent/watchEnded(_:)``, no callback and no
    /// request starts after this has returned, callbacks under way are cancelled. Sessions go on at
    /// the service. Calling it again does nothing.
    public func close() {
        host.gate.shut()
        core.shutdown()
        // Last, so that calls end because of the close, and not of what it cancels.
        host.cancel()
    }
}

extension Client: CustomStringConvertible {
    /// Where the service is.
    public var description: String { "Client(\(core.baseUrl()))" }
}
