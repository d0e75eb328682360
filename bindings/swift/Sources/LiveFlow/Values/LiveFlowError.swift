import Foundation
internal import LiveFlowBoundary

/// Everything that can go wrong, by what a caller can do about it.
///
/// A cancelled task throws `CancellationError` instead, and what a callback of yours throws reaches
/// the caller of ``Client/run(_:inputs:handler:listener:)`` as it is.
public enum LiveFlowError: Error, Sendable, Hashable {
    /// The client is set up wrongly. `setting` names what to mend.
    case configuration(ErrorContext, setting: String?)
    /// The service does not accept the key or credentials (401).
    case authentication(ErrorContext)
    /// The key is known but may not do this (403).
    case permissionDenied(ErrorContext)
    /// There is no such flow or session (404).
    case notFound(ErrorContext)
    /// An argument or a body was refused, here (`argument` names it) or by the service (400, 422).
    case invalidRequest(ErrorContext, argument: String?, fieldErrors: [FieldError])
    /// Input was sent to a session that is not waiting for any.
    case notWaitingForInput(ErrorContext)
    /// The prompt was closed before this answer reached it; the answer is in the context.
    case promptNoLongerOpen(ErrorContext)
    /// The service asks for fewer requests (429), and the caller's deadline came first.
    case rateLimited(ErrorContext, retryAfter: TimeInterval?)
    /// The caller's deadline passed; nothing is known to have been changed by this call.
    case requestTimeout(ErrorContext)
    /// The service could not be reached, or the connection broke.
    case network(ErrorContext)
    /// The service failed (5xx).
    case server(ErrorContext)
    /// The service answered with something that is not what its API describes.
    case invalidResponse(ErrorContext)
    /// A write may or may not have taken effect, and no read could tell. Nothing was guessed. For a
    /// create, `candidates` are the sessions that could be the one that was asked for.
    case outcomeUnknown(ErrorContext, candidates: [Session])
    /// The session ended as failed, and its output was asked for.
    case sessionFailed(ErrorContext)
    /// A callback of your own (handler, listener, credentials, store) failed.
    case handlerFailed(ErrorContext)
    /// The client or the watch was closed before or during this call.
    case closed(ErrorContext)
}

/// What every error carries beside its kind. It never holds a key or a credential.
public struct ErrorContext: Sendable, Hashable {
    /// What happened and what to do about it, in a sentence made for a person.
    public var reason: String
    /// The HTTP status, where the service answered with one.
    public var httpStatus: Int?
    /// What the service itself said, shortened.
    public var detail: String?
    /// The service's id of the request, for its support team.
    public var requestID: String?
    /// Whether the same call can succeed later without any change by the caller.
    public var isRetryable: Bool
    /// The answer the end user gave, where one was under way: it is handed back, never lost.
    public var answer: String?

    /// A context, for errors of your own tests.
    public init(
        reason: String, httpStatus: Int? = nil, detail: String? = nil, requestID: String? = nil,
        isRetryable: Bool = false, answer: String? = nil
    ) {
        self.reason = reason
        self.httpStatus = httpStatus
        self.detail = detail
        self.requestID = requestID
        self.isRetryable = isRetryable
        self.answer = answer
    }
}

/// One member of a request that the service refused.
public struct FieldError: Sendable, Hashable {
    /// Where the member is, as a dotted path: `body.inputs.company`.
    public var location: String
    /// What is wrong with it.
    public var problem: String
    /// The service's own word for the kind of mistake, such as `missing`.
    public var kind: String?

    /// A field error, for errors of your own tests.
    public init(location: String, problem: String, kind: String? = nil) {
        self.location = location
        self.problem = problem
        self.kind = kind
    }
}

extension LiveFlowError {
    /// What the error carries beside its kind.
    public var context: ErrorContext {
        switch self {
        case .configuration(let context, _), .authentication(let context),
            .permissionDenied(let context), .notFound(let context),
            .invalidRequest(let context, _, _), .notWaitingForInput(let context),
            .promptNoLongerOpen(let context), .rateLimited(let context, _),
            .requestTimeout(let context), .network(let context), .server(let context),
            .invalidResponse(let context), .outcomeUnknown(let context, _),
            .sessionFailed(let context), .handlerFailed(let context), .closed(let context):
            context
        }
    }

    /// Whether the same call can succeed later without any change by the caller.
    public var isRetryable: Bool { context.isRetryable }

    /// The answer the end user gave, where one was under way.
    public var answer: String? { context.answer }

    /// An argument refused before any request.
    static func invalidArgument(_ argument: String, _ problem: String) -> Self {
        .invalidRequest(
            ErrorContext(reason: "\(argument) \(problem)"), argument: argument, fieldErrors: [])
    }

    /// A setting refused before there was a client.
    static func invalidSetting(_ setting: String, _ problem: String) -> Self {
        .configuration(ErrorContext(reason: "\(setting) \(problem)"), setting: setting)
    }
}

extension LiveFlowError: LocalizedError, CustomStringConvertible {
    /// What happened and what to do about it.
    public var errorDescription: String? { context.reason }
    /// What happened and what to do about it.
    public var description: String { context.reason }
}

extension ErrorContext: CustomStringConvertible {
    /// What is known of the failure; not the end user's answer.
    public var description: String {
        let parts = [
            httpStatus.map { "status \($0)" }, detail.map { "detail: \($0)" },
            requestID.map { "request \($0)" },
        ].compactMap { $0 }
        return parts.isEmpty ? reason : "\(reason) (\(parts.joined(separator: ", ")))"
    }
}

extension LiveFlowError {
    init(_ core: Core.Failure) {
        self =
            switch core {
            case .Configuration(let context, let setting):
                .configuration(ErrorContext(context), setting: setting)
            case .Authentication(let context): .authentication(ErrorContext(context))
            case .PermissionDenied(let context): .permissionDenied(ErrorContext(context))
            case .NotFound(let context): .notFound(ErrorContext(context))
            case .InvalidRequest(let context, let argument, let fieldErrors):
                .invalidRequest(
                    ErrorContext(context), argument: argument,
                    fieldErrors: fieldErrors.map {
                        FieldError(location: $0.location, problem: $0.problem, kind: $0.kind)
                    })
            case .NotWaitingForInput(let context): .notWaitingForInput(ErrorContext(context))
            case .PromptNoLongerOpen(let context): .promptNoLongerOpen(ErrorContext(context))
            case .RateLimited(let context, let retryAfter):
                .rateLimited(ErrorContext(context), retryAfter: retryAfter)
            case .RequestTimeout(let context): .requestTimeout(ErrorContext(context))
            case .Network(let context): .network(ErrorContext(context))
            case .Server(let context): .server(ErrorContext(context))
            case .InvalidResponse(let context): .invalidResponse(ErrorContext(context))
            case .OutcomeUnknown(let context, let candidates):
                .outcomeUnknown(ErrorContext(context), candidates: candidates.map(Session.init))
            case .SessionFailed(let context): .sessionFailed(ErrorContext(context))
            case .HandlerFailed(let context): .handlerFailed(ErrorContext(context))
            case .Closed(let context): .closed(ErrorContext(context))
            }
    }
}

extension ErrorContext {
    init(_ core: Core.FailureContext) {
        self.init(
            reason: core.reason, httpStatus: core.httpStatus.map(Int.init), detail: core.detail,
            requestID: core.requestId, isRetryable: core.retryable, answer: core.answer)
    }
}

/// An error of the user's in words for the log and for whoever sees the call fail.
func words(of error: any Error) -> String {
    (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
}
