package io.truestate.liveflow

import io.truestate.liveflow.internal.core.PollingConfig as CorePolling
import io.truestate.liveflow.internal.core.ProxyConfig as CoreProxy
import io.truestate.liveflow.internal.core.RetryConfig as CoreRetry
import io.truestate.liveflow.internal.core.Timeouts as CoreTimeouts
import io.truestate.liveflow.internal.ffi.CoreConfig
import java.net.InetSocketAddress
import java.net.Proxy
import java.net.ProxySelector
import java.net.URI
import java.time.Duration as JavaDuration
import kotlin.time.Duration

// From a client's settings to the core's. Settings are named as the core names them, in every
// language, because its own errors do so too.

internal fun ClientConfig.core(isFromEnv: Boolean): CoreConfig = CoreConfig(
    organisationId = organisationId?.let { settable(it, "organisation_id") },
    baseUrl = baseUrl?.let { settable(it, "base_url") },
    timeouts = timeouts.core(),
    retry = retry.core(),
    polling = polling.core(),
    watchLimit = span(watchLimit, "watch_limit"),
    resendAnswers = resendAnswers,
    verifyBeforeAnswer = verifyBeforeAnswer,
    answerGrace = span(answerGrace, "answer_grace"),
    maxStaleness = span(maxStaleness, "max_staleness"),
    adoptCreated = adoptCreated,
    correlationMember = correlationMember?.let { settable(it, "correlation_member") },
    recreateWhenUnseen = recreateWhenUnseen,
    maxRetryAfter = span(maxRetryAfter, "max_retry_after"),
    suspendGrace = span(suspendGrace, "suspend_grace"),
    handlerTimeout = handlerTimeout?.let { span(it, "handler_timeout") },
    callbackLimit = count(callbackLimit, "callback_limit"),
    maxConcurrentRequests = count(maxConcurrentRequests, "max_concurrent_requests"),
    requestsPerSecond = requestsPerSecond,
    maxBodyBytes = count(maxBodyBytes, "max_body_bytes"),
    proxy = proxy.core(baseUrl ?: if (isFromEnv) System.getenv("TRUESTATE_HOST") else null),
    extraRootCertificates = extraRootCertificates,
    allowInsecureHttp = allowInsecureHttp,
    userAgentSuffix = userAgentSuffix?.let { settable(it, "user_agent_suffix") },
    endpoints = endpoints.core(),
    statusAliases =
        statusAliases.entries.associate { (word, status) ->
            settable(word, "status_aliases") to status.core()
        },
)

internal fun settable(
    text: String,
    setting: String,
): String = try {
    sendable(text, setting)
} catch (error: LiveFlowException.InvalidRequest) {
    throw LiveFlowException.Configuration(context(error.message), setting)
}

internal fun count(
    number: Int,
    setting: String,
): UInt = count(number.toLong(), setting).toUInt()

private fun count(
    number: Long,
    setting: String,
): ULong {
    if (number < 0) throw wrong(setting, "$setting must not be negative")
    return number.toULong()
}

private fun span(
    time: Duration,
    setting: String,
): JavaDuration {
    if (time.isNegative()) throw wrong(setting, "$setting must not be negative")
    return waiting(time, setting)
}

private fun wrong(
    setting: String,
    reason: String,
) = LiveFlowException.Configuration(context(reason), setting)

private fun Timeouts.core() = CoreTimeouts(
    connect = span(connect, "timeouts.connect"),
    request = span(request, "timeouts.request"),
    total = span(total, "timeouts.total"),
)

private fun RetryConfig.core() = CoreRetry(
    initialBackoff = span(initialBackoff, "retry.initial_backoff"),
    maxBackoff = span(maxBackoff, "retry.max_backoff"),
    multiplier = multiplier,
)

private fun PollingConfig.core() = CorePolling(
    runningMin = span(runningMin, "polling.running_min"),
    runningMax = span(runningMax, "polling.running_max"),
    waitingMin = span(waitingMin, "polling.waiting_min"),
    waitingMax = span(waitingMax, "polling.waiting_max"),
    growth = growth,
    jitter = jitter,
)

private fun ProxyConfig.core(baseUrl: String?): CoreProxy = when (this) {
    is ProxyConfig.Direct -> CoreProxy.Direct
    is ProxyConfig.Url -> CoreProxy.Url(settable(url, "proxy"))
    is ProxyConfig.System -> selected(baseUrl)?.let(CoreProxy::Url) ?: CoreProxy.System
}

/** What the platform's own selector says, which the core cannot ask. */
private fun selected(baseUrl: String?): String? {
    val uri = runCatching { URI(baseUrl ?: DEFAULT_BASE_URL) }.getOrNull()
    if (uri?.host == null) return null
    val proxies = runCatching { ProxySelector.getDefault()?.select(uri) }.getOrNull().orEmpty()
    val proxy = proxies.firstOrNull { it.type() == Proxy.Type.HTTP } ?: return null
    val address = proxy.address() as? InetSocketAddress ?: return null
    return "http://${address.hostString}:${address.port}"
}

private const val DEFAULT_BASE_URL = "https://api.truestate.io"
