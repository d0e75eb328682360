package io.truestate.liveflow.conformance

import io.truestate.liveflow.LiveFlowException
import io.truestate.liveflow.LiveSession
import io.truestate.liveflow.Prompt
import io.truestate.liveflow.Session
import io.truestate.liveflow.SessionEvent
import io.truestate.liveflow.SessionStatus
import io.truestate.liveflow.StepRun
import io.truestate.liveflow.WatchEndReason
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** What the SDK gives, in the forms that patterns are compared with. */
object Render {
    private val statuses =
        mapOf(
            SessionStatus.READY to "ready",
            SessionStatus.RUNNING to "running",
            SessionStatus.WAITING_FOR_USER_INPUT to "waiting",
            SessionStatus.FINISHED to "finished",
            SessionStatus.FAILED to "failed",
            SessionStatus.UNRECOGNISED to "unrecognised",
        )

    /** The status that the format calls so. */
    fun status(word: String): SessionStatus = statuses.entries.first { it.value == word }.key

    fun event(event: SessionEvent): JsonObject = Forms.written(
        "event",
        when (event) {
            is SessionEvent.StatusChanged ->
                json(
                    "event" to "status_changed",
                    "previous" to event.previous?.let(statuses::getValue),
                    "current" to statuses.getValue(event.current),
                )
            is SessionEvent.StepChanged ->
                json("event" to "step_changed", "step" to step(event.step))
            is SessionEvent.PromptRequested ->
                json("event" to "prompt_requested", "prompt" to prompt(event.prompt))
            is SessionEvent.PromptClosed ->
                json(
                    "event" to "prompt_closed",
                    "prompt" to prompt(event.prompt),
                    "reason" to event.reason.name.lowercase(),
                )
            is SessionEvent.AnswerUnresolved ->
                json(
                    "event" to "answer_unresolved",
                    "prompt" to prompt(event.prompt),
                    "text" to event.text,
                )
            is SessionEvent.ConnectionLost ->
                json(
                    "event" to "connection_lost",
                    "error" to error(event.error),
                    "retry_in_ms" to event.retryIn.inWholeMilliseconds,
                )
            is SessionEvent.ConnectionRestored -> json("event" to "connection_restored")
            is SessionEvent.Finished ->
                json("event" to "finished", "session" to session(event.session))
            is SessionEvent.Failed ->
                json(
                    "event" to "failed",
                    "session" to session(event.session),
                    "error" to error(event.error),
                )
            is SessionEvent.WatchEnded -> watchEnded(event.reason)
        },
    )

    private fun watchEnded(reason: WatchEndReason): JsonObject {
        val (word, error) =
            when (reason) {
                is WatchEndReason.Closed -> "closed" to null
                is WatchEndReason.TimeLimit -> "time_limit" to null
                is WatchEndReason.Error -> "error" to error(reason.error)
            }
        return json("event" to "watch_ended", "reason" to word, "error" to error)
    }

    /** The prompt that an event is about. */
    fun promptOf(event: SessionEvent): Prompt? = when (event) {
        is SessionEvent.PromptRequested -> event.prompt
        is SessionEvent.PromptClosed -> event.prompt
        is SessionEvent.AnswerUnresolved -> event.prompt
        else -> null
    }

    fun prompt(prompt: Prompt): JsonObject = json(
        "run_id" to prompt.runId,
        "round" to prompt.round,
        "step_name" to prompt.stepName,
        "text" to prompt.text,
        "kind" to prompt.kind,
        "raw" to prompt.raw,
    )

    fun session(session: Session): JsonObject = Forms.written(
        "session",
        json(
            "id" to session.id,
            "live_flow_id" to session.liveFlowId,
            "status" to statuses.getValue(session.status),
            "raw_status" to session.rawStatus,
            "inputs" to session.inputs,
            "current_step" to session.currentStep?.let(::step),
            "steps" to session.steps.map(::step),
            "steps_count" to session.stepsCount,
            "error" to session.error,
            "flow_version" to session.flowVersion,
            "created_at_ms" to session.createdAt?.toEpochMilli(),
            "updated_at_ms" to session.updatedAt?.toEpochMilli(),
            "raw_json" to session.rawJson,
            "output" to session.output,
            "progress" to
                json("done" to session.progress.done, "known" to session.progress.known),
            "transcript" to
                session.transcript.map {
                    json(
                        "run_id" to it.runId,
                        "step_name" to it.stepName,
                        "question" to it.question,
                        "answer" to it.answer,
                    )
                },
        ),
    )

    private fun step(step: StepRun): JsonObject = Forms.written(
        "step",
        json(
            "id" to step.id,
            "name" to step.name,
            "step_type" to step.stepType,
            "status" to statuses.getValue(step.status),
            "raw_status" to step.rawStatus,
            "prompt" to step.prompt,
            "result" to step.result,
            "user_input" to step.userInput,
            "error" to step.error,
            "created_at_ms" to step.createdAt?.toEpochMilli(),
            "updated_at_ms" to step.updatedAt?.toEpochMilli(),
        ),
    )

    fun watch(live: LiveSession): JsonElement =
        json("id" to live.id, "live_flow_id" to live.liveFlowId)

    /** An error of the SDK, or one of the player's own that came back. */
    fun error(error: Throwable): JsonObject {
        val known = error as? LiveFlowException
        return Forms.written(
            "error",
            json(
                "kind" to if (known == null) "handler_failed" else kind(known),
                "reason" to error.message,
                "http_status" to known?.httpStatus,
                "detail" to known?.detail,
                "request_id" to known?.requestId,
                "retryable" to (known?.isRetryable ?: false),
                "answer" to known?.answer,
                "setting" to (known as? LiveFlowException.Configuration)?.setting,
                "argument" to (known as? LiveFlowException.InvalidRequest)?.argument,
                "field_errors" to
                    (known as? LiveFlowException.InvalidRequest)?.fieldErrors?.map {
                        json("location" to it.location, "problem" to it.problem, "kind" to it.kind)
                    },
                "retry_after_ms" to
                    (known as? LiveFlowException.RateLimited)?.retryAfter?.inWholeMilliseconds,
                "candidates" to
                    (known as? LiveFlowException.OutcomeUnknown)?.candidates?.map(::session),
            ),
        )
    }

    private fun kind(error: LiveFlowException): String = when (error) {
        is LiveFlowException.Configuration -> "configuration"
        is LiveFlowException.Authentication -> "authentication"
        is LiveFlowException.PermissionDenied -> "permission_denied"
        is LiveFlowException.NotFound -> "not_found"
        is LiveFlowException.InvalidRequest -> "invalid_request"
        is LiveFlowException.NotWaitingForInput -> "not_waiting_for_input"
        is LiveFlowException.PromptNoLongerOpen -> "prompt_no_longer_open"
        is LiveFlowException.RateLimited -> "rate_limited"
        is LiveFlowException.RequestTimeout -> "request_timeout"
        is LiveFlowException.Network -> "network"
        is LiveFlowException.Server -> "server"
        is LiveFlowException.InvalidResponse -> "invalid_response"
        is LiveFlowException.OutcomeUnknown -> "outcome_unknown"
        is LiveFlowException.SessionFailed -> "session_failed"
        is LiveFlowException.HandlerFailed -> "handler_failed"
        is LiveFlowException.Closed -> "closed"
    }
}
