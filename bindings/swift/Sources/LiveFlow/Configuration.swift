import Foundation
internal import LiveFlowBoundary

/// Everything a client can be told. Make one with your key, and change what you like:
///
/// ```swift
/// var configuration = Configuration(apiKey: key)
/// configuration.timeouts.total = 60
/// let client = try Client(configuration)
/// ```
///
/// Spans of time are in seconds. Its text forms hide the key.
///
/// - Important: The key can do anything in your organisation. Do not ship it inside an app: give
///   ``baseURL`` the address of a proxy of yours, and ``credentials`` the user's own token.
public struct Configuration: Sendable {
    /// The organisation's API key. May be empty only when ``credentials`` is set.
    public var apiKey: String
    /// Sent as `Current-Org-Id`.
    public var organisationID: String?
    /// Where the service is. `nil`: the documented address.
    public var baseURL: URL?
    /// How long things may take.
    public var timeouts: Timeouts
    /// How transient failures are tried again.
    public var retry: Retry
    /// How often sessions are looked at.
    public var polling: Polling
    /// How long one watch may see no end. 24 hours by default.
    public var watchLimit: TimeInterval
    /// Whether an answer of unknown outcome may be sent again once it surely did not land.
    public var resendAnswers: Bool
    /// Whether an answer is preceded by a read that still shows its prompt.
    public var verifyBeforeAnswer: Bool
    /// How long after an attempt its effect can still show up.
    public var answerGrace: TimeInterval
    /// How old a read may be when replicas of the service lag.
    public var maxStaleness: TimeInterval
    /// Whether a session that fits a create of unknown outcome may be taken for its own.
    public var adoptCreated: Bool
    /// A member of the inputs into which create writes a unique id.
    public var correlationMember: String?
    /// Whether a create of unknown outcome is sent once more when nothing like it is seen.
    public var recreateWhenUnseen: Bool
    /// The longest `Retry-After` that is obeyed.
    public var maxRetryAfter: TimeInterval
    /// How long writes in flight may go on after ``Client/suspend()``.
    public var suspendGrace: TimeInterval
    /// How long a prompt handler may take. `nil`: people may think as long as they like.
    public var handlerTimeout: TimeInterval?
    /// How many callbacks that do not return are borne.
    public var callbackLimit: Int
    /// How many requests are in flight at once.
    public var maxConcurrentRequests: Int
    /// How many requests are begun each second, in all. 0 is no limit.
    public var requestsPerSecond: Double
    /// The largest body taken from the service, in bytes.
    public var maxBodyBytes: Int
    /// Which proxy requests go through.
    public var proxy: Proxy
    /// Certificates trusted beside the platform's, each PEM or DER.
    public var extraRootCertificates: [Data]
    /// Whether plain `http` is allowed to hosts other than this one.
    public var allowInsecureHTTP: Bool
    /// Added to the `User-Agent`, to tell apps apart.
    public var userAgentSuffix: String?
    /// Where the assumed parts of the API are.
    public var endpoints: Endpoints
    /// Further wire words for statuses.
    public var statusAliases: [String: SessionStatus]
    /// Headers for each request from your own code, for a proxy of your own.
    public var credentials: (any CredentialsProvider)?
    /// Where checkpoints are kept. With one, an answer is stored before its first byte leaves.
    public var checkpointStore: (any CheckpointStore)?

    /// The defaults, with this key.
    public init(apiKey: String) {
        self.init(apiKey: apiKey, defaults: defaultConfig())
    }

    /// The defaults without a key, for a proxy of your own that knows its callers by these headers.
    public init(credentials: any CredentialsProvider, baseURL: URL) {
        self.init(apiKey: "")
        self.credentials = credentials
        self.baseURL = baseURL
    }

    /// How long things may take.
    public struct Timeouts: Sendable, Hashable {
        /// To reach the service.
        public var connect: TimeInterval
        /// For one request from its first byte to the last of its answer.
        public var request: TimeInterval
        /// For one call with everything it takes.
        public var total: TimeInterval
    }

    /// How failures of reads, and of writes that surely never left, are tried again.
    public struct Retry: Sendable, Hashable {
        /// The wait after the first failure.
        public var initialBackoff: TimeInterval
        /// The longest wait between two tries.
        public var maxBackoff: TimeInterval
        /// How much longer each wait is than the one before.
        public var multiplier: Double
    }

    /// How often sessions are looked at.
    public struct Polling: Sendable, Hashable {
        /// The shortest interval while the session runs; what follows a change.
        public var runningMin: TimeInterval
        /// The longest interval while the session runs.
        public var runningMax: TimeInterval
        /// The shortest interval while it waits for the end user.
        public var waitingMin: TimeInterval
        /// The longest interval while it waits for the end user.
        public var waitingMax: TimeInterval
        /// The interval as a share of the time since the last change.
        public var growth: Double
        /// How far each interval strays, as a share of it.
        public var jitter: Double
    }

    /// Which proxy requests go through.
    public enum Proxy: Sendable, Hashable {
        /// The device's, as its settings are when the client is made; on Linux the environment's
        /// (`HTTPS_PROXY`, `NO_PROXY` and their kin), on macOS both.
        case system
        /// None at all.
        case direct
        /// This one, `http://host:port`, for every request.
        case url(String)
    }

    /// The assumed parts of the API: what no public source describes.
    public struct Endpoints: Sendable, Hashable {
        /// How create session carries the inputs.
        public var createBody: CreateBody
        /// Add user input: POST, PUT or PATCH.
        public var addUserInput: Endpoint
        /// The member of add user input's body that holds the answer.
        public var userInputMember: String
        /// Cancel session.
        public var cancelSession: Endpoint
        /// When set, get sessions asks for pages of this many.
        public var listPageSize: Int?

        /// The two shapes that the body of create session may have.
        public enum CreateBody: Sendable, Hashable {
            /// `{"inputs": {…}}`.
            case wrapped
            /// The inputs themselves are the body.
            case bare
        }

        /// A method and a path template.
        public struct Endpoint: Sendable, Hashable {
            /// The HTTP method.
            public var method: Method
            /// Begins with `/` and holds `{live_flow_id}` and `{session_id}`.
            public var path: String

            /// A method and a path template.
            public init(_ method: Method, _ path: String) {
                self.method = method
                self.path = path
            }

            /// An HTTP method that a write may use.
            public enum Method: String, Sendable, Hashable {
                /// `POST`.
                case post = "POST"
                /// `PUT`.
                case put = "PUT"
                /// `PATCH`.
                case patch = "PATCH"
                /// `DELETE`, for cancel session only.
                case delete = "DELETE"
            }
        }
    }
}

extension Configuration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Where it leads, without the key.
    public var description: String {
        let key = apiKey.isEmpty ? "none" : "hidden"
        let address = baseURL?.absoluteString ?? "default"
        return "Configuration(apiKey: (\(key)), baseURL: \(address))"
    }

    /// The same.
    public var debugDescription: String { description }

    /// `dump` and debuggers see no key either.
    public var customMirror: Mirror {
        Mirror(self, children: ["description": description], displayStyle: .struct)
    }
}
