package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** A test in a coroutine, which must not take long. */
fun test(
    limit: Duration = 20.seconds,
    body: suspend CoroutineScope.() -> Unit,
) = runBlocking { withTimeout(limit, body) }

/** A client with which nothing takes long, and whose settings still fit together. */
fun Simulator.quick(configure: ClientConfig.() -> Unit = {}): Client = client {
    timeouts {
        connect = 2.seconds
        request = 2.seconds
        total = 10.seconds
    }
    retry {
        initialBackoff = 20.milliseconds
        maxBackoff = 200.milliseconds
    }
    polling {
        runningMin = 10.milliseconds
        runningMax = 50.milliseconds
        waitingMin = 20.milliseconds
        waitingMax = 100.milliseconds
    }
    maxStaleness = 200.milliseconds
    answerGrace = 2500.milliseconds
    requestsPerSecond = 0.0
    configure()
}

/** Uploads a flow that asks so many questions, `ask_1` and so on, and gives its id. */
fun Simulator.asking(
    questions: Int = 1,
    more: JsonObject = jsonOf(),
): String {
    val names = List(questions) { "ask_${it + 1}" }
    val steps =
        names.mapIndexed { at, name ->
            val following = names.getOrElse(at + 1) { "end" }
            val step =
                jsonOf(
                    "name" to name,
                    "type" to "input",
                    "prompt" to jsonOf("type" to "text", "text" to "$name?"),
                    "transitions" to listOf(jsonOf("to" to following)),
                )
            JsonObject(step + more)
        }
    return upload(steps, JsonPrimitive("\${${names.last()}.result}"))
}

/** Uploads a flow that works through so many steps and asks nothing, and gives its id. */
fun Simulator.working(
    steps: Int = 1,
    durationMs: Long = 0,
    result: JsonElement = JsonPrimitive("done"),
): String {
    val names = List(steps) { "work_${it + 1}" }
    val all =
        names.mapIndexed { at, name ->
            jsonOf(
                "name" to name,
                "type" to "tool",
                "duration_ms" to durationMs,
                "transitions" to listOf(jsonOf("to" to names.getOrElse(at + 1) { "end" })),
            )
        }
    return upload(all, result)
}

/** Uploads a flow that works for years, and gives its id. */
fun Simulator.endless(): String = working(1, 100_000_000_000)

fun Simulator.upload(
    steps: List<JsonObject>,
    result: JsonElement,
): String {
    val first = steps.first().getValue("name")
    val start =
        jsonOf(
            "name" to "start",
            "type" to "start",
            "transitions" to listOf(jsonOf("to" to first)),
        )
    val end = jsonOf("name" to "end", "type" to "end", "result" to result)
    val flow = jsonOf("name" to "A test's", "ready_ms" to 0, "steps" to listOf(start) + steps + end)
    return uploadFlow(flow, UUID.randomUUID().toString())
}

/** The answers that took effect in a session, each as often as it did. */
fun Simulator.answersOf(sessionId: String): List<JsonElement> = journal(sessionId)
    .getValue("sessions")
    .jsonArray
    .single()
    .jsonObject
    .getValue("inputs")
    .jsonArray
    .flatMap { input ->
        input.jsonObject.run { List(getValue("count").jsonPrimitive.int) { getValue("input") } }
    }

fun Simulator.statusOf(sessionId: String): String = journal(sessionId)
    .getValue("sessions")
    .jsonArray
    .single()
    .jsonObject
    .getValue("status")
    .jsonPrimitive.content

fun Simulator.requests(call: String? = null): List<JsonObject> =
    (journal().getValue("requests") as JsonArray)
        .map { it.jsonObject }
        .filter { call == null || it.getValue("call") == JsonPrimitive(call) }

suspend fun eventually(holds: suspend () -> Boolean) =
    withTimeout(10.seconds) { while (!holds()) delay(5.milliseconds) }

/** The next prompt that a new consumer is told of. */
suspend fun LiveSession.prompt(): Prompt =
    events().filterIsInstance<SessionEvent.PromptRequested>().first().prompt

/** What it throws, which must be of this kind. `assertThrows` does not take coroutines. */
suspend inline fun <reified T : Throwable> thrown(crossinline body: suspend () -> Unit): T {
    val error = runCatching { body() }.exceptionOrNull()
    if (error !is T) throw AssertionError("${T::class.simpleName} expected, not $error", error)
    return error
}

/** The library's log records of level DEBUG and graver, as long as the block lasts. */
inline fun <T> withLogs(block: (List<LogRecord>) -> T): T {
    val records = java.util.concurrent.CopyOnWriteArrayList<LogRecord>()
    setLogSink({ records += it }, LogLevel.DEBUG)
    try {
        return block(records)
    } finally {
        setLogSink(null)
    }
}

/** The ids of the sessions in a journal. */
fun JsonObject.sessions(): List<String> = getValue("sessions").jsonArray.map {
    it.jsonObject
        .getValue("id")
        .jsonPrimitive.content
}
