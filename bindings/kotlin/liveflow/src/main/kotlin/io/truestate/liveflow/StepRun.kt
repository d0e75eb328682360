package io.truestate.liveflow

import io.truestate.liveflow.internal.core.StepRun as CoreStepRun
import java.time.Instant
import kotlinx.serialization.json.JsonElement

/** One execution of one step. */
public class StepRun internal constructor(
    internal val core: CoreStepRun,
) {
    /** Identifies this execution (not the step in the flow). */
    public val id: String get() = core.id

    /** The step's name in the flow. */
    public val name: String? get() = core.name

    /** The service's word for what kind of step it is, such as `LLM` or `INPUT`. */
    public val stepType: String? get() = core.stepType

    /** How far this execution is. */
    public val status: SessionStatus get() = core.status.public()

    /** The service's own word for the status. */
    public val rawStatus: String get() = core.rawStatus

    /** Its input: for a step that asks, what to ask. */
    public val prompt: JsonElement? by decoded(core.prompt)

    /** Its output: for a step that asks, the answer. */
    public val result: JsonElement? by decoded(core.result)

    /** What the end user answered. */
    public val userInput: JsonElement? by decoded(core.userInput)

    /** Why it failed. For debugging: do not show it to end users. */
    public val error: JsonElement? by decoded(core.error)

    /** When it began, by the service's clock. */
    public val createdAt: Instant? get() = core.createdAt

    /** When it last changed, by the service's clock. */
    public val updatedAt: Instant? get() = core.updatedAt

    override fun equals(other: Any?): Boolean = other is StepRun && other.core == core

    override fun hashCode(): Int = core.hashCode()

    override fun toString(): String = "StepRun(id=$id, name=$name, status=$rawStatus)"
}
