package io.truestate.liveflow

import io.truestate.liveflow.internal.core.ErrorContext
import io.truestate.liveflow.internal.core.Session as CoreSession
import io.truestate.liveflow.internal.ffi.plainText
import io.truestate.liveflow.internal.ffi.promptText
import java.time.Instant
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement

/** One session, as the newest accepted answer of the service showed it. */
public class Session internal constructor(
    private val core: CoreSession,
) {
    /** The session's id. */
    public val id: String get() = core.id

    /** The flow it is a run of. */
    public val liveFlowId: String get() = core.liveFlowId

    /** How far it is. */
    public val status: SessionStatus get() = core.status.public()

    /** The service's own word for the status. */
    public val rawStatus: String get() = core.rawStatus

    /** What it was started with. */
    public val inputs: JsonElement? by decoded(core.inputs)

    /** The step it is at, where the service says. */
    public val currentStep: StepRun? = core.currentStep?.let(::StepRun)

    /** One entry for each execution of a step so far. */
    public val steps: List<StepRun> = core.steps.map(::StepRun)

    /** How many steps the flow has, where the service says. */
    public val stepsCount: Int? get() = core.stepsCount?.number()

    /** Why it failed. For debugging: do not show it to end users. */
    public val error: JsonElement? by decoded(core.error)

    /** The version of the flow that it runs, with its steps and transitions. */
    public val flowVersion: JsonElement? by decoded(core.flowVersion)

    /** When it was created, by the service's clock. */
    public val createdAt: Instant? get() = core.createdAt

    /** When it last changed, by the service's clock. */
    public val updatedAt: Instant? get() = core.updatedAt

    /** The whole answer as the service wrote it. */
    public val rawJson: JsonElement by lazy { Json.parseToJsonElement(core.rawJson) }

    /** The result of the last finished step that has one. */
    public val output: JsonElement?
        get() =
            steps
                .lastOrNull { it.status == SessionStatus.FINISHED && it.core.result != null }
                ?.result

    /**
     * The [output] of a session that did not fail.
     *
     * @throws LiveFlowException.SessionFailed the session failed or was cancelled
     */
    public fun requireOutput(): JsonElement? {
        if (status != SessionStatus.FAILED) return output
        val reason = "the session $id failed or was cancelled"
        val detail = core.error?.let { translated { plainText(it) } }
        throw LiveFlowException.SessionFailed(context(reason).copy(detail = detail))
    }

    /** Steps done, of steps known. */
    public val progress: Progress
        get() = Progress(steps.count { it.status.isEnd }, maxOf(stepsCount ?: 0, steps.size))

    /** The questions so far, each with its answer. */
    public val transcript: List<Exchange>
        get() =
            core.steps
                .filter {
                    it.userInput != null ||
                        it.status.public() == SessionStatus.WAITING_FOR_USER_INPUT
                }.map { step ->
                    Exchange(
                        runId = step.id,
                        stepName = step.name,
                        question = step.prompt?.let { translated { promptText(it) } }.orEmpty(),
                        answer = step.userInput?.let { translated { plainText(it) } },
                    )
                }

    override fun equals(other: Any?): Boolean = other is Session && other.core == core

    override fun hashCode(): Int = core.hashCode()

    override fun toString(): String = "Session(id=$id, status=$rawStatus, progress=$progress)"
}

/** Steps done, of steps known. */
public data class Progress(
    /** Steps that have ended. */
    public val done: Int,
    /** How many steps are known: the flow's count, or the steps so far if those are more. */
    public val known: Int,
) {
    override fun toString(): String = "$done/$known"
}

/** One question to the end user and its answer, if it has one yet. */
public data class Exchange(
    /** The execution of the step that asked. */
    public val runId: String,
    /** The step's name in the flow. */
    public val stepName: String?,
    /** What was asked, as text. */
    public val question: String,
    /** What the end user answered, as text. */
    public val answer: String?,
)

internal fun context(reason: String) = ErrorContext(reason, null, null, null, false, null)
