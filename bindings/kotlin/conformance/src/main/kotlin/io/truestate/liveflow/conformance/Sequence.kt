package io.truestate.liveflow.conformance

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** One item of `exactly` or `in_order`. */
class Item(
    val pattern: JsonElement,
    val atLeast: Int = 1,
    val atMost: Int = 1,
) {
    companion object {
        private const val ANY_NUMBER = Int.MAX_VALUE
        private val anything = Item(JsonObject(emptyMap()), 0, ANY_NUMBER)

        /** The items that a consumer is expected to be told. */
        fun allOf(consumer: JsonElement): List<Item> {
            val exactly = consumer["exactly"]
            if (!exactly.isNull) return exactly.items.map(::read)
            return listOf(anything) +
                consumer["in_order"].items.flatMap { listOf(read(it), anything) }
        }

        private fun read(written: JsonElement): Item {
            val only = written.members.entries.singleOrNull()
            return when (only?.key) {
                "optional" -> Item(only.value, 0, 1)
                "any_number_of" -> Item(only.value, 0, ANY_NUMBER)
                else -> Item(written)
            }
        }
    }
}

/** Looks for a way to fit all events to all items. */
class Search(
    private val items: List<Item>,
    private val events: List<JsonElement>,
    private val names: Names,
) {
    /** How many events fit, at best. */
    var best = 0
        private set

    fun succeeds(): Boolean = from(0, 0, emptyMap())

    private fun from(
        item: Int,
        event: Int,
        bound: Map<String, JsonElement>,
    ): Boolean {
        best = maxOf(best, event)
        val wanted = items.getOrNull(item) ?: return event == events.size
        val isOptional = wanted.atLeast == 0
        if (isOptional && wanted.atMost > 1 && from(item + 1, event, bound)) return true
        val notes = bound.toMutableMap()
        val next = events.getOrNull(event)
        if (next != null && fits(wanted.pattern, next, names, notes)) {
            if (from(if (wanted.atMost > 1) item else item + 1, event + 1, notes)) return true
        }
        return isOptional && wanted.atMost == 1 && from(item + 1, event, bound)
    }
}
