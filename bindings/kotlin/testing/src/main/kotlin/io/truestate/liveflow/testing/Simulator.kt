package io.truestate.liveflow.testing

import io.truestate.liveflow.Client
import io.truestate.liveflow.ClientConfig
import java.io.IOException
import java.net.HttpURLConnection
import java.net.Proxy
import java.net.URL
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** The simulator could not be found or started, or it refused a request. */
public class SimulatorException internal constructor(
    message: String,
    cause: Throwable? = null,
) : RuntimeException(message, cause)

/**
 * A local Live Flow service on a free port of this machine, for the tests of an application.
 *
 * ```
 * Simulator.start { speed = 100.0 }.use { simulator ->
 *     simulator.client().use { client ->
 *         val session = client.run(Simulator.LEAD_QUALIFICATION) { "20000" }
 *     }
 * }
 * ```
 *
 * What flows, faults and settings look like, the simulator's own page says.
 */
public class Simulator private constructor(
    private val process: Process,
    said: JsonObject,
) : AutoCloseable {
    /** Where it is. */
    public val baseUrl: String = said.text("base_url")

    /** Where it can be controlled even while it simulates an outage. */
    public val controlUrl: String = said.text("control_url")

    /** The one key that it accepts. */
    public val apiKey: String = said.text("api_key")

    /** The names of its flows, by their ids. */
    public val flows: Map<String, String> =
        said.getValue("flows").jsonArray.associate { flow ->
            flow.jsonObject.run { text("id") to text("name") }
        }

    /** Makes a client of it. */
    public fun client(configure: ClientConfig.() -> Unit = {}): Client {
        val address = baseUrl
        return Client(apiKey) {
            baseUrl = address
            configure()
        }
    }

    /** What it saw: `requests`, and `sessions` with the `inputs` that took effect. */
    public fun journal(sessionId: String? = null): JsonObject {
        val query = if (sessionId == null) "" else "?session=$sessionId"
        return control("GET", "journal$query").jsonObject
    }

    /** Forgets what it saw. Sessions stay. */
    public fun clearJournal() {
        control("DELETE", "journal")
    }

    /** Has requests fail as these rules say. */
    public fun addFaults(vararg rules: JsonObject) {
        control("POST", "faults", JsonArray(rules.asList()))
    }

    /** The rules, and how often each was seen and fired. */
    public fun faults(): List<JsonObject> = control("GET", "faults").jsonArray.map { it.jsonObject }

    /** Has no more requests fail. */
    public fun clearFaults() {
        control("DELETE", "faults")
    }

    /** Adds a flow, or replaces it for new sessions, and gives its id. */
    public fun uploadFlow(
        flow: JsonObject,
        id: String = flow.text("id"),
    ): String {
        control("PUT", "flows/$id", flow)
        return id
    }

    /** Changes how it behaves where the real service is undocumented; gives all settings. */
    public fun settings(changes: JsonObject): JsonObject =
        control("PUT", "settings", changes).jsonObject

    /** Answers a session's open prompt as another device would. */
    public fun answer(
        sessionId: String,
        answer: JsonElement,
    ) {
        control("POST", "sessions/$sessionId/answer", JsonObject(mapOf("answer" to answer)))
    }

    /** As the other `answer`, with text. */
    public fun answer(
        sessionId: String,
        answer: String,
    ): Unit = answer(sessionId, JsonPrimitive(answer))

    /** Has the session's current step finish now, or fail with this error. */
    public fun advance(
        sessionId: String,
        fail: String? = null,
    ) {
        val body = fail?.let { JsonObject(mapOf("fail" to JsonPrimitive(it))) }
        control("POST", "sessions/$sessionId/advance", body)
    }

    /** Changes the speed of time, or lets time jump ahead. */
    public fun clock(
        speed: Double? = null,
        advanceMs: Double? = null,
    ) {
        val changes =
            listOf("speed" to speed, "advance_ms" to advanceMs)
                .mapNotNull { (name, value) -> value?.let { name to JsonPrimitive(it) } }
                .toMap()
        control("PUT", "clock", JsonObject(changes))
    }

    /** Drops all connections: `reset` or `close`. */
    public fun dropConnections(how: String = "reset") {
        control("POST", "drop_connections", JsonObject(mapOf("how" to JsonPrimitive(how))))
    }

    /** Begins an outage in which it refuses (`refuse`) or resets (`reset`) connections. */
    public fun beginOutage(
        how: String = "refuse",
        forMs: Long? = null,
    ) {
        val body = mutableMapOf("accept" to JsonPrimitive(false), "how" to JsonPrimitive(how))
        if (forMs != null) body["for_ms"] = JsonPrimitive(forMs)
        control("PUT", "listening", JsonObject(body))
    }

    /** Ends an outage. */
    public fun endOutage() {
        control("PUT", "listening", JsonObject(mapOf("accept" to JsonPrimitive(true))))
    }

    /** Forgets everything but how it was started. */
    public fun reset() {
        control("POST", "reset")
    }

    /**
     * Sends a control request, and gives its answer.
     *
     * @throws SimulatorException it was refused
     */
    public fun control(
        method: String,
        path: String,
        body: JsonElement? = null,
    ): JsonElement {
        // The system's proxy has no business with a service on this machine.
        val url = URL("$controlUrl/_simulator/$path")
        val connection = url.openConnection(Proxy.NO_PROXY) as HttpURLConnection
        connection.requestMethod = method
        connection.connectTimeout = CONTROL_MS
        connection.readTimeout = CONTROL_MS
        connection.setRequestProperty("Content-Type", "application/json")
        if (body != null) {
            connection.doOutput = true
            connection.outputStream.use { it.write(body.toString().toByteArray()) }
        }
        val isFine = connection.responseCode < HttpURLConnection.HTTP_BAD_REQUEST
        val stream = if (isFine) connection.inputStream else connection.errorStream
        val text = stream?.use { it.readBytes().decodeToString() }.orEmpty()
        if (!isFine) throw SimulatorException("$method $path: ${connection.responseCode} $text")
        return if (text.isEmpty()) JsonNull else Json.parseToJsonElement(text)
    }

    /** Stops it. */
    override fun close() {
        try {
            process.outputStream.close()
        } catch (_: IOException) {
            // It has gone by itself.
        }
        if (!process.waitFor(STOP_S, TimeUnit.SECONDS)) process.destroyForcibly()
    }

    override fun toString(): String = "Simulator($baseUrl)"

    /** How a simulator is started. */
    public class Options internal constructor() {
        /**
         * The simulator's command. By default the system property `liveflow.simulator`, else the
         * environment variable `LIVEFLOW_SIMULATOR`, else the one that this artefact brings for
         * this platform, else `liveflow-simulator` on the path.
         */
        public var command: Path? = null

        /** A directory of further flow files. */
        public var flows: Path? = null

        /** How many times as fast as real time sessions go. */
        public var speed: Double = 1.0

        /** Seeds random durations and faults. */
        public var seed: Long = 0

        /** The one key that it accepts. */
        public var apiKey: String = "simulator-key"

        /** Further arguments of the command. */
        public var arguments: List<String> = emptyList()
    }

    /** Starts simulators, and names the flows that each of them has. */
    public companion object {
        /** The built-in flow that asks two questions, `ask_budget` and `ask_timeline`. */
        public const val LEAD_QUALIFICATION: String = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"

        /** The built-in flow that asks nothing. */
        public const val COMPANY_RESEARCH: String = "0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11"

        /** The built-in flow that fails for `spam`, asks about `sell`, and approves the rest. */
        public const val CONTENT_MODERATION: String = "5d9f0c32-7f0a-4b6e-8a57-3e2f4c9b1d64"

        private const val CONTROL_MS = 20_000
        private const val STOP_S = 5L

        /**
         * Starts one. It ends when it is closed, and with this process, however that ends.
         *
         * @throws SimulatorException it was not found, or did not start
         */
        public fun start(configure: Options.() -> Unit = {}): Simulator {
            val options = Options().apply(configure)
            val command = options.command?.toString() ?: SimulatorCommand.find()
            val arguments =
                listOf("--port", "0", "--exit-with-stdin", "--quiet") +
                    listOf("--speed", "${options.speed}", "--seed", "${options.seed}") +
                    listOf("--api-key", options.apiKey) +
                    (options.flows?.let { listOf("--flows", "$it") } ?: emptyList()) +
                    options.arguments
            val process =
                try {
                    ProcessBuilder(listOf(command) + arguments)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start()
                } catch (error: IOException) {
                    throw SimulatorException("$command cannot be started: ${error.message}", error)
                }
            val line = process.inputStream.bufferedReader().readLine()
            if (line == null) {
                val code = process.waitFor()
                throw SimulatorException(
                    "$command ended with $code instead of starting; see its messages",
                )
            }
            return Simulator(process, Json.parseToJsonElement(line).jsonObject)
        }

        private fun JsonObject.text(name: String) = getValue(name).jsonPrimitive.content
    }
}
