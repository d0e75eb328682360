package io.truestate.liveflow.conformance

import java.math.BigDecimal
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

// JSON as it is read here: what is not there is null, and members can be asked of anything.

operator fun JsonElement.get(name: String): JsonElement =
    (this as? JsonObject)?.get(name) ?: JsonNull

val JsonElement.isNull: Boolean get() = this is JsonNull

/** Its items; none if it is no list. */
val JsonElement.items: List<JsonElement> get() = this as? JsonArray ?: emptyList()

/** Its members; none if it is no object. */
val JsonElement.members: Map<String, JsonElement> get() = this as? JsonObject ?: emptyMap()

/** Its text, if it is a text. */
val JsonElement.text: String? get() = (this as? JsonPrimitive)?.takeIf { it.isString }?.content

/** Its number, if it is one, with all its digits. */
val JsonElement.number: BigDecimal?
    get() =
        (this as? JsonPrimitive)
            ?.takeUnless { it.isString || it is JsonNull }
            ?.content
            ?.toBigDecimalOrNull()

val JsonElement.isTrue: Boolean get() = this is JsonPrimitive && !isString && content == "true"

val JsonElement.isBoolean: Boolean
    get() = this is JsonPrimitive && !isString && (content == "true" || content == "false")

/** A number that counts something, if it is there. */
fun JsonElement.count(name: String): Int? = this[name].number?.toInt()

fun JsonElement.millis(name: String): Long? = this[name].number?.toLong()

fun JsonElement.text(name: String): String? = this[name].text

/** A path of members with dots between them. */
fun JsonElement.at(path: String): JsonElement =
    path.split('.').fold(this) { value, name -> value[name] }

fun json(vararg members: Pair<String, Any?>): JsonObject =
    JsonObject(members.associate { (name, value) -> name to element(value) })

fun element(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is JsonElement -> value
    is String -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is List<*> -> JsonArray(value.map(::element))
    else -> error("the player writes a ${value.javaClass} as JSON")
}

/** Whether both are the same JSON: numbers by value, with all their digits. */
fun same(
    one: JsonElement,
    two: JsonElement,
): Boolean = when (one) {
    is JsonNull -> two is JsonNull
    is JsonPrimitive -> two is JsonPrimitive && two !is JsonNull && samePrimitive(one, two)
    is JsonArray ->
        two is JsonArray && one.size == two.size && one.indices.all { same(one[it], two[it]) }
    is JsonObject ->
        two is JsonObject && one.keys == two.keys &&
            one.all { (name, value) -> same(value, two.getValue(name)) }
}

private fun samePrimitive(
    one: JsonPrimitive,
    two: JsonPrimitive,
): Boolean {
    val (first, second) = one.number to two.number
    if (first != null && second != null) return first.compareTo(second) == 0
    return one.isString == two.isString && one.content == two.content
}
