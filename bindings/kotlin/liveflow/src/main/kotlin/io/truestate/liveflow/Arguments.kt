package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.CoreAnswer
import java.time.Duration as JavaDuration
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.toJavaDuration
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** What the core takes; here it also keeps the stack from overflowing. */
private const val DEEPEST = 100

/** A hundred years: longer than any wait, and short enough for every clock. */
private val LONGEST = 36_525.days

private val NOT_NUMBERS = setOf("NaN", "Infinity", "-Infinity")

internal fun invalid(
    argument: String,
    reason: String,
) = LiveFlowException.InvalidRequest(context(reason), argument)

/** Text that can be sent. */
internal fun sendable(
    text: String,
    argument: String,
    place: String = argument,
): String {
    var at = 0
    while (at < text.length) {
        val isPair = at + 1 < text.length && Character.isSurrogatePair(text[at], text[at + 1])
        if (text[at].isSurrogate() && !isPair) {
            throw invalid(argument, "$place holds half of a surrogate pair, which is not text")
        }
        at += if (isPair) 2 else 1
    }
    return text
}

/** JSON text that the core takes; a mistake is placed. */
internal fun encoded(
    json: JsonElement,
    argument: String,
): String {
    check(json, argument, argument, 0)
    return json.toString()
}

internal fun Answer.core(argument: String): CoreAnswer = when (this) {
    is Answer.Text -> CoreAnswer.Text(sendable(text, argument))
    is Answer.Json -> CoreAnswer.Json(encoded(json, argument))
}

/** A waiting time; without end is a hundred years. */
internal fun waiting(
    time: Duration,
    argument: String,
): JavaDuration {
    if (time.isNegative()) throw invalid(argument, "$argument must not be negative")
    return time.coerceAtMost(LONGEST).toJavaDuration()
}

private fun check(
    json: JsonElement,
    argument: String,
    place: String,
    depth: Int,
) {
    if (depth > DEEPEST) {
        throw invalid(argument, "$argument is nested more than $DEEPEST levels deep")
    }
    when (json) {
        is JsonNull -> Unit
        is JsonPrimitive ->
            if (json.isString) {
                sendable(json.content, argument, place)
            } else if (json.content in NOT_NUMBERS) {
                throw invalid(argument, "$place is ${json.content}, which JSON cannot say")
            }
        is JsonArray ->
            json.forEachIndexed { at, item -> check(item, argument, "$place[$at]", depth + 1) }
        is JsonObject ->
            json.forEach { (name, member) ->
                sendable(name, argument, "a key of $place")
                check(member, argument, "$place.$name", depth + 1)
            }
    }
}
