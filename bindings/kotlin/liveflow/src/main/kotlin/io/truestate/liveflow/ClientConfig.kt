package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.defaultConfig
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** Marks what is set up in a block. */
@DslMarker
public annotation class LiveFlowDsl

/**
 * How a client is set up. Everything but the key has a good default.
 *
 * A client reads it when it is made; changes after that change nothing.
 */
@LiveFlowDsl
public class ClientConfig(
    /**
     * The organisation's API key. May be null only with [credentials].
     *
     * It can do anything in the organisation, so it must never be shipped inside an app: there, use
     * [baseUrl] and [credentials] with a proxy of your own.
     */
    public var apiKey: String? = null,
) {
    private val defaults = NativeCode.require().let { defaultConfig() }

    /** Sent as `Current-Org-Id`. Default: not sent. */
    public var organisationId: String? = defaults.organisationId

    /** Where the service is. Default `https://api.truestate.io`. */
    public var baseUrl: String? = defaults.baseUrl

    /** How long things may take. */
    public val timeouts: Timeouts = Timeouts(defaults.timeouts)

    /** How transient failures are tried again. */
    public val retry: RetryConfig = RetryConfig(defaults.retry)

    /** How often sessions are looked at. */
    public val polling: PollingConfig = PollingConfig(defaults.polling)

    /** How long one watch may see no end. Default 24 hours. */
    public var watchLimit: Duration = defaults.watchLimit.toKotlinDuration()

    /**
     * Whether an answer whose outcome is unknown may be sent again once reads have shown, over
     * [answerGrace], that it did not land. Default true.
     */
    public var resendAnswers: Boolean = defaults.resendAnswers

    /** Whether an answer is preceded by a read that still shows its prompt. Default true. */
    public var verifyBeforeAnswer: Boolean = defaults.verifyBeforeAnswer

    /**
     * How long after an attempt its effect can still show up. Must exceed the request timeout plus
     * [maxStaleness]. Default 45 s.
     */
    public var answerGrace: Duration = defaults.answerGrace.toKotlinDuration()

    /** How old a read may be when replicas of the service lag. Default 10 s. */
    public var maxStaleness: Duration = defaults.maxStaleness.toKotlinDuration()

    /**
     * Whether a session that fits a create of unknown outcome may be taken for its own. Default
     * false: the key is organisation-wide, so an equal session may be somebody else's.
     */
    public var adoptCreated: Boolean = defaults.adoptCreated

    /**
     * A member of the inputs into which create writes a unique id, by which a create of unknown
     * outcome is found again for sure. Default: none.
     */
    public var correlationMember: String? = defaults.correlationMember

    /**
     * Whether a create of unknown outcome is sent once more when nothing like it is seen after the
     * grace. Default false.
     */
    public var recreateWhenUnseen: Boolean = defaults.recreateWhenUnseen

    /** The longest `Retry-After` that is obeyed. Default 5 minutes. */
    public var maxRetryAfter: Duration = defaults.maxRetryAfter.toKotlinDuration()

    /** How long writes in flight may go on after `suspend`. Default 2 s. */
    public var suspendGrace: Duration = defaults.suspendGrace.toKotlinDuration()

    /**
     * How long a prompt handler may take before the prompt counts as not answered by it. Default:
     * as long as it likes.
     */
    public var handlerTimeout: Duration? = defaults.handlerTimeout?.toKotlinDuration()

    /** How many callbacks that do not return are borne in the process. Default 64. */
    public var callbackLimit: Int = defaults.callbackLimit.number()

    /** How many requests are in flight at once. Default 16. */
    public var maxConcurrentRequests: Int = defaults.maxConcurrentRequests.number()

    /** How many requests are begun each second, in all. 0 is no limit. Default 20. */
    public var requestsPerSecond: Double = defaults.requestsPerSecond

    /** The largest body taken from the service, before and after decompression. Default 16 MiB. */
    public var maxBodyBytes: Long = defaults.maxBodyBytes.toLong()

    /** Which proxy requests go through. Default [ProxyConfig.System]. */
    public var proxy: ProxyConfig = ProxyConfig.System

    /** Certificates trusted beside the platform's, each PEM or DER. */
    public var extraRootCertificates: List<ByteArray> = defaults.extraRootCertificates

    /** Whether plain `http` is allowed to hosts other than this one. Default false. */
    public var allowInsecureHttp: Boolean = defaults.allowInsecureHttp

    /** Added to the `User-Agent`, to tell applications apart. */
    public var userAgentSuffix: String? = defaults.userAgentSuffix

    /** Where the parts of the API are that the service does not document. */
    public val endpoints: Endpoints = Endpoints(defaults.endpoints)

    /** Further words of the service for statuses. */
    public val statusAliases: MutableMap<String, SessionStatus> = mutableMapOf()

    /** Headers for each request from your own code. */
    public var credentials: CredentialsProvider? = null

    /** Where checkpoints are kept. With one, an answer is stored before its first byte leaves. */
    public var checkpointStore: CheckpointStore? = null

    /** Everything but the key. */
    override fun toString(): String =
        "ClientConfig(apiKey=${if (apiKey == null) "none" else "[hidden]"}, baseUrl=$baseUrl)"
}
