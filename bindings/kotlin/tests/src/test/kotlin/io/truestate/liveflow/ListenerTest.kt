package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class ListenerTest {
    @Test
    fun `a listener is told everything in order, one event at a time`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.working(5, durationMs = 20))
            val inside = AtomicInteger()
            val events = CopyOnWriteArrayList<SessionEvent>()
            live.subscribe { event ->
                assertEquals(1, inside.incrementAndGet())
                delay(5.milliseconds)
                events += event
                inside.decrementAndGet()
            }
            eventually { events.lastOrNull()?.isTerminal == true }
            assertEquals(1, events.count { it.isTerminal })
        }
    }

    @Test
    fun `what a listener throws is logged and ends nothing`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            withLogs { logs ->
                val live = client.start(simulator.working(3))
                val told = AtomicInteger()
                val ended = CompletableDeferred<Unit>()
                live.subscribe { event ->
                    if (event.isTerminal) ended.complete(Unit)
                    if (told.incrementAndGet() % 2 == 0) error("my mistake")
                    throw StackOverflowError("my other mistake")
                }
                ended.await()
                eventually { logs.count { it.error?.message == "my mistake" } > 0 }
                eventually { logs.count { it.error is StackOverflowError } > 0 }
                assertTrue(logs.filter { it.error != null }.all { it.level == LogLevel.ERROR })
            }
        }
    }

    @Test
    fun `a listener that cancels its own coroutine is told the rest`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking())
            val events = CopyOnWriteArrayList<SessionEvent>()
            live.subscribe { event ->
                events += event
                withTimeout(1.milliseconds) { awaitCancellation() }
            }
            live.answer(live.prompt(), "yes")
            eventually { events.lastOrNull() is SessionEvent.Finished }
        }
    }

    @Test
    fun `a listener that never returns delays only itself`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking())
            val latch = CountDownLatch(1)
            val never = CompletableDeferred<Unit>()
            val stuck = AtomicInteger()
            live.subscribe {
                stuck.incrementAndGet()
                never.await()
            }
            live.subscribe {
                stuck.incrementAndGet()
                latch.await()
            }
            eventually { stuck.get() == 2 }
            val other = CopyOnWriteArrayList<SessionEvent>()
            live.subscribe { other += it }
            live.answer(live.prompt(), "yes")
            eventually { other.lastOrNull() is SessionEvent.Finished }
            assertEquals(2, stuck.get())
            assertTrue(measureTime { client.close() } < 1.seconds)
            // Those that never return count for the whole process, other tests included.
            latch.countDown()
            never.complete(Unit)
        }
    }

    @Test
    fun `callbacks beyond the limit are refused and reported, and others go on`(
        simulator: Simulator,
    ) = test(30.seconds) {
        simulator.quick { callbackLimit = 3 }.use { client ->
            val live = client.start(simulator.endless())
            val latch = CountDownLatch(1)
            val stuck = AtomicInteger()
            try {
                withLogs { logs ->
                    repeat(3) {
                        live.subscribe {
                            stuck.incrementAndGet()
                            latch.await()
                        }
                    }
                    eventually { stuck.get() == 3 }
                    val late = AtomicBoolean(false)
                    live.subscribe { late.set(true) }
                    eventually { logs.any { "a callback was refused: 3" in it.message } }
                    assertFalse(late.get())
                    // Those who pull are no callbacks.
                    simulator.advance(live.id)
                    assertEquals(SessionStatus.FINISHED, live.wait().status)
                }
            } finally {
                latch.countDown()
            }
        }
    }

    @Test
    fun `a listener may call back into the session and the client`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val flow = simulator.asking(2)
            val live = client.start(flow)
            val read = CompletableDeferred<Session>()
            live.subscribe { event ->
                // Blocking is allowed here, and suspending is.
                if (event is SessionEvent.PromptRequested) {
                    if (event.prompt.stepName == "ask_1") {
                        runBlocking { live.answer(event.prompt, "one") }
                    } else {
                        live.answer(event.prompt, "two")
                    }
                }
                if (event is SessionEvent.Finished) {
                    live.close()
                    read.complete(client.getSession(flow, live.id))
                    client.close()
                }
            }
            assertEquals(JsonPrimitive("two"), read.await().output)
        }
    }

    @Test
    fun `no callback starts after cancel has returned`(simulator: Simulator) = test(60.seconds) {
        simulator.quick().use { client ->
            val live = client.start(simulator.working(1000, durationMs = 1))
            repeat(200) { round ->
                val mayStart = AtomicBoolean(true)
                val late = AtomicBoolean(false)
                val subscription = live.subscribe { if (!mayStart.get()) late.set(true) }
                delay((round % 5).milliseconds)
                subscription.cancel()
                mayStart.set(false)
                delay(1.milliseconds)
                assertFalse(late.get(), "round $round")
            }
        }
    }

    @Test
    fun `no callback starts after close has returned`(simulator: Simulator) = test(60.seconds) {
        val flow = simulator.working(1000, durationMs = 1)
        repeat(20) { round ->
            val client = simulator.quick()
            val mayStart = AtomicBoolean(true)
            val late = AtomicBoolean(false)
            val lives = List(3) { client.start(flow) }
            lives.forEach { live -> live.subscribe { if (!mayStart.get()) late.set(true) } }
            delay((round % 7).milliseconds)
            if (round % 2 == 0) client.close() else lives.forEach(LiveSession::close)
            mayStart.set(false)
            delay(5.milliseconds)
            assertFalse(late.get(), "round $round")
            client.close()
        }
    }

    @Test
    fun `a listener can end itself`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.working(3))
            val calls = AtomicInteger()
            val done = CompletableDeferred<Unit>()
            lateinit var subscription: Subscription
            val ready = CompletableDeferred<Unit>()
            subscription =
                live.subscribe {
                    ready.await()
                    calls.incrementAndGet()
                    subscription.cancel()
                    // What it is about to do is not interrupted by that.
                    delay(1.milliseconds)
                    done.complete(Unit)
                }
            ready.complete(Unit)
            done.await()
            live.wait()
            delay(100.milliseconds)
            assertEquals(1, calls.get())
        }
    }

    @Test
    fun `a listener that cancels the coroutine it runs in ends nothing but that`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking())
            val events = CopyOnWriteArrayList<SessionEvent>()
            live.subscribe { event ->
                events += event
                currentCoroutineContext().cancel()
            }
            live.answer(live.prompt(), "yes")
            eventually { events.lastOrNull() is SessionEvent.Finished }
        }
    }
}
