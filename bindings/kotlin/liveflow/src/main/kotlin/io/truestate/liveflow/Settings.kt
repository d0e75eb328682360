package io.truestate.liveflow

import io.truestate.liveflow.internal.core.CreateBody as CoreCreateBody
import io.truestate.liveflow.internal.core.Endpoint as CoreEndpoint
import io.truestate.liveflow.internal.core.Endpoints as CoreEndpoints
import io.truestate.liveflow.internal.core.HttpMethod as CoreHttpMethod
import io.truestate.liveflow.internal.core.PollingConfig as CorePolling
import io.truestate.liveflow.internal.core.RetryConfig as CoreRetry
import io.truestate.liveflow.internal.core.Timeouts as CoreTimeouts
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** How long things may take. `timeouts { request = 10.seconds }`. */
@LiveFlowDsl
public class Timeouts internal constructor(
    defaults: CoreTimeouts,
) {
    /** To reach the service: DNS, TCP, TLS. Default 10 s. */
    public var connect: Duration = defaults.connect.toKotlinDuration()

    /** For one request from its first byte to the last of its answer. Default 30 s. */
    public var request: Duration = defaults.request.toKotlinDuration()

    /** For one call with everything it takes, retries included. Default 2 minutes. */
    public var total: Duration = defaults.total.toKotlinDuration()

    /** Changes several of them. */
    public operator fun invoke(change: Timeouts.() -> Unit): Unit = change()
}

/** How transient failures are tried again. `retry { maxBackoff = 5.seconds }`. */
@LiveFlowDsl
public class RetryConfig internal constructor(
    defaults: CoreRetry,
) {
    /** The wait after the first failure. Default 0.5 s. */
    public var initialBackoff: Duration = defaults.initialBackoff.toKotlinDuration()

    /** The longest wait between two tries. Default 30 s. */
    public var maxBackoff: Duration = defaults.maxBackoff.toKotlinDuration()

    /** How much longer each wait is than the one before. Default 2. */
    public var multiplier: Double = defaults.multiplier

    /** Changes several of them. */
    public operator fun invoke(change: RetryConfig.() -> Unit): Unit = change()
}

/** How often sessions are looked at. `polling { runningMax = 2.seconds }`. */
@LiveFlowDsl
public class PollingConfig internal constructor(
    defaults: CorePolling,
) {
    /** The shortest interval while the session runs; what follows a change. Default 0.2 s. */
    public var runningMin: Duration = defaults.runningMin.toKotlinDuration()

    /** The longest interval while the session runs. Default 5 s. */
    public var runningMax: Duration = defaults.runningMax.toKotlinDuration()

    /** The shortest interval while it waits for the end user. Default 2 s. */
    public var waitingMin: Duration = defaults.waitingMin.toKotlinDuration()

    /** The longest interval while it waits for the end user. Default 60 s. */
    public var waitingMax: Duration = defaults.waitingMax.toKotlinDuration()

    /** The interval as a share of the time since the last change. Default 0.2. */
    public var growth: Double = defaults.growth

    /** How far each interval strays, as a share of it. Default 0.1. */
    public var jitter: Double = defaults.jitter

    /** Changes several of them. */
    public operator fun invoke(change: PollingConfig.() -> Unit): Unit = change()
}

/** Which proxy requests go through. */
public sealed interface ProxyConfig {
    /**
     * The one of `ProxySelector.getDefault()`, which on Android is the device's and on a JVM that of
     * its system properties; if that has none, the environment's (`HTTPS_PROXY`, `NO_PROXY` and their
     * kin), and on macOS and Windows the system's.
     */
    public data object System : ProxyConfig

    /** None at all. */
    public data object Direct : ProxyConfig

    /** This one, `http://host:port`, for every request. */
    public data class Url(
        /** The proxy's address. */
        public val url: String,
    ) : ProxyConfig
}

/** An HTTP method that a write may use. */
public enum class HttpMethod {
    /** The assumed default of every write. */
    POST,

    /** Replaces. */
    PUT,

    /** Changes a part. */
    PATCH,

    /** For cancel session only. */
    DELETE,
}

/** How create session carries the inputs. */
public enum class CreateBody {
    /** `{"inputs": {…}}`. */
    WRAPPED,

    /** The inputs themselves are the body. */
    BARE,
}

/** A method and a path template with `{live_flow_id}` and `{session_id}`. */
public data class Endpoint(
    /** The HTTP method. */
    public val method: HttpMethod,
    /** The path template. */
    public val path: String,
)

/** The parts of the service's API that it does not document. */
@LiveFlowDsl
public class Endpoints internal constructor(
    defaults: CoreEndpoints,
) {
    /** How create session carries the inputs. Default [CreateBody.WRAPPED]. */
    public var createBody: CreateBody = CreateBody.valueOf(defaults.createBody.name)

    /** Default `POST /live_flows/{live_flow_id}/sessions/{session_id}/user_input/`. */
    public var addUserInput: Endpoint = defaults.addUserInput.public()

    /** The member of add user input's body that holds the answer. Default `user_input`. */
    public var userInputMember: String = defaults.userInputMember

    /** Default `POST /live_flows/{live_flow_id}/sessions/{session_id}/cancel/`. */
    public var cancelSession: Endpoint = defaults.cancelSession.public()

    /** When set, get sessions asks for pages of this many. Default: no pages. */
    public var listPageSize: Int? = defaults.listPageSize?.number()

    /** Changes several of them. */
    public operator fun invoke(change: Endpoints.() -> Unit): Unit = change()
}

internal fun Endpoints.core(): CoreEndpoints = CoreEndpoints(
    createBody = CoreCreateBody.valueOf(createBody.name),
    addUserInput = addUserInput.core(),
    userInputMember = settable(userInputMember, "endpoints.user_input_member"),
    cancelSession = cancelSession.core(),
    listPageSize = listPageSize?.let { count(it, "endpoints.list_page_size") },
)

private fun CoreEndpoint.public() = Endpoint(HttpMethod.valueOf(method.name), path)

private fun Endpoint.core() =
    CoreEndpoint(CoreHttpMethod.valueOf(method.name), settable(path, "endpoints"))
