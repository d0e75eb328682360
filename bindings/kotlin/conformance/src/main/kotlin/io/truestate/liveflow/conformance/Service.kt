package io.truestate.liveflow.conformance

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorException
import java.net.HttpURLConnection
import java.net.Proxy
import java.net.URI
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** How often the player looks whether something has come about. */
val lookEvery = 5.milliseconds

/** The local service that a scenario is played against. */
class Service private constructor(
    private val simulator: Simulator,
) {
    val baseUrl = simulator.baseUrl
    val apiKey = simulator.apiKey

    suspend fun control(
        method: String,
        path: String,
        body: JsonElement? = null,
    ): JsonElement = try {
        withContext(Dispatchers.IO) { simulator.control(method, path, body) }
    } catch (error: SimulatorException) {
        throw invalid("the service refused ${error.message}")
    }

    /** Makes sure of the flow, and gives its id. */
    suspend fun putFlow(flow: JsonElement): String {
        flow.text?.let { return SHIPPED.getValue(it) }
        val id = flow.text("id") ?: FLOW_ID
        control("PUT", "flows/$id", flow)
        return id
    }

    /** Makes a session out of band and brings it where it should be. */
    suspend fun prepare(
        flow: String,
        session: JsonElement,
    ): String {
        val id = withContext(Dispatchers.IO) { create(flow, session["inputs"]) }
        val until = session.text("until") ?: "ready"
        val answers = session["answers"].items.toMutableList()
        while (true) {
            val status = status(id)
            when {
                status == until -> return id
                until == "failed" && status != "finished" -> advance(id, "failed by the scenario")
                status in setOf("ready", "running") && until != "ready" -> advance(id)
                status == "waiting" && answers.isNotEmpty() -> answer(id, answers.removeFirst())
                else -> throw invalid("a session is $status, not $until")
            }
        }
    }

    private fun create(
        flow: String,
        inputs: JsonElement,
    ): String {
        val url = URI("$baseUrl/live_flows/$flow/sessions/").toURL()
        val connection = url.openConnection(Proxy.NO_PROXY) as HttpURLConnection
        connection.doOutput = true
        connection.setRequestProperty("Content-Type", "application/json")
        connection.setRequestProperty("Api-Key", apiKey)
        val body = json("inputs" to (inputs as? JsonObject ?: json()))
        connection.outputStream.use { it.write("$body".toByteArray()) }
        if (connection.responseCode >= HttpURLConnection.HTTP_BAD_REQUEST) {
            throw invalid("a session was not created: ${connection.responseCode}")
        }
        val text = connection.inputStream.use { it.readBytes().decodeToString() }
        return Json.parseToJsonElement(text).text("id")!!
    }

    /** A session's status, whatever the status words. */
    suspend fun status(session: String): String =
        control("GET", "journal?session=$session")["sessions"].items.firstOrNull()?.text("status")
            ?: throw invalid("the service has no session $session")

    suspend fun journal(): JsonElement = control("GET", "journal")

    suspend fun clock(changes: JsonObject) {
        control("PUT", "clock", changes)
    }

    /** Has the current step finish, or fail, now. */
    suspend fun advance(
        session: String,
        fail: String? = null,
    ) {
        control("POST", "sessions/$session/advance", fail?.let { json("fail" to it) })
    }

    /** Has another device answer. */
    suspend fun answer(
        session: String,
        answer: JsonElement,
    ) {
        control("POST", "sessions/$session/answer", json("answer" to answer))
    }

    companion object {
        private const val FLOW_ID = "c0f0a3c2-5d1e-4b7a-9a57-2f6f0d5c9e11"
        private val SHIPPED =
            mapOf(
                "lead-qualification" to Simulator.LEAD_QUALIFICATION,
                "company-research" to Simulator.COMPANY_RESEARCH,
                "content-moderation" to Simulator.CONTENT_MODERATION,
            )

        /** Has a service run while the block does. */
        suspend fun <T> running(block: suspend (Service) -> T): T {
            val simulator =
                try {
                    withContext(Dispatchers.IO) { Simulator.start() }
                } catch (error: SimulatorException) {
                    throw invalid("the local service: ${error.message}")
                }
            try {
                return block(Service(simulator))
            } finally {
                withContext(NonCancellable + Dispatchers.IO) { simulator.close() }
            }
        }
    }
}
