package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class CheckpointsTest {
    private open class Memory : CheckpointStore {
        val kept = ConcurrentHashMap<String, StoredCheckpoint>()
        val saved = CopyOnWriteArrayList<StoredCheckpoint>()

        override suspend fun save(checkpoint: StoredCheckpoint) {
            saved += checkpoint
            kept[checkpoint.sessionId] = checkpoint
        }

        override suspend fun load(sessionId: String) = kept[sessionId]

        override suspend fun list() = kept.keys.toList()

        override suspend fun delete(sessionId: String) {
            kept.remove(sessionId)
        }
    }

    @Test
    fun `a session goes on after a restart, from its checkpoint`(simulator: Simulator) = test {
        val flow = simulator.asking()
        val checkpoint =
            simulator.quick().use { client ->
                val live = client.start(flow)
                live.prompt()
                live.checkpoint()
            }
        simulator.quick().use { client ->
            val live = client.restore(checkpoint)
            live.answer(live.prompt(), "yes")
            assertEquals(JsonPrimitive("yes"), live.wait().output)
            thrown<LiveFlowException.InvalidRequest> { client.restore("{\"version\":99}") }
            thrown<LiveFlowException.InvalidRequest> { client.restore("nonsense") }
        }
    }

    @Test
    fun `everything in the store goes on after a restart`(simulator: Simulator) = test {
        val store = Memory()
        val flow = simulator.asking()
        val ids =
            simulator.quick { checkpointStore = store }.use { client ->
                val lives = List(3) { client.start(flow) }.onEach { it.prompt() }
                eventually { store.kept.size == 3 }
                lives.map { it.id }
            }
        simulator.quick { checkpointStore = store }.use { client ->
            val restored = client.restoreAll()
            assertEquals(ids.toSet(), restored.map { it.id }.toSet())
            restored.forEach { live ->
                live.answer(live.prompt(), "yes")
                live.wait()
            }
            eventually { store.kept.isEmpty() }
        }
        assertTrue(
            store.saved.groupBy { it.sessionId }.values.all { saves ->
                saves.zipWithNext().all { (one, next) -> one.number < next.number }
            },
        )
        assertFalse(
            "yes" in store.saved.joinToString(),
            "a checkpoint's text form shows no answer",
        )
    }

    @Test
    fun `nothing is sent that was not stored`(simulator: Simulator) = test {
        val failing =
            object : Memory() {
                override suspend fun save(checkpoint: StoredCheckpoint) {
                    if ("my answer" in
                        checkpoint.data
                    ) {
                        throw java.io.IOException("the disk is full")
                    }
                    super.save(checkpoint)
                }
            }
        simulator.quick { checkpointStore = failing }.use { client ->
            val live = client.start(simulator.asking())
            val error =
                thrown<LiveFlowException.HandlerFailed> {
                    live.answer(
                        live.prompt(),
                        "my answer",
                    )
                }
            assertEquals("my answer", error.answer)
            assertTrue("IOException" in error.message, error.message)
            assertEquals(0, simulator.requests("add_user_input").size)
        }
    }

    @Test
    fun `a store whose coroutine is cancelled has failed`(simulator: Simulator) = test {
        val store =
            object : Memory() {
                override suspend fun list(): List<String> =
                    withTimeout(1.milliseconds) { awaitCancellation() }
            }
        simulator.quick { checkpointStore = store }.use { client ->
            thrown<LiveFlowException.HandlerFailed> { client.restoreAll() }
        }
    }

    @Test
    fun `a store that never returns keeps its answer back, and nothing else`(simulator: Simulator) =
        test {
            val asked = CompletableDeferred<Unit>()
            val never = CompletableDeferred<Unit>()
            val store =
                object : Memory() {
                    override suspend fun save(checkpoint: StoredCheckpoint) {
                        if ("my answer" in checkpoint.data) {
                            asked.complete(Unit)
                            never.await()
                        }
                        super.save(checkpoint)
                    }
                }
            val client =
                simulator.quick {
                    checkpointStore = store
                    timeouts.total = 3.seconds
                }
            client.use {
                val flow = simulator.asking()
                val live = client.start(flow)
                val prompt = live.prompt()
                val answer =
                    async { thrown<LiveFlowException> { live.answer(prompt, "my answer") } }
                asked.await()
                assertEquals(live.id, client.getSession(flow, live.id).id)
                assertEquals("my answer", answer.await().answer)
                assertEquals(0, simulator.requests("add_user_input").size)
            }
            // Those that never return count for the whole process, other tests included.
            never.complete(Unit)
        }

    @Test
    fun `a store may use the client that asks it`(simulator: Simulator) = test {
        lateinit var client: Client
        val flow = simulator.asking()
        val seen = CopyOnWriteArrayList<Int>()
        val store =
            object : Memory() {
                override suspend fun list(): List<String> {
                    seen += client.getSessions(flow).size
                    return super.list()
                }
            }
        client = simulator.quick { checkpointStore = store }
        client.use {
            client.createSession(flow)
            assertEquals(emptyList<LiveSession>(), client.restoreAll())
            assertEquals(listOf(1), seen)
        }
    }
}
