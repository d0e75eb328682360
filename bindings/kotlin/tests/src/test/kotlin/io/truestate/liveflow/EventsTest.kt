package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class EventsTest {
    @Test
    fun `events tell a session from its beginning to its end`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking())
            val events = mutableListOf<SessionEvent>()
            live.events().collect { event ->
                events += event
                if (event is SessionEvent.PromptRequested) live.answer(event.prompt, "yes")
            }
            val kinds = events.filter { it !is SessionEvent.StepChanged }.map { it::class }
            assertEquals(
                listOf(SessionEvent.PromptRequested::class, SessionEvent.PromptClosed::class),
                kinds.filter { it != SessionEvent.StatusChanged::class }.dropLast(1),
            )
            val closed = events.filterIsInstance<SessionEvent.PromptClosed>().single()
            assertEquals(PromptCloseReason.ANSWERED, closed.reason)
            val finished = events.last() as SessionEvent.Finished
            assertTrue(finished.isTerminal)
            assertEquals(JsonPrimitive("yes"), finished.session.output)
            val statuses = events.filterIsInstance<SessionEvent.StatusChanged>()
            assertNull(statuses.first().previous)
            statuses.zipWithNext { one, next -> assertEquals(one.current, next.previous) }
        }
    }

    @Test
    fun `the flow is cold - each collection begins with the present`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.asking())
            val events = live.events()
            val one = live.prompt()
            assertEquals(one, live.prompt())
            live.answer(one, "yes")
            assertEquals(SessionStatus.FINISHED, live.wait().status)
            repeat(2) { assertTrue(events.toList().last() is SessionEvent.Finished) }
        }
    }

    @Test
    fun `cancelling a collection ends its waiting at once, and leaves the watch as it is`(
        simulator: Simulator,
    ) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            val collecting = launch { live.events().collect() }
            delay(200.milliseconds)
            val took = measureTime { collecting.cancelAndJoin() }
            assertTrue(took < 500.milliseconds, "$took")
            assertFalse(live.events().first().isTerminal)
            simulator.advance(live.id)
            assertEquals(SessionStatus.FINISHED, live.wait().status)
        }
    }

    @Test
    fun `taking a few events ends the collection`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            assertEquals(
                2,
                live
                    .events()
                    .take(2)
                    .toList()
                    .size,
            )
        }
    }

    @Test
    fun `a slow collector is told less, never more than it asked for`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.working(5, durationMs = 100))
            val under = AtomicInteger()
            var most = 0
            val events = mutableListOf<SessionEvent>()
            live.events().collect { event ->
                most = maxOf(most, under.incrementAndGet())
                events += event
                if (events.size == 1) live.wait()
                under.decrementAndGet()
            }
            assertEquals(1, most)
            assertTrue(events.last() is SessionEvent.Finished)
            // What passed while it was slow is told once, as it ended.
            val steps = events.filterIsInstance<SessionEvent.StepChanged>().map { it.step }
            assertEquals(steps.size, steps.map { it.id }.toSet().size)
            assertTrue(steps.drop(1).all { it.status == SessionStatus.FINISHED }, "$steps")
        }
    }

    @Test
    fun `a pull that is cancelled loses no event`(simulator: Simulator) = test(60.seconds) {
        simulator.quick { polling { runningMax = 10.milliseconds } }.use { client ->
            val live = client.start(simulator.working(40, durationMs = 200))
            val whole = async(start = CoroutineStart.UNDISPATCHED) { live.events().toList() }
            val pulled = mutableListOf<SessionEvent>()
            var given = 0
            while (pulled.lastOrNull()?.isTerminal != true) {
                withTimeoutOrNull((given % 3).milliseconds) { pulled += live.nextEvent()!! }
                    ?: given++
            }
            assertTrue(given > 10, "only $given pulls were cancelled")
            assertNull(live.nextEvent())
            assertEquals(whole.await().last(), pulled.last())
            val finished = { events: List<SessionEvent> ->
                events
                    .filterIsInstance<SessionEvent.StepChanged>()
                    .filter { it.step.status.isEnd }
                    .map { it.step.name }
            }
            assertEquals(finished(whole.await()), finished(pulled))
        }
    }

    @Test
    fun `callers of nextEvent share one consumer`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.working(10, durationMs = 10))
            val pullers =
                List(3) {
                    async { pull(live) }
                }
            val events = pullers.flatMap { it.await() }
            assertEquals(1, events.count { it.isTerminal })
        }
    }

    private suspend fun pull(live: LiveSession): List<SessionEvent> {
        val events = mutableListOf<SessionEvent>()
        while (true) events += live.nextEvent() ?: return events
    }

    @Test
    fun `closing the watch ends the collection with its reason`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            val events = async { live.events().toList() }
            delay(100.milliseconds)
            live.close()
            val end = events.await().last()
            assertEquals(SessionEvent.WatchEnded(WatchEndReason.Closed), end)
            thrown<LiveFlowException.Closed> { live.wait() }
            assertEquals("running", simulator.statusOf(live.id))
        }
    }

    @Test
    fun `a lost connection is told, and so is its return`(simulator: Simulator) = test {
        simulator.quick().use { client ->
            val live = client.start(simulator.endless())
            val events = async { live.events().toList() }
            simulator.beginOutage()
            delay(600.milliseconds)
            simulator.endOutage()
            eventually { live.snapshot() != null }
            simulator.advance(live.id)
            val told = events.await()
            val lost = told.filterIsInstance<SessionEvent.ConnectionLost>().first()
            assertTrue(lost.error is LiveFlowException.Network, "${lost.error}")
            assertTrue(lost.error.isRetryable)
            assertTrue(lost.retryIn <= 200.milliseconds, "${lost.retryIn}")
            assertTrue(SessionEvent.ConnectionRestored in told)
        }
    }
}
