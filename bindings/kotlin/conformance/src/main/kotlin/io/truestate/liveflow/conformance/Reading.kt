package io.truestate.liveflow.conformance

import com.fasterxml.jackson.databind.ObjectMapper
import com.networknt.schema.JsonSchemaFactory
import com.networknt.schema.SpecVersion
import java.io.IOException
import java.nio.file.Path
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.readText
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement

/** Reads scenarios strictly: what is not known is a mistake. */
object Reading {
    private val mapper = ObjectMapper()
    private val schema =
        JsonSchemaFactory
            .getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(home.resolve("scenario.schema.json").readText())

    private val sessionCalls =
        setOf(
            "create_session",
            "get_session",
            "add_user_input",
            "cancel_session",
            "run",
            "wait",
            "cancel",
            "snapshot",
        )
    private val watchCalls = setOf("start", "watch", "restore", "restore_all")

    fun loadJson(path: Path): JsonElement = try {
        Json.parseToJsonElement(path.readText())
    } catch (error: IOException) {
        throw invalid("$path: ${error.message}")
    } catch (error: SerializationException) {
        throw invalid("$path: ${error.message}")
    }

    /** Reads and checks a scenario's file. */
    fun load(path: Path): JsonElement {
        val scenario = check(loadJson(path))
        if (scenario.text("name") != path.nameWithoutExtension) {
            throw invalid("the scenario is called ${scenario["name"]}, its file is not")
        }
        return scenario
    }

    fun check(scenario: JsonElement): JsonElement {
        val mistakes = schema.validate(mapper.readTree("$scenario"))
        if (mistakes.isNotEmpty()) {
            throw invalid(
                mistakes.take(5).joinToString("\n") { "${it.message}: ${it.instanceNode ?: ""}" },
            )
        }
        scenario["script"].items.forEach { checkAction(it) }
        val expect = scenario["expect"]
        expect["consumers"].members.values.forEach(::checkConsumer)
        Forms.check(Forms.listOf("record"), expect["sessions"])
        for (requests in expect["requests"].items) {
            Forms.check(Forms.of("request"), requests["where"])
            Forms.check(Forms.of("request"), requests["then"])
        }
        return scenario
    }

    /** Checks what a consumer is expected to be told. */
    fun checkConsumer(consumer: JsonElement) {
        Item.allOf(consumer).forEach { Forms.check(Forms.event, it.pattern) }
        consumer["never"].items.forEach { Forms.check(Forms.event, it) }
    }

    /** Checks an action; `callback` is the kind of callback that it is carried out in, if any. */
    private fun checkAction(
        action: JsonElement,
        callback: String? = null,
    ) {
        val kind = action.text("action")
        Forms.check(resultForm(kind), action.at("expect.result"))
        Forms.check(Forms.of("error"), action.at("expect.error"))
        val isInBackground = "background" in action.members
        when {
            kind == "raise" && callback == null -> throw invalid("only a callback raises: $action")
            kind == "raise" || callback == null || isInBackground -> Unit
            kind != "sleep" || callback != "listener" ->
                throw invalid("a callback awaits nothing, use `background`: $action")
        }
        if (kind == "wait_for") {
            Forms.check(Forms.event, action["event"])
            Forms.check(Forms.of("request"), action.at("requests.where"))
        }
        val consume = action.text("consume")
        if (consume == "nothing" && action["on"].items.isNotEmpty()) {
            throw invalid("what is not consumed has no reactions: $action")
        }
        val inside =
            when {
                kind == "run" -> "run"
                consume == "listener" -> "listener"
                else -> null
            }
        for (reaction in action["on"].items) {
            Forms.check(Forms.event, reaction["when"])
            reaction["do"].items.forEach { checkAction(it, inside) }
        }
        for (reaction in action["on_prompt"].items) {
            Forms.check(Forms.of("prompt"), reaction["when"])
            reaction["do"].items.forEach { checkAction(it) }
        }
    }

    private fun resultForm(kind: String?): JsonElement = when (kind) {
        in sessionCalls -> Forms.of("session")
        in watchCalls -> Forms.of("watch")
        "get_sessions", "iter_sessions" -> Forms.listOf("session")
        "next_event" -> Forms.event
        else -> Forms.json
    }
}
