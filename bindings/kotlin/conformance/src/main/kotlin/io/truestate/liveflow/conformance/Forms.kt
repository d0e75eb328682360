package io.truestate.liveflow.conformance

import java.nio.file.Path
import kotlin.io.path.readText
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** The folder of the conformance scenarios. */
val home: Path = Path.of(System.getProperty("liveflow.conformance"))

/**
 * What members there are to compare (`forms.json`), and patterns held against it before anything is
 * played: a misspelt member is a mistake, and not a pattern that never fits.
 */
object Forms {
    private val file = Json.parseToJsonElement(home.resolve("forms.json").readText())
    private val events = file["events"].members
    private val forms = file["forms"].members
    private val words = file["words"].members

    val json: JsonElement = JsonPrimitive("json")
    val event: JsonElement = JsonPrimitive("event")
    private val number: JsonElement = JsonPrimitive("number")

    fun of(name: String): JsonElement = JsonPrimitive(name)

    fun listOf(name: String): JsonElement = JsonArray(listOf(JsonPrimitive(name)))

    /** Throws if the pattern cannot be compared with a value of this form. */
    fun check(
        form: JsonElement,
        pattern: JsonElement,
    ) {
        val name = form.text
        val fits =
            when (pattern) {
                is JsonNull -> true
                is JsonArray -> return checkList(form, pattern)
                is JsonObject -> return checkObject(form, pattern)
                is JsonPrimitive ->
                    when {
                        pattern.isBoolean -> name == "json" || name == "boolean"
                        !pattern.isString -> name == "json" || name == "number"
                        name in words -> pattern in words.getValue(name!!).items
                        else -> name == "json" || name == "text"
                    }
            }
        if (!fits) throw neverFits(form, pattern)
    }

    private fun checkList(
        form: JsonElement,
        pattern: JsonArray,
    ) {
        val item = itemOf(form) ?: throw neverFits(form, pattern)
        pattern.forEach { check(item, it) }
    }

    private fun itemOf(form: JsonElement) = if (form == json) json else form.items.firstOrNull()

    private fun checkObject(
        form: JsonElement,
        pattern: JsonObject,
    ) {
        val matcher = pattern.keys.firstOrNull { it.startsWith("$") }
        if (matcher != null) {
            if (pattern.size != 1) {
                throw invalid("pattern $pattern: a matcher object has exactly one member")
            }
            return checkMatcher(form, matcher, pattern.getValue(matcher))
        }
        if (form == json) return pattern.values.forEach { check(json, it) }
        if (form == event && pattern.isEmpty()) return
        val kind = pattern.text("event")
        val known =
            when (form) {
                event ->
                    events[kind]
                        ?: throw invalid("pattern $pattern: there is no event ${pattern["event"]}")
                else -> forms[form.text] ?: throw neverFits(form, pattern)
            }.members
        for ((name, inner) in pattern) {
            if (form == event && name == "event") continue
            check(
                known[name] ?: throw invalid("pattern $pattern: there is no member \"$name\" here"),
                inner,
            )
        }
    }

    private fun checkMatcher(
        form: JsonElement,
        name: String,
        inner: JsonElement,
    ) {
        val isJson = form == json
        val isList = isJson || form is JsonArray
        val isText = isJson || form.text == "text" || form.text in words
        val fits =
            when (name) {
                "\$any", "\$flow" -> inner.isTrue
                "\$exactly" -> true
                "\$bind" -> inner.text != null
                "\$one_of", "\$all" ->
                    inner is JsonArray &&
                        inner.onEach { check(form, it) } == inner
                "\$not" -> {
                    if (holdsBind(inner)) {
                        throw invalid("pattern $inner: `\$bind` does not stand inside `\$not`")
                    }
                    check(form, inner)
                    true
                }
                "\$has", "\$each" -> {
                    if (isList) check(itemOf(form)!!, inner)
                    isList
                }
                "\$length" -> {
                    check(number, inner)
                    isList || isText
                }
                "\$contains", "\$session" -> isText && inner.text != null
                "\$at_least", "\$at_most" -> {
                    (isJson || form == number) && inner.number != null
                }
                else -> false
            }
        if (!fits) throw invalid("pattern: $form has no matcher $name with $inner")
    }

    private fun holdsBind(pattern: JsonElement): Boolean = pattern.items.any(::holdsBind) ||
        pattern.members.any { (name, inner) -> name == "\$bind" || holdsBind(inner) }

    private fun neverFits(
        form: JsonElement,
        pattern: JsonElement,
    ) = invalid("pattern $pattern: this never fits $form")

    /** The value itself, if it has exactly the members of its form: a check of the player. */
    fun written(
        form: String,
        value: JsonObject,
    ): JsonObject {
        val known =
            if (form == "event") {
                events.getValue(value.text("event")!!).members.keys + "event"
            } else {
                forms.getValue(form).members.keys
            }
        check(value.keys == known) { "the player writes $value in the form $form" }
        return value
    }
}
