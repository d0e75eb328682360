package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.UUID
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.last
import kotlinx.serialization.json.JsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** Each error, as the service brings it about over HTTP. */
@ExtendWith(SimulatorExtension::class)
class ErrorsTest {
    private val unknown = UUID.randomUUID().toString()

    private fun fault(
        on: String,
        fault: Any,
    ): JsonObject = jsonOf("on" to on, "fault" to fault)

    @Test
    fun `a wrong key is Authentication, and is never shown`(simulator: Simulator) = test {
        val flow = simulator.working()
        simulator.quick { apiKey = "not-the-right-one" }.use { client ->
            val error = thrown<LiveFlowException.Authentication> { client.createSession(flow) }
            assertEquals(401, error.httpStatus)
            assertFalse(error.isRetryable)
            assertFalse(
                "not-the-right-one" in "$error${error.detail}${error.stackTraceToString()}",
            )
        }
    }

    @Test
    fun `another organisation is PermissionDenied`(simulator: Simulator) = test {
        simulator.settings(jsonOf("required_org_id" to "ours"))
        val flow = simulator.working()
        simulator.quick { organisationId = "theirs" }.use { client ->
            val error =
                thrown<LiveFlowException.PermissionDenied> { client.createSession(flow) }
            assertEquals(403, error.httpStatus)
        }
        simulator.quick { organisationId = "ours" }.use { it.createSession(flow) }
    }

