package io.truestate.liveflow.conformance

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive

/** What one consumer was told, and how it ended. */
class Recording(
    val events: List<JsonElement>,
    /** It was told that nothing follows. */
    val isOver: Boolean,
    /** How many events it had been told when it was closed, if it is a callback. */
    val closedAfter: Int?,
)

/** A broken rule, by its name, and what broke it. */
class Broken(
    val rule: String,
    val by: String,
)

/** The rules that every scenario is held to, whatever it expects. */
object Rules {
    val ends = setOf("finished", "failed", "watch_ended")

    /** All rules that this recording breaks. */
    fun brokenBy(recording: Recording): List<Broken> =
        oneEnd(recording) + prompts(recording) + statusChain(recording) +
            connectionPairs(recording) + endFits(recording) + lateCallback(recording) +
            recording.events.flatMap(::reason)

    private fun isEnd(event: JsonElement) = event.text("event") in ends

    private fun oneEnd(recording: Recording): List<Broken> {
        val end = recording.events.indexOfFirst(::isEnd)
        if (end >= 0) {
            return recording.events
                .drop(
                    end + 1,
                ).map { Broken("one_end", "after the end came $it") }
        }
        return if (recording.isOver) listOf(Broken("one_end", "no end was told")) else emptyList()
    }

    private fun prompts(recording: Recording): List<Broken> {
        val broken = mutableListOf<Broken>()
        val requested = mutableSetOf<Pair<JsonElement, JsonElement>>()
        val closed = mutableSetOf<Pair<JsonElement, JsonElement>>()
        for (event in recording.events) {
            val id = event.at("prompt.run_id") to event.at("prompt.round")
            when (event.text("event")) {
                "prompt_requested" ->
                    if (!requested.add(id)) broken += Broken("prompt_once", "$event")
                "prompt_closed" ->
                    if (!closed.add(id) || id !in requested) {
                        broken += Broken("prompt_closed_once", "$event")
                    }
                in ends -> {
                    broken += (requested - closed).map { Broken("prompt_left_open", "$it") }
                    // What comes after the end breaks another rule.
                    break
                }
            }
        }
        return broken
    }

    private fun statusChain(recording: Recording): List<Broken> {
        var last: JsonElement = JsonNull
        val changes = recording.events.filter { it.text("event") == "status_changed" }
        return changes.mapNotNull { event ->
            val isBroken = event["previous"] != last || event["current"] == last
            last = event["current"]
            if (isBroken) Broken("status_chain", "$event") else null
        }
    }

    private fun connectionPairs(recording: Recording): List<Broken> {
        var isLost = false
        return recording.events.mapNotNull { event ->
            val nowLost =
                when (event.text("event")) {
                    "connection_lost" -> true
                    "connection_restored" -> false
                    else -> return@mapNotNull null
                }
            val isBroken = nowLost == isLost
            isLost = nowLost
            if (isBroken) Broken("connection_pairs", "$event") else null
        }
    }

    private fun endFits(recording: Recording): List<Broken> {
        fun fits(event: JsonElement) = when (event.text("event")) {
            "finished" -> event.at("session.status") == JsonPrimitive("finished")
            "failed" ->
                event.at("session.status") == JsonPrimitive("failed") &&
                    event.at("error.kind") == JsonPrimitive("session_failed")
            else -> true
        }
        return recording.events.filterNot(::fits).map { Broken("end_fits", "$it") }
    }

    private fun lateCallback(recording: Recording): List<Broken> = recording.closedAfter
        ?.let { recording.events.drop(it) }
        .orEmpty()
        .map { Broken("late_callback", "$it") }

    /** Errors without words, in what was shown. */
    fun reason(shown: JsonElement): List<Broken> {
        val error = shown["error"]
        val hasWords = !error.text("reason").isNullOrBlank()
        val isError = "kind" in error.members
        return if (isError && !hasWords) listOf(Broken("reason", "$error")) else emptyList()
    }

    /** Secrets, anywhere in what was shown. */
    fun secret(
        shown: JsonElement,
        secrets: Collection<String>,
    ): List<Broken> = secrets.filter { it in "$shown" }.map { Broken("secret", "$shown") }
}
