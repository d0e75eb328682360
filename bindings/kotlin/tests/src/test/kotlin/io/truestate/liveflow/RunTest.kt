package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class RunTest {
    private class Own(
        message: String,
    ) : Exception(message)

    @Test
    fun `a session is run with its questions answered`(simulator: Simulator) = test {
        simulator.client().use { client ->
            val events = mutableListOf<SessionEvent>()
            val session =
                client.run(
                    Simulator.LEAD_QUALIFICATION,
                    jsonOf("company" to "ACME"),
                    onEvent = { events += it },
                ) { prompt ->
                    if (prompt.stepName == "ask_budget") "20000" else "next month"
                }
            assertEquals(SessionStatus.FINISHED, session.status)
            assertEquals(listOf("20000", "next month"), session.transcript.map { it.answer })
            assertEquals(SessionEvent.Finished(session), events.last())
            assertEquals(2, events.count { it is SessionEvent.PromptRequested })
        }
    }

    @Test
    fun `without a handler it just waits for the end`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val session = client.run(simulator.working(3))
            assertEquals(JsonPrimitive("done"), session.output)
        }
    }

    @Test
    fun `a failed session is given, not thrown`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val session =
                client.run(Simulator.CONTENT_MODERATION, jsonOf("text" to "spam"))
            assertEquals(SessionStatus.FAILED, session.status)
            val error = thrown<LiveFlowException.SessionFailed> { session.requireOutput() }
            assertTrue(error.detail.orEmpty().isNotEmpty())
        }
    }

    @Test
    fun `a handler's answer may be JSON`(simulator: Simulator) = test {
        simulator.settings(jsonOf("add_user_input" to jsonOf("json_answers" to true)))
        simulator.quick().use { client ->
            val answer = jsonOf("budget" to 20000, "exact" to listOf(1, 2.5))
            val session =
                client.run(simulator.asking(), handler = { Answer.Json(answer) })
            assertEquals(listOf(answer), simulator.answersOf(session.id))
            assertEquals(answer, session.output)
        }
    }

    @Test
    fun `a question that is asked again is another prompt`(simulator: Simulator) = test {
        val again = jsonOf("type" to "text", "text" to "Longer, please?")
        val accept = jsonOf("min_length" to 3, "ask_again_prompt" to again)
        simulator.quick().use { client ->
            val asked = mutableListOf<Prompt>()
            val session =
                client.run(simulator.asking(1, jsonOf("accept" to accept))) { prompt ->
                    asked += prompt
                    if (prompt.round == 0) "x" else "long enough"
                }
            assertEquals(listOf("ask_1?", "Longer, please?"), asked.map { it.text })
            assertEquals(1, asked.map { it.runId }.toSet().size)
            assertEquals(JsonPrimitive("long enough"), session.output)
        }
    }

    @Test
    fun `what the prompt handler throws reaches the caller, and watching stops`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val own = Own("out of ideas")
            val caught = thrown<Own> { client.run(simulator.asking()) { throw own } }
            assertSame(own, caught)
            assertStopped(simulator)
        }
    }

    @Test
    fun `what the event callback throws reaches the caller, and watching stops`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val own = Own("enough")
            val caught =
                thrown<Own> { client.run(simulator.endless(), onEvent = { throw own }) }
            assertSame(own, caught)
            assertStopped(simulator)
        }
    }

    @Test
    fun `an Error is passed on as any exception`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            thrown<StackOverflowError> {
                client.run(simulator.asking()) { throw StackOverflowError("deep") }
            }
        }
    }

    @Test
    fun `a cancellation from within a handler is a failure, not the caller's own`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking()
            val error =
                thrown<LiveFlowException.HandlerFailed> {
                    client.run(flow) {
                        val dead = CompletableDeferred<String>().apply { cancel() }
                        dead.await()
                    }
                }
            assertTrue(error.cause is CancellationException, "$error")
            thrown<LiveFlowException.HandlerFailed> {
                client.run(flow) { withTimeout(1.milliseconds) { awaitCancellation() } }
            }
        }
    }

    @Test
    fun `a handler that declines leaves the prompt to others`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val declined = CompletableDeferred<Unit>()
            val flow = simulator.asking()
            val run =
                async {
                    client.run(flow) {
                        declined.complete(Unit)
                        null
                    }
                }
            declined.await()
            simulator.answer(theSession(simulator), "from elsewhere")
            assertEquals(JsonPrimitive("from elsewhere"), run.await().output)
        }
    }

    @Test
    fun `a handler that never returns is cancelled when its prompt is answered elsewhere`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val ended = CompletableDeferred<Throwable>()
            val asked = CompletableDeferred<Unit>()
            val flow = simulator.asking()
            val run =
                async {
                    client.run(flow) {
                        asked.complete(Unit)
                        try {
                            awaitCancellation()
                        } catch (end: Throwable) {
                            ended.complete(end)
                            throw end
                        }
                    }
                }
            asked.await()
            simulator.answer(theSession(simulator), "elsewhere")
            assertEquals(SessionStatus.FINISHED, run.await().status)
            assertTrue(ended.await() is CancellationException)
        }
    }

    @Test
    fun `a handler that takes longer than its limit has not answered`(simulator: Simulator) = test {
        simulator.quick { handlerTimeout = 50.milliseconds }.use { client ->
            val flow = simulator.asking()
            withLogs { logs ->
                val run = async { client.run(flow) { awaitCancellation() } }
                eventually { logs.any { "took too long" in it.message } }
                assertEquals(LogLevel.WARN, logs.first { "took too long" in it.message }.level)
                simulator.answer(theSession(simulator), "elsewhere")
                assertEquals(JsonPrimitive("elsewhere"), run.await().output)
            }
        }
    }

    @Test
    fun `an answer that comes too late is somebody else's`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val session =
                client.run(simulator.asking()) {
                    simulator.answer(theSession(simulator), "faster")
                    "slower"
                }
            assertEquals(listOf(JsonPrimitive("faster")), simulator.answersOf(session.id))
        }
    }

    @Test
    fun `cancelling the caller stops the watching at once, and the session goes on`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking()
            val asked = CompletableDeferred<Unit>()
            val run =
                launch {
                    client.run(flow) {
                        asked.complete(Unit)
                        awaitCancellation()
                    }
                }
            asked.await()
            withTimeout(1.seconds) { run.cancelAndJoin() }
            assertStopped(simulator)
            assertEquals("waiting", simulator.statusOf(theSession(simulator)))
        }
    }

    @Test
    fun `closing the client ends a run`(simulator: Simulator) = test {
        val client = simulator.quick()
        val flow = simulator.endless()
        val events = CopyOnWriteArrayList<SessionEvent>()
        val run = async { runCatching { client.run(flow, onEvent = { events += it }) } }
        eventually { events.isNotEmpty() }
        client.close()
        assertTrue(run.await().exceptionOrNull() is LiveFlowException.Closed)
        assertEquals(SessionEvent.WatchEnded(WatchEndReason.Closed), events.last())
    }

    @Test
    fun `callbacks may call back into the client`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking()
            val seen = mutableListOf<SessionStatus>()
            val session =
                client.run(
                    flow,
                    onEvent = { seen += client.getSessions(flow).single().status },
                ) { prompt ->
                    val id = theSession(simulator)
                    "${prompt.text} ${client.getSession(flow, id).currentStep?.name}"
                }
            assertEquals(JsonPrimitive("ask_1? ask_1"), session.output)
            assertTrue(SessionStatus.WAITING_FOR_USER_INPUT in seen)
        }
    }

    private fun theSession(simulator: Simulator): String = simulator.journal().sessions().single()

    private suspend fun assertStopped(simulator: Simulator) {
        delay(50.milliseconds)
        val before = simulator.requests().size
        delay(300.milliseconds)
        assertEquals(before, simulator.requests().size, "requests after the watching stopped")
    }
}
