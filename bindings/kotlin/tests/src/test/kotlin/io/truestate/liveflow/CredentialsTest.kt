package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class CredentialsTest {
    private fun Simulator.with(provider: CredentialsProvider) = quick {
        apiKey = null
        credentials = provider
    }

    private fun Simulator.right() = mapOf("Api-key" to apiKey)

    @Test
    fun `a provider's headers take the key's place, and are asked for anew when refused`(
        simulator: Simulator,
    ) = test {
        val asked = CopyOnWriteArrayList<CredentialsRequest>()
        val provider =
            CredentialsProvider { request ->
                asked += request
                if (request.refused) simulator.right() else mapOf("Api-key" to "stale")
            }
        simulator.with(provider).use { client ->
            client.createSession(simulator.working())
            assertEquals(listOf(false, true), asked.map { it.refused })
        }
    }

    @Test
    fun `what a provider throws ends the call that needed it`(simulator: Simulator) = test {
        val provider = CredentialsProvider { throw IllegalStateException("my secret token") }
        simulator.with(provider).use { client ->
            withLogs { logs ->
                val error =
                    thrown<LiveFlowException.HandlerFailed> {
                        client.createSession(simulator.working())
                    }
                assertFalse("secret" in error.message, error.message)
                eventually { logs.any { it.error is IllegalStateException } }
                assertFalse(logs.any { "secret" in it.toString() })
            }
        }
    }

    @Test
    fun `a provider whose coroutine is cancelled has failed`(simulator: Simulator) = test {
        val provider =
            CredentialsProvider { withTimeout(1.milliseconds) { awaitCancellation() } }
        simulator.with(provider).use { client ->
            thrown<LiveFlowException.HandlerFailed> {
                client.createSession(simulator.working())
            }
        }
    }

    @Test
    fun `a provider that never returns fails its call, and no other client`(simulator: Simulator) =
        test {
            val latch = CountDownLatch(1)
            val asked = CompletableDeferred<Unit>()
            val provider =
                CredentialsProvider {
                    asked.complete(Unit)
                    latch.await()
                    emptyMap()
                }
            val flow = simulator.working()
            val stuck =
                simulator.quick {
                    apiKey = null
                    credentials = provider
                    timeouts.request = 500.milliseconds
                }
            try {
                val call = async { thrown<LiveFlowException> { stuck.createSession(flow) } }
                asked.await()
                simulator.quick().use { assertEquals(SessionStatus.FINISHED, it.run(flow).status) }
                val error = call.await()
                assertTrue(error is LiveFlowException.HandlerFailed, "$error")
                assertTrue("gave nothing" in error.message, error.message)
                assertTrue(measureTime { stuck.close() } < 1.seconds)
            } finally {
                latch.countDown()
            }
        }

    @Test
    fun `closing cancels a provider that suspends, and its call`(simulator: Simulator) = test {
        val ended = CompletableDeferred<Throwable>()
        val asked = CompletableDeferred<Unit>()
        val client =
            simulator.with {
                asked.complete(Unit)
                try {
                    awaitCancellation()
                } catch (end: Throwable) {
                    ended.complete(end)
                    throw end
                }
            }
        val flow = simulator.working()
        val call = async { thrown<LiveFlowException> { client.createSession(flow) } }
        asked.await()
        client.close()
        call.await()
        assertTrue(ended.await() is kotlinx.coroutines.CancellationException)
    }

    @Test
    fun `a provider may use the client that asks it`(simulator: Simulator) = test {
        val client = AtomicReference<Client>()
        val flow = simulator.working()
        val depth = AtomicInteger()
        val lists = CopyOnWriteArrayList<Int>()
        val provider =
            CredentialsProvider {
                if (depth.incrementAndGet() == 1) {
                    lists += client.get().getSessions(flow).size
                    lists += runBlocking { client.get().getSessions(flow).size }
                }
                simulator.right()
            }
        simulator.with(provider).use {
            client.set(it)
            it.createSession(flow)
            assertEquals(listOf(0, 0), lists)
        }
    }

    @Test
    fun `a provider is asked by many calls at a time`(simulator: Simulator) = test {
        val inside = AtomicInteger()
        val most = AtomicInteger()
        val all = CompletableDeferred<Unit>()
        val provider =
            CredentialsProvider {
                most.accumulateAndGet(inside.incrementAndGet(), ::maxOf)
                if (most.get() == 4) all.complete(Unit)
                all.await()
                inside.decrementAndGet()
                simulator.right()
            }
        simulator.with(provider).use { client ->
            val flow = simulator.working()
            List(4) { async { client.createSession(flow) } }.forEach { it.await() }
            assertEquals(4, most.get())
        }
    }
}
