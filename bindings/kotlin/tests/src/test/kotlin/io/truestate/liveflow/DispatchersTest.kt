package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.time.Duration
import java.util.concurrent.Executors
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTimeoutPreemptively
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

/** No dispatcher brings it to a standstill, not even one whose threads the application blocks. */
@ExtendWith(SimulatorExtension::class)
class DispatchersTest {
    private val limit = Duration.ofSeconds(20)

    /** Everything that waits, with plain suspending callbacks and with blocking ones. */
    private suspend fun useAll(
        client: Client,
        simulator: Simulator,
    ) {
        val flow = simulator.asking(2)
        val session =
            client.run(flow, onEvent = { client.getSessions(flow) }) { prompt ->
                assertFalse(onTheCoresThread(), "a handler on ${Thread.currentThread()}")
                client.getSessions(flow)
                prompt.text
            }
        assertEquals(JsonPrimitive("ask_2?"), session.output)
        val live = client.start(flow)
        live.events().collect { event ->
            assertFalse(onTheCoresThread(), "a collector on ${Thread.currentThread()}")
            if (event is SessionEvent.PromptRequested) live.answer(event.prompt, "yes")
        }
        assertEquals(SessionStatus.FINISHED, live.wait().status)
    }

    private fun onTheCoresThread() = Thread.currentThread().name == "liveflow core"

    private fun on(
        dispatcher: CoroutineDispatcher,
        simulator: Simulator,
    ) = assertTimeoutPreemptively(limit) {
        simulator.quick().use { client ->
            runBlocking(dispatcher) { useAll(client, simulator) }
        }
    }

    @Test
    fun `the default dispatcher`(simulator: Simulator) = on(Dispatchers.Default, simulator)

    @Test
    fun `the unconfined dispatcher`(simulator: Simulator) = on(Dispatchers.Unconfined, simulator)

    @Test
    fun `a single thread`(simulator: Simulator) =
        Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { on(it, simulator) }

    @Test
    fun `the event loop of runBlocking`(simulator: Simulator) = assertTimeoutPreemptively(limit) {
        simulator.quick().use { client ->
            runBlocking(EmptyCoroutineContext) { useAll(client, simulator) }
        }
    }

    @Test
    fun `a blocked default dispatcher is woken all the same`(simulator: Simulator) =
        assertTimeoutPreemptively(limit) {
            simulator.quick().use { client ->
                val threads = Runtime.getRuntime().availableProcessors().coerceAtLeast(2)
                runBlocking {
                    List(threads * 2) {
                        // Each of them blocks a thread of the pool until its session has ended.
                        async(Dispatchers.Default) {
                            runBlocking { client.run(simulator.asking()) { "yes" } }
                        }
                    }.forEach { assertEquals(SessionStatus.FINISHED, it.await().status) }
                }
            }
        }

    @Test
    fun `blocking calls within callbacks on the unconfined dispatcher`(simulator: Simulator) =
        assertTimeoutPreemptively(limit) {
            simulator.quick().use { client ->
                val flow = simulator.asking()
                runBlocking(Dispatchers.Unconfined) {
                    val live = client.start(flow)
                    live.events().collect { event ->
                        runBlocking { client.getSessions(flow) }
                        if (event is SessionEvent.PromptRequested) {
                            runBlocking { live.answer(event.prompt, "yes") }
                        }
                    }
                }
            }
        }

    @Test
    fun `many sessions at a time on one thread`(simulator: Simulator) =
        assertTimeoutPreemptively(limit) {
            simulator.quick { maxConcurrentRequests = 8 }.use { client ->
                val flow = simulator.asking()
                Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { one ->
                    runBlocking {
                        List(50) { CoroutineScope(one).async { client.run(flow) { "yes" } } }
                            .forEach { assertEquals(SessionStatus.FINISHED, it.await().status) }
                    }
                }
                assertTrue(simulator.journal().sessions().size == 50)
            }
        }

    @Test
    fun `a collector that blocks its only thread holds up nobody else`(simulator: Simulator) =
        assertTimeoutPreemptively(limit) {
            simulator.quick().use { client ->
                Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { one ->
                    val flow = simulator.asking()
                    runBlocking {
                        val live = client.start(flow)
                        val ended =
                            launch(one) {
                                live.events().collect { event ->
                                    if (event is SessionEvent.PromptRequested) {
                                        // The answer needs no thread of this dispatcher.
                                        runBlocking { live.answer(event.prompt, "yes") }
                                    }
                                }
                            }
                        assertEquals(SessionStatus.FINISHED, live.wait().status)
                        ended.join()
                    }
                }
            }
        }
}