    @Test
    fun `an unknown flow is NotFound, with what the service said`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val error = thrown<LiveFlowException.NotFound> { client.createSession(unknown) }
            assertEquals(404, error.httpStatus)
            assertNotNull(error.detail)
            assertNotNull(error.requestId)
        }
    }

    @Test
    fun `a mistake in an argument is InvalidRequest, and nothing is sent`(simulator: Simulator) =
        test {
            simulator.quick().use { client ->
                val flow =
                    thrown<LiveFlowException.InvalidRequest> { client.createSession("no id") }
                assertEquals("live_flow_id", flow.argument)
                assertNull(flow.httpStatus)
                val session =
                    thrown<LiveFlowException.InvalidRequest> { client.getSession(unknown, "?") }
                assertEquals("session_id", session.argument)
                val text =
                    thrown<LiveFlowException.InvalidRequest> { client.createSession("\ud83d half") }
                assertTrue("surrogate" in text.message, text.message)
                assertEquals(0, simulator.requests().size)
            }
        }

    @Test
    fun `inputs that the flow refuses are InvalidRequest, naming the member`(simulator: Simulator) =
        test {
            val flow = simulator.working()
            val needy =
                jsonOf(
                    "name" to "Needy",
                    "required_inputs" to listOf("company"),
                    "steps" to
                        listOf(
                            jsonOf(
                                "name" to "start",
                                "type" to "start",
                                "transitions" to listOf(jsonOf("to" to "end")),
                            ),
                            jsonOf("name" to "end", "type" to "end"),
                        ),
                )
            simulator.uploadFlow(needy, flow)
            simulator.quick().use { client ->
                val error = thrown<LiveFlowException.InvalidRequest> { client.createSession(flow) }
                assertEquals(422, error.httpStatus)
                val field = error.fieldErrors.single()
                assertEquals("body.inputs.company", field.location)
                assertNotNull(field.kind)
            }
        }

    @Test
    fun `input that nobody asked for is NotWaitingForInput`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.endless()
            val id = client.createSession(flow).id
            val error =
                thrown<LiveFlowException.NotWaitingForInput> {
                    client.addUserInput(
                        flow,
                        id,
                        "x",
                    )
                }
            assertEquals("x", error.answer)
        }
    }

    @Test
    fun `a prompt that somebody else answered is PromptNoLongerOpen, with the answer`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking(2))
            val prompt = live.prompt()
            simulator.answer(live.id, "theirs")
            eventually {
                live
                    .snapshot()
                    ?.transcript
                    ?.first()
                    ?.answer == "theirs"
            }
            val error = thrown<LiveFlowException.PromptNoLongerOpen> { live.answer(prompt, "mine") }
            assertEquals("mine", error.answer)
        }
    }

    @Test
    fun `an answer whose outcome nobody can tell is OutcomeUnknown, with the answer`(
        simulator: Simulator,
    ) = test {
        simulator.addFaults(fault("add_user_input", "reset_before_effect"))
        simulator.quick { resendAnswers = false }.use { client ->
            val live = client.start(simulator.asking())
            val error =
                thrown<LiveFlowException.OutcomeUnknown> { live.answer(live.prompt(), "mine") }
            assertEquals("mine", error.answer)
            assertEquals(1, simulator.requests("add_user_input").size)
        }
    }

    @Test
    fun `a create whose outcome nobody can tell is OutcomeUnknown, with what was seen`(
        simulator: Simulator,
    ) = test {
        simulator.addFaults(fault("create_session", "reset_after_effect"))
        simulator.quick().use { client ->
            val error =
                thrown<LiveFlowException.OutcomeUnknown> {
                    client.createSession(
                        simulator.working(),
                    )
                }
            assertEquals(simulator.journal().sessions(), error.candidates.map { it.id })
        }
    }

    @Test
    fun `too many requests are RateLimited, with the service's wish`(simulator: Simulator) = test {
        simulator.addFaults(
            fault(
                "get_session",
                jsonOf("rate_limited" to jsonOf("retry_after" to 30)),
            ),
        )
        simulator.quick { timeouts.total = 1.seconds }.use { client ->
            val flow = simulator.working()
            val id = client.createSession(flow).id
            val error = thrown<LiveFlowException.RateLimited> { client.getSession(flow, id) }
            assertEquals(30.seconds, error.retryAfter)
            assertTrue(error.isRetryable)
        }
    }

    @Test
    fun `a service that does not answer is RequestTimeout`(simulator: Simulator) = test {
        simulator.addFaults(fault("get_session", "hold"))
        val client =
            simulator.quick {
                timeouts {
                    request = 100.milliseconds
                    total = 400.milliseconds
                }
            }
        client.use {
            val flow = simulator.working()
            val id = client.createSession(flow).id
            thrown<LiveFlowException.RequestTimeout> { client.getSession(flow, id) }
        }
    }

    @Test
    fun `a service that is down is Network`(simulator: Simulator) = test {
        simulator.quick { timeouts.total = 500.milliseconds }.use { client ->
            val flow = simulator.working()
            simulator.beginOutage()
            val error = thrown<LiveFlowException.Network> { client.createSession(flow) }
            assertTrue(error.isRetryable)
        }
    }

    @Test
    fun `a service that fails is Server`(simulator: Simulator) = test {
        simulator.addFaults(fault("get_session", jsonOf("status" to jsonOf("status" to 503))))
        simulator.quick { timeouts.total = 500.milliseconds }.use { client ->
            val flow = simulator.working()
            val id = client.createSession(flow).id
            val error = thrown<LiveFlowException.Server> { client.getSession(flow, id) }
            assertEquals(503, error.httpStatus)
            assertEquals("Simulated fault", error.detail)
        }
    }

    @Test
    fun `an answer that is no session is InvalidResponse`(simulator: Simulator) = test {
        simulator.addFaults(fault("get_session", "malformed_body"))
        simulator.quick { timeouts.total = 500.milliseconds }.use { client ->
            val flow = simulator.working()
            val id = client.createSession(flow).id
            thrown<LiveFlowException.InvalidResponse> { client.getSession(flow, id) }
        }
    }

    @Test
    fun `a watch that cannot go on ends with the error`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.endless()
            val live = client.start(flow)
            simulator.addFaults(fault("get_session", "unauthorized"))
            val end = live.events().last() as SessionEvent.WatchEnded
            val reason = end.reason as WatchEndReason.Error
            assertTrue(reason.error is LiveFlowException.Authentication)
            thrown<LiveFlowException.Authentication> { live.wait() }
            simulator.clearFaults()
            simulator.quick { watchLimit = 200.milliseconds }.use { impatient ->
                val last = impatient.start(flow).events().last()
                assertEquals(SessionEvent.WatchEnded(WatchEndReason.TimeLimit), last)
                thrown<LiveFlowException.RequestTimeout> { impatient.run(flow) }
            }
        }
    }
}
