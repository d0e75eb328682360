package io.truestate.liveflow

import io.truestate.liveflow.internal.core.ErrorContext
import kotlin.time.Duration

/**
 * Everything that can go wrong, by what a caller can do about it.
 *
 * [message] is a sentence made for a person. No member ever holds an API key.
 */
public sealed class LiveFlowException(
    context: ErrorContext,
    cause: Throwable? = null,
) : RuntimeException(context.reason, cause) {
    /** What went wrong, as a sentence made for a person. */
    override val message: String = context.reason

    /** The HTTP status, where the service answered with one. */
    public val httpStatus: Int? = context.httpStatus?.toInt()

    /** What the service itself said. For developers, not for end users. */
    public val detail: String? = context.detail

    /** The service's id of the request, for its support team. */
    public val requestId: String? = context.requestId

    /** Whether the same call can succeed later without any change. */
    public val isRetryable: Boolean = context.retryable

    /** The end user's answer, where one was under way: it is handed back, never lost. */
    public val answer: String? = context.answer

    /** The client is set up wrongly: a setting, the address, an endpoint. Mend the set-up. */
    public class Configuration internal constructor(
        context: ErrorContext,
        /** The setting to mend. */
        public val setting: String?,
        cause: Throwable? = null,
    ) : LiveFlowException(context, cause)

    /** The service does not accept the key or the credentials (401). */
    public class Authentication internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The key is known but may not do this (403). */
    public class PermissionDenied internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** There is no such flow or session (404). */
    public class NotFound internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** An argument or a body was refused, here or by the service (400, 422). Change the request. */
    public class InvalidRequest internal constructor(
        context: ErrorContext,
        /** The argument at fault, where it was refused before any request. */
        public val argument: String? = null,
        /** The members that the service refused, where it named them. */
        public val fieldErrors: List<FieldError> = emptyList(),
    ) : LiveFlowException(context)

    /** Input was sent to a session that is not waiting for any. */
    public class NotWaitingForInput internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The prompt was closed before this answer reached it. [answer] holds the answer. */
    public class PromptNoLongerOpen internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The service asks for fewer requests (429), and the caller's deadline came first. */
    public class RateLimited internal constructor(
        context: ErrorContext,
        /** How long the service asked to wait. */
        public val retryAfter: Duration?,
    ) : LiveFlowException(context)

    /** The caller's deadline passed; nothing is known to have been changed by this call. */
    public class RequestTimeout internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The service could not be reached, or the connection broke. */
    public class Network internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The service failed (5xx). */
    public class Server internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** The service answered with something that is not what its API describes. */
    public class InvalidResponse internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /**
     * A write may or may not have taken effect, and no read could tell. Nothing was guessed.
     *
     * For an answer, [answer] holds its text.
     */
    public class OutcomeUnknown internal constructor(
        context: ErrorContext,
        /** For create session: the sessions that could be the one that was asked for. */
        public val candidates: List<Session>,
    ) : LiveFlowException(context)

    /** The session failed or was cancelled. [detail] is its own error: not for end users. */
    public class SessionFailed internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)

    /** A callback of the application's own (handler, credentials, checkpoint store) failed. */
    public class HandlerFailed internal constructor(
        context: ErrorContext,
        cause: Throwable? = null,
    ) : LiveFlowException(context, cause)

    /** The client or the watch was closed before or during this call. */
    public class Closed internal constructor(
        context: ErrorContext,
    ) : LiveFlowException(context)
}

/** One member of a request that the service refused. */
public data class FieldError(
    /** Where the member is, as a dotted path: `body.inputs.company`. */
    public val location: String,
    /** What is wrong with it. */
    public val problem: String,
    /** The service's own word for the kind of mistake, such as `missing`. */
    public val kind: String? = null,
)
