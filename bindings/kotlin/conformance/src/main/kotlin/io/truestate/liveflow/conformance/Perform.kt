package io.truestate.liveflow.conformance

import io.truestate.liveflow.LiveFlowException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.measureTimedValue
import kotlinx.coroutines.delay
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/** How long `mark` lets requests that are on their way arrive. */
private val settle = 50.milliseconds

/** Carries out an action and compares what came of it. */
suspend fun complete(
    stage: Stage,
    action: JsonElement,
    here: Here,
) {
    val (came, took) =
        measureTimedValue {
            try {
                json("result" to carryOut(stage, action, here))
            } catch (error: LiveFlowException) {
                json("error" to Render.error(error))
            } catch (error: Raised) {
                json("error" to Render.error(error))
            }
        }
    stage.shown += came
    problem(action["expect"], came, took, stage.names())?.let {
        throw ScenarioFailed(Reason.ACTION, "$action\n  $it")
    }
}

private fun problem(
    expect: JsonElement,
    came: JsonObject,
    took: Duration,
    names: Names,
): String? {
    val error = came["error"]
    val isExpected = "error" in expect.members
    return when {
        error != null && !(isExpected && fits(expect["error"], error, names)) -> "raised $error"
        error == null && isExpected -> "raised no error; its result is ${came["result"]}"
        error == null && "result" in expect.members &&
            !fits(expect["result"], came.getValue("result"), names) ->
            "came out as ${came["result"]}"
        expect.millis("took_at_least_ms")?.let { took < it.milliseconds } ?: false ||
            expect.millis("took_at_most_ms")?.let { took > it.milliseconds } ?: false ->
            "took $took"
        else -> null
    }
}

private suspend fun carryOut(
    stage: Stage,
    action: JsonElement,
    here: Here,
): JsonElement {
    val kind = action.text("action")!!
    calls[kind]?.let { return it(stage, action) }
    watching[kind]?.let { return it(stage, action, here) }
    val service = stage.service
    when (kind) {
        "answer_elsewhere" -> service.answer(session(stage, action), given(action))
        "advance" -> service.advance(session(stage, action), action.text("fail"))
        "add_faults" -> stage.addFaults(action["faults"].items)
        "clear_faults" -> service.control("DELETE", "faults")
        "settings" -> service.control("PUT", "settings", action["settings"])
        "clock" -> service.clock(only(action, "speed", "advance_ms"))
        "drop_connections" -> service.control("POST", "drop_connections", only(action, "how"))
        "outage" -> {
            val outage = json("accept" to false) + only(action, "how", "for_ms")
            service.control("PUT", "listening", JsonObject(outage))
        }
        "end_outage" -> service.control("PUT", "listening", json("accept" to true))
        "sleep" -> delay(action.millis("ms")!!)
        "wait_for" -> while (!hasComeAbout(stage, action)) delay(lookEvery)
        "await_end" -> {
            val name = action.text("consumer") ?: MAIN
            while (stage.consumers[name]?.hasEnded != true) delay(lookEvery)
        }
        "join" -> stage.join(action.text("background"))
        "mark" -> {
            delay(settle)
            val newest = service.journal()["requests"].items.lastOrNull()
            stage.name(stage.marks, action.text("name")!!, newest?.count("number") ?: 0)
        }
        else -> throw invalid("only a callback raises: $action")
    }
    return JsonNull
}

private suspend fun session(
    stage: Stage,
    action: JsonElement,
) = stage.session(action.text("session") ?: MAIN)

private fun only(
    action: JsonElement,
    vararg names: String,
) = JsonObject(action.members.filterKeys { it in names })

private suspend fun hasComeAbout(
    stage: Stage,
    action: JsonElement,
): Boolean {
    val status = action.text("session_is")
    if (status != null) return stage.service.status(session(stage, action)) == status
    val names = stage.names()
    if ("event" in action.members) {
        val told = stage.consumers[action.text("consumer") ?: MAIN]?.events.orEmpty()
        return told.count { fits(action["event"], it, names) } >= (action.count("nth") ?: 1)
    }
    val wanted = action["requests"]
    val after = wanted.text("after")?.let { stage.named(stage.marks, it) } ?: 0
    val found =
        stage.service.journal()["requests"].items.filter {
            it.count("number")!! > after && fits(wanted["where"], it, names)
        }
    return found.size >= wanted.count("at_least")!!
}
