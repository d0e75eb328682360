package io.truestate.liveflow

import io.truestate.liveflow.internal.core.FieldError as CoreFieldError
import io.truestate.liveflow.internal.core.InternalException as CorePanic
import io.truestate.liveflow.internal.core.LiveFlowException as CoreException
import io.truestate.liveflow.internal.core.PromptCloseReason as CoreCloseReason
import io.truestate.liveflow.internal.core.SessionEvent as CoreEvent
import io.truestate.liveflow.internal.core.SessionStatus as CoreStatus
import io.truestate.liveflow.internal.core.WatchEndReason as CoreEndReason
import io.truestate.liveflow.internal.ffi.InternalException as BoundaryPanic
import kotlin.time.toKotlinDuration
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement

/** Calls into the core; its errors come out as the public ones. */
internal inline fun <T> translated(call: () -> T): T = try {
    call()
} catch (error: CoreException) {
    throw error.public()
} catch (panic: CorePanic) {
    throw defect(panic)
} catch (panic: BoundaryPanic) {
    throw defect(panic)
}

internal fun defect(panic: Exception) =
    IllegalStateException("a defect of liveflow, please report it: ${panic.message}", panic)

internal fun CoreException.public(): LiveFlowException = when (this) {
    is CoreException.Configuration -> LiveFlowException.Configuration(context, setting)
    is CoreException.Authentication -> LiveFlowException.Authentication(context)
    is CoreException.PermissionDenied -> LiveFlowException.PermissionDenied(context)
    is CoreException.NotFound -> LiveFlowException.NotFound(context)
    is CoreException.InvalidRequest ->
        LiveFlowException.InvalidRequest(context, argument, fieldErrors.map { it.public() })
    is CoreException.NotWaitingForInput -> LiveFlowException.NotWaitingForInput(context)
    is CoreException.PromptNoLongerOpen -> LiveFlowException.PromptNoLongerOpen(context)
    is CoreException.RateLimited ->
        LiveFlowException.RateLimited(context, retryAfter?.toKotlinDuration())
    is CoreException.RequestTimeout -> LiveFlowException.RequestTimeout(context)
    is CoreException.Network -> LiveFlowException.Network(context)
    is CoreException.Server -> LiveFlowException.Server(context)
    is CoreException.InvalidResponse -> LiveFlowException.InvalidResponse(context)
    is CoreException.OutcomeUnknown ->
        LiveFlowException.OutcomeUnknown(context, candidates.map(::Session))
    is CoreException.SessionFailed -> LiveFlowException.SessionFailed(context)
    is CoreException.HandlerFailed -> LiveFlowException.HandlerFailed(context)
    is CoreException.Closed -> LiveFlowException.Closed(context)
}

internal fun CoreEvent.public(): SessionEvent = when (this) {
    is CoreEvent.StatusChanged ->
        SessionEvent.StatusChanged(previous?.public(), current.public())
    is CoreEvent.StepChanged -> SessionEvent.StepChanged(StepRun(step))
    is CoreEvent.PromptRequested -> SessionEvent.PromptRequested(Prompt(prompt))
    is CoreEvent.PromptClosed -> SessionEvent.PromptClosed(Prompt(prompt), reason.public())
    is CoreEvent.AnswerUnresolved -> SessionEvent.AnswerUnresolved(Prompt(prompt), text)
    is CoreEvent.ConnectionLost ->
        SessionEvent.ConnectionLost(error.public(), retryIn.toKotlinDuration())
    is CoreEvent.ConnectionRestored -> SessionEvent.ConnectionRestored
    is CoreEvent.Finished -> SessionEvent.Finished(Session(session))
    is CoreEvent.Failed -> SessionEvent.Failed(Session(session), error.public())
    is CoreEvent.WatchEnded -> SessionEvent.WatchEnded(reason.public())
}

internal fun CoreStatus.public(): SessionStatus = when (this) {
    CoreStatus.READY -> SessionStatus.READY
    CoreStatus.RUNNING -> SessionStatus.RUNNING
    CoreStatus.WAITING_FOR_USER_INPUT -> SessionStatus.WAITING_FOR_USER_INPUT
    CoreStatus.FINISHED -> SessionStatus.FINISHED
    CoreStatus.FAILED -> SessionStatus.FAILED
    CoreStatus.UNRECOGNISED -> SessionStatus.UNRECOGNISED
}

internal fun SessionStatus.core(): CoreStatus = CoreStatus.valueOf(name)

private fun CoreCloseReason.public(): PromptCloseReason = when (this) {
    CoreCloseReason.ANSWERED -> PromptCloseReason.ANSWERED
    CoreCloseReason.ANSWERED_ELSEWHERE -> PromptCloseReason.ANSWERED_ELSEWHERE
    CoreCloseReason.SESSION_ENDED -> PromptCloseReason.SESSION_ENDED
    CoreCloseReason.WATCH_ENDED -> PromptCloseReason.WATCH_ENDED
    CoreCloseReason.UNKNOWN -> PromptCloseReason.UNKNOWN
}

private fun CoreEndReason.public(): WatchEndReason = when (this) {
    is CoreEndReason.Closed -> WatchEndReason.Closed
    is CoreEndReason.TimeLimit -> WatchEndReason.TimeLimit
    is CoreEndReason.Error -> WatchEndReason.Error(error.public())
}

private fun CoreFieldError.public() = FieldError(location, problem, kind)

/** JSON text, decoded when somebody looks. */
internal fun decoded(text: String?): Lazy<JsonElement?> =
    lazy { text?.let(Json::parseToJsonElement) }

/** A count, which no service lets grow beyond an `Int`. */
internal fun UInt.number(): Int = minOf(this, Int.MAX_VALUE.toUInt()).toInt()
