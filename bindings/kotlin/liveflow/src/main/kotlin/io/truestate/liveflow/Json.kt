package io.truestate.liveflow

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/**
 * A JSON object of plain Kotlin values: text, numbers, booleans, null, lists, maps with text for
 * keys, and [JsonElement] itself. `jsonOf("company" to "ACME", "sizes" to listOf(1, 2))`
 *
 * @throws LiveFlowException.InvalidRequest a value is none of these
 */
public fun jsonOf(vararg members: Pair<String, Any?>): JsonObject =
    JsonObject(members.associate { (name, value) -> name to element(value, name) })

private fun element(
    value: Any?,
    place: String,
): JsonElement = when (value) {
    null -> JsonNull
    is JsonElement -> value
    is String -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is Iterable<*> -> JsonArray(value.mapIndexed { at, item -> element(item, "$place[$at]") })
    is Map<*, *> ->
        JsonObject(
            value.entries.associate { (name, member) ->
                if (name !is String) {
                    throw invalid("json", "$place has the key $name, and JSON's keys are text")
                }
                name to element(member, "$place.$name")
            },
        )
    else -> throw invalid("json", "$place is a ${value.javaClass.name}, which is not JSON")
}
