package io.truestate.liveflow

import io.truestate.liveflow.internal.core.Prompt as CorePrompt
import kotlinx.serialization.json.JsonElement

/**
 * One question to the end user. Hand it back with the answer.
 *
 * A flow that validates answers can ask again in the same run of a step; that is another prompt,
 * with a higher [round].
 */
public class Prompt internal constructor(
    internal val core: CorePrompt,
) {
    /** The execution of the step that asks. */
    public val runId: String get() = core.runId

    /** 0 for the first question of the run, one more each time it asks again. */
    public val round: Int get() = core.round.toInt()

    /** The step's name in the flow. */
    public val stepName: String? get() = core.stepName

    /** What to show to the end user. */
    public val text: String get() = core.text

    /** The prompt's `type`, where it has one. */
    public val kind: String? get() = core.kind

    /** The prompt as the service wrote it. */
    public val raw: JsonElement? by decoded(core.raw)

    override fun equals(other: Any?): Boolean = other is Prompt && other.core == core

    override fun hashCode(): Int = core.hashCode()

    override fun toString(): String =
        "Prompt(runId=$runId, round=$round, stepName=$stepName, text=$text)"
}
