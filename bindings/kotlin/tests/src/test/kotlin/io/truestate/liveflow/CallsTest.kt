package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class CallsTest {
    @Test
    fun `the service's five calls are there, unadorned`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking()
            val inputs = jsonOf("company" to "ACME")
            val created = client.createSession(flow, inputs)
            assertEquals(flow, created.liveFlowId)
            assertEquals(inputs, created.inputs)
            assertNotNull(created.createdAt)
            eventually {
                client.getSession(flow, created.id).status ==
                    SessionStatus.WAITING_FOR_USER_INPUT
            }
            val answered = client.addUserInput(flow, created.id, "yes")
            assertEquals("yes", answered.transcript.single().answer)
            val other = client.createSession(flow)
            val cancelled = client.cancelSession(flow, other.id)
            assertEquals(SessionStatus.FAILED, cancelled.status)
            assertEquals(listOf(created.id, other.id), client.getSessions(flow).map { it.id })
        }
    }

    @Test
    fun `sessions are read one at a time, no more than asked for`(simulator: Simulator) = test {
        val pages = 2
        simulator.quick { endpoints.listPageSize = pages }.use { client ->
            val flow = simulator.working()
            val ids = List(6) { client.createSession(flow).id }
            assertEquals(ids, client.iterSessions(flow).toList().map { it.id })
            simulator.clearJournal()
            assertEquals(
                ids.take(1),
                client
                    .iterSessions(flow)
                    .take(1)
                    .toList()
                    .map { it.id },
            )
            assertEquals(1, simulator.requests("get_sessions").size)
        }
    }

    @Test
    fun `a flow may be named by the address of its page`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.working()
            val page = "https://platform.truestate.io/live-flows/$flow"
            assertEquals(flow, client.createSession(page).liveFlowId)
        }
    }

    @Test
    fun `a session is watched, answered, waited for and cancelled`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking(2)
            val live = client.watch(flow, client.createSession(flow).id)
            assertNull(client.watch(flow, live.id).snapshot()?.output)
            live.answer(live.prompt(), "one")
            eventually { live.snapshot()?.currentStep?.name == "ask_2" }
            assertEquals(SessionStatus.FAILED, live.cancel().status)
            assertEquals(SessionStatus.FAILED, live.wait().status)
            assertEquals(listOf(JsonPrimitive("one")), simulator.answersOf(live.id))
        }
    }

    @Test
    fun `waiting ends with its timeout, and the watch goes on`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            val took =
                measureTime {
                    thrown<LiveFlowException.RequestTimeout> { live.wait(100.milliseconds) }
                }
            assertTrue(took in 100.milliseconds..2.seconds, "$took")
            thrown<LiveFlowException.InvalidRequest> { live.wait((-1).seconds) }
            val waiting = async { live.wait(Duration.INFINITE) }
            simulator.advance(live.id)
            assertEquals(SessionStatus.FINISHED, waiting.await().status)
        }
    }

    @Test
    fun `cancelling a call gives it up at once`(simulator: Simulator) = test {
        simulator.addFaults(jsonOf("on" to "get_session", "fault" to "hold"))
        simulator.quick().use { client ->
            val flow = simulator.working()
            val id = client.createSession(flow).id
            val reading = launch { client.getSession(flow, id) }
            eventually { simulator.requests("get_session").isNotEmpty() }
            val took = measureTime { reading.cancelAndJoin() }
            assertTrue(took < 500.milliseconds, "$took")
            val before = simulator.requests().size
            delay(300.milliseconds)
            assertEquals(before, simulator.requests().size)
        }
    }

    @Test
    fun `a call that was cancelled before it began sends nothing`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.working()
            val create =
                launch {
                    currentCoroutineContext().cancel()
                    client.createSession(flow)
                }
            create.join()
            assertTrue(create.isCancelled)
            assertEquals(0, simulator.requests("create_session").size)
        }
    }

    @Test
    fun `a closed client refuses calls, and closing twice is nothing`(simulator: Simulator) = test {
        val client = simulator.quick()
        val flow = simulator.endless()
        val live = client.start(flow)
        assertTrue("open" in "$client" && simulator.baseUrl in "$client")
        repeat(2) { client.close() }
        assertTrue("closed" in "$client")
        thrown<LiveFlowException.Closed> { client.createSession(flow) }
        thrown<LiveFlowException.Closed> { live.wait() }
        assertNotNull(live.snapshot())
        assertEquals("running", simulator.statusOf(live.id))
    }

    @Test
    fun `two clients of one process do not disturb each other`(simulator: Simulator) = test {
        Simulator.start { apiKey = "another-key" }.use { other ->
            val flow = simulator.asking()
            val otherFlow = other.asking()
            simulator.quick().use { one ->
                other.quick().use { two ->
                    val first = one.start(flow)
                    val second = two.start(otherFlow)
                    val (ours, theirs) = first.prompt() to second.prompt()
                    two.suspend()
                    first.answer(ours, "one")
                    assertEquals(JsonPrimitive("one"), first.wait().output)
                    one.close()
                    two.resume()
                    second.answer(theirs, "two")
                    assertEquals(JsonPrimitive("two"), second.wait().output)
                }
            }
            assertTrue(other.requests().isNotEmpty())
            assertTrue(
                other.requests().all {
                    it.getValue("api_key_right").jsonPrimitive.content ==
                        "true"
                },
            )
        }
    }

    @Test
    fun `a suspended client sends nothing until it is resumed`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            client.suspend()
            delay(100.milliseconds)
            val before = simulator.requests().size
            delay(300.milliseconds)
            assertEquals(before, simulator.requests().size)
            client.resume()
            client.networkChanged()
            simulator.advance(live.id)
            assertEquals(SessionStatus.FINISHED, live.wait().status)
        }
    }

    @Test
    fun `polling at once does not wait for the schedule`(simulator: Simulator) = test {
        simulator
            .quick {
                polling {
                    runningMin = 20.seconds
                    runningMax = 20.seconds
                }
            }.use { client ->
                val live = client.start(simulator.endless())
                simulator.advance(live.id)
                live.pollNow()
                assertEquals(SessionStatus.FINISHED, live.wait(5.seconds).status)
            }
    }
}
