package io.truestate.liveflow.conformance

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** What patterns can refer to beside the value itself: ids of sessions by their names, the flow. */
class Names(
    val sessions: Map<String, String> = emptyMap(),
    val flow: String = "",
)

/** The values noted by `$bind` so far. */
typealias Bound = MutableMap<String, JsonElement>

/**
 * Whether `value` fits; notes what `$bind` notes. After a misfit, `bound` may hold too much: use a
 * copy where another try follows.
 */
fun fits(
    pattern: JsonElement,
    value: JsonElement,
    names: Names,
    bound: Bound = mutableMapOf(),
): Boolean = when (pattern) {
    is JsonArray ->
        value is JsonArray && value.size == pattern.size &&
            pattern.indices.all { fits(pattern[it], value[it], names, bound) }
    is JsonObject -> {
        val first = pattern.entries.firstOrNull()
        if (first != null && first.key.startsWith("$")) {
            matches(first.key, first.value, value, names, bound)
        } else {
            value is JsonObject &&
                pattern.all { (name, inner) ->
                    fits(inner, value[name] ?: JsonNull, names, bound)
                }
        }
    }
    else -> same(pattern, value)
}

private fun matches(
    name: String,
    inner: JsonElement,
    value: JsonElement,
    names: Names,
    bound: Bound,
): Boolean = when (name) {
    "\$any" -> !value.isNull
    "\$exactly" -> same(inner, value)
    "\$one_of" -> inner.items.any { tried(it, value, names, bound) }
    "\$all" -> inner.items.all { fits(it, value, names, bound) }
    "\$not" -> !fits(inner, value, names, bound.toMutableMap())
    "\$contains" -> value.text?.contains(inner.text!!) ?: false
    "\$has" -> value.items.any { tried(inner, it, names, bound) }
    "\$each" -> value is JsonArray && value.all { fits(inner, it, names, bound) }
    "\$length" -> length(value)?.let { fits(inner, JsonPrimitive(it), names, bound) } ?: false
    "\$at_least" -> value.number?.let { it >= inner.number!! } ?: false
    "\$at_most" -> value.number?.let { it <= inner.number!! } ?: false
    "\$bind" -> {
        val noted = bound[inner.text]
        if (noted == null && !value.isNull) bound[inner.text!!] = value
        if (noted == null) !value.isNull else same(noted, value)
    }
    "\$session" -> value.text != null && value.text == names.sessions[inner.text]
    "\$flow" -> value.text == names.flow
    // Patterns are checked before anything is played.
    else -> false
}

/** As [fits], but what is noted counts only if it does. */
private fun tried(
    pattern: JsonElement,
    value: JsonElement,
    names: Names,
    bound: Bound,
): Boolean {
    val notes = bound.toMutableMap()
    return fits(pattern, value, names, notes).also { if (it) bound += notes }
}

private fun length(value: JsonElement): Int? = when (value) {
    is JsonArray -> value.size
    is JsonObject -> value.size
    else -> value.text?.let { it.codePointCount(0, it.length) }
}
