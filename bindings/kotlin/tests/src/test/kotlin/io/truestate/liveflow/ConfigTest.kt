package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.io.IOException
import java.net.InetSocketAddress
import java.net.Proxy
import java.net.ProxySelector
import java.net.ServerSocket
import java.net.SocketAddress
import java.net.URI
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class ConfigTest {
    @Test
    fun `the defaults are those that the documentation names`() {
        val config = ClientConfig("key")
        assertEquals(
            listOf(10.seconds, 30.seconds, 2.minutes),
            config.timeouts.run {
                listOf(connect, request, total)
            },
        )
        assertEquals(
            listOf(500.milliseconds, 30.seconds),
            config.retry.run {
                listOf(initialBackoff, maxBackoff)
            },
        )
        assertEquals(2.0, config.retry.multiplier)
        assertEquals(
            listOf(200.milliseconds, 5.seconds, 2.seconds, 60.seconds),
            config.polling.run { listOf(runningMin, runningMax, waitingMin, waitingMax) },
        )
        assertEquals(0.2 to 0.1, config.polling.growth to config.polling.jitter)
        assertEquals(24.hours, config.watchLimit)
        assertTrue(config.resendAnswers && config.verifyBeforeAnswer)
        assertEquals(45.seconds to 10.seconds, config.answerGrace to config.maxStaleness)
        assertFalse(config.adoptCreated || config.recreateWhenUnseen || config.allowInsecureHttp)
        assertEquals(5.minutes to 2.seconds, config.maxRetryAfter to config.suspendGrace)
        assertNull(config.handlerTimeout)
        assertEquals(64 to 16, config.callbackLimit to config.maxConcurrentRequests)
        assertEquals(20.0 to 16L * 1024 * 1024, config.requestsPerSecond to config.maxBodyBytes)
        val session = "/live_flows/{live_flow_id}/sessions/{session_id}"
        assertEquals(
            Endpoint(HttpMethod.POST, "$session/user_input/"),
            config.endpoints.addUserInput,
        )
        assertEquals(Endpoint(HttpMethod.POST, "$session/cancel/"), config.endpoints.cancelSession)
        assertEquals(
            CreateBody.WRAPPED to "user_input",
            config.endpoints.run {
                createBody to
                    userInputMember
            },
        )
        assertNull(config.endpoints.listPageSize)
    }

    @Test
    fun `a mistake names its setting`() {
        val mistakes: Map<String, ClientConfig.() -> Unit> =
            mapOf(
                "api_key" to { apiKey = null },
                "base_url" to { baseUrl = "http://example.com" },
                "timeouts.request" to { timeouts.request = Duration.ZERO },
                "timeouts.total" to { timeouts.total = (-1).seconds },
                "retry.multiplier" to { retry.multiplier = 0.5 },
                "polling.running_max" to { polling { runningMax = 1.milliseconds } },
                "answer_grace" to { answerGrace = 1.seconds },
                "requests_per_second" to { requestsPerSecond = Double.NaN },
                "max_concurrent_requests" to { maxConcurrentRequests = -1 },
                "max_body_bytes" to { maxBodyBytes = 0 },
                "callback_limit" to { callbackLimit = 0 },
                "endpoints.cancel_session" to
                    { endpoints.cancelSession = Endpoint(HttpMethod.POST, "/x") },
                "endpoints.list_page_size" to { endpoints.listPageSize = 0 },
                "status_aliases" to { statusAliases["PAUSED"] = SessionStatus.UNRECOGNISED },
                "proxy" to { proxy = ProxyConfig.Url("squid") },
                "extra_root_certificates" to
                    { extraRootCertificates = listOf("no PEM".toByteArray()) },
                "organisation_id" to { organisationId = "half \ud83d" },
                "user_agent_suffix" to { userAgentSuffix = "line\nbreak" },
            )
        for ((setting, mistake) in mistakes) {
            val error =
                assertThrows(LiveFlowException.Configuration::class.java, {
                    Client("marked-key", mistake).close()
                }, setting)
            assertEquals(setting, error.setting)
            assertFalse("marked" in error.message)
        }
    }

    @Test
    fun `the text form hides the key`() {
        val config = ClientConfig("marked-key")
        assertFalse("marked" in "$config")
        assertTrue("hidden" in "$config")
    }

    @Test
    fun `settings arrive at the core`(simulator: Simulator) = test {
        val path = "/live_flows/{live_flow_id}/sessions/{session_id}/reply/"
        simulator.settings(
            jsonOf(
                "create_session" to jsonOf("body" to "bare"),
                "add_user_input" to
                    jsonOf("method" to "PUT", "path" to path, "member" to "reply"),
                "status_words" to jsonOf("running" to "AT_IT", "finished" to "OVER"),
            ),
        )
        val client =
            simulator.quick {
                endpoints {
                    createBody = CreateBody.BARE
                    addUserInput = Endpoint(HttpMethod.PUT, path)
                    userInputMember = "reply"
                }
                statusAliases["over"] = SessionStatus.FINISHED
                userAgentSuffix = "kotlin-tests"
                watchLimit = Duration.INFINITE
            }
        client.use {
            val session = client.run(simulator.asking(), jsonOf("a" to 1)) { "yes" }
            assertEquals(SessionStatus.FINISHED to "OVER", session.status to session.rawStatus)
            assertEquals(jsonOf("a" to 1), session.inputs)
            val agent =
                simulator
                    .requests()
                    .first()
                    .getValue(
                        "headers",
                    ).jsonObject
                    .getValue("user-agent")
            assertTrue("kotlin-tests" in "$agent", "$agent")
        }
    }

    @Test
    fun `a client takes its settings when it is made`(simulator: Simulator) = test {
        val config =
            ClientConfig(simulator.apiKey).apply {
                baseUrl = simulator.baseUrl
                polling.runningMin = 10.milliseconds
            }
        Client(config).use { client ->
            config.baseUrl = "https://example.com"
            assertEquals(SessionStatus.FINISHED, client.run(simulator.working()).status)
        }
    }

    @Test
    fun `the JVM's own proxy is used, as a phone's is`(simulator: Simulator) = test {
        val asked = mutableListOf<String>()
        ServerSocket(0).use { proxy ->
            thread(isDaemon = true) {
                runCatching {
                    while (true) {
                        proxy.accept().use {
                            asked +=
                                it.getInputStream().bufferedReader().readLine()
                        }
                    }
                }
            }
            val before = ProxySelector.getDefault()
            ProxySelector.setDefault(always(InetSocketAddress("127.0.0.1", proxy.localPort)))
            try {
                simulator.quick { timeouts.total = 300.milliseconds }.use { client ->
                    thrown<LiveFlowException> { client.getSessions(simulator.working()) }
                }
                assertTrue(asked.isNotEmpty())
                simulator.quick { this.proxy = ProxyConfig.Direct }.use { client ->
                    assertEquals(SessionStatus.FINISHED, client.run(simulator.working()).status)
                }
            } finally {
                ProxySelector.setDefault(before)
            }
        }
    }

    private fun always(address: InetSocketAddress) = object : ProxySelector() {
        override fun select(uri: URI) = listOf(Proxy(Proxy.Type.HTTP, address))

        override fun connectFailed(
            uri: URI,
            at: SocketAddress,
            error: IOException,
        ) = Unit
    }

    @Test
    fun `JSON keeps its digits, both ways`(simulator: Simulator) = test {
        val text = """{"big":123456789012345678901234567890,"exact":0.1000000000000000001}"""
        val inputs =
            kotlinx.serialization.json.Json
                .parseToJsonElement(text)
                .jsonObject
        simulator.quick().use { client ->
            val session = client.createSession(simulator.working(), inputs)
            assertEquals(text, "${session.inputs}")
        }
    }

    @Test
    fun `what is not JSON is refused, and its place named`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.working()
            val number =
                thrown<LiveFlowException.InvalidRequest> {
                    client.createSession(flow, jsonOf("a" to listOf(1, Double.NaN)))
                }
            assertEquals("inputs", number.argument)
            assertTrue("inputs.a[1] is NaN" in number.message, number.message)
            val half =
                thrown<LiveFlowException.InvalidRequest> {
                    client.createSession(
                        flow,
                        jsonOf("a" to "\ud83d"),
                    )
                }
            assertTrue("inputs.a holds half" in half.message, half.message)
            val deep = generateSequence(jsonOf()) { jsonOf("a" to it) }.elementAt(5000)
            thrown<LiveFlowException.InvalidRequest> { client.createSession(flow, deep) }
            thrown<LiveFlowException.InvalidRequest> { jsonOf("a" to Any()) }
            thrown<LiveFlowException.InvalidRequest> { jsonOf("a" to mapOf(1 to 2)) }
            assertEquals(0, simulator.requests("create_session").size)
        }
    }

    @Test
    fun `plain Kotlin values become JSON`() {
        val json =
            jsonOf(
                "a" to mapOf("b" to listOf(1, "2", true, null, JsonPrimitive(3L))),
                "c" to 0.5f,
            )
        assertEquals("""{"a":{"b":[1,"2",true,null,3]},"c":0.5}""", "$json")
    }
}
