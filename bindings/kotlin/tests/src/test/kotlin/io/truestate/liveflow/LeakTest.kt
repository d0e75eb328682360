package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import java.io.File
import java.lang.management.ManagementFactory
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/**
 * Sessions that are started and closed leave nothing behind: 3,000 of them, or as many as the system
 * property `liveflow.leak.sessions` says.
 */
class LeakTest {
    private val sessions = Integer.getInteger("liveflow.leak.sessions", 3_000)

    /** What is there now, once everything that can go has gone. */
    private class Held(
        val residentKb: Long,
        val heapKb: Long,
        val threads: Int,
        val files: Int,
        val handles: Int,
    ) {
        override fun toString() =
            "$residentKb KB resident, $heapKb KB heap, $threads threads, $files files, $handles handles"
    }

    @Test
    fun `sessions that were started and closed leave nothing behind`() = test(30.minutes) {
        Simulator.start { speed = 100.0 }.use { simulator ->
            simulator.settings(jsonOf("journal" to jsonOf("requests" to false)))
            simulator.quick { maxConcurrentRequests = 32 }.use { client ->
                val flow = simulator.asking()
                // What is loaded, compiled and pooled once is there after the first few thousand.
                startAndClose(client, flow, 3_000)
                val before = held()
                startAndClose(client, flow, sessions)
                val after = held()
                println("leak check, $sessions sessions: $before, then $after")
                assertTrue(after.handles <= before.handles, "handles: $before, then $after")
                assertTrue(after.files <= before.files + 40, "files: $before, then $after")
                assertTrue(after.threads <= before.threads + 40, "threads: $before, then $after")
                assertTrue(after.heapKb < before.heapKb + 4_000, "heap: $before, then $after")
                // A session that leaked would cost 20 KB at least.
                val allowed = 16_000 + 2 * sessions
                assertTrue(
                    after.residentKb < before.residentKb + allowed,
                    "memory: $before, then $after",
                )
            }
        }
    }

    private suspend fun startAndClose(
        client: Client,
        flow: String,
        count: Int,
    ) = kotlinx.coroutines.coroutineScope {
        val workers = 16
        List(workers) { worker ->
            async {
                for (number in worker until count step workers) one(client, flow, number)
            }
        }.forEach { it.await() }
    }

    /** One session, left in one of the ways in which sessions are left. */
    private suspend fun one(
        client: Client,
        flow: String,
        number: Int,
    ) = kotlinx.coroutines.coroutineScope {
        client.start(flow).use { live ->
            when (number % 4) {
                0 -> live.events().first()
                1 -> {
                    val collecting = launch { live.events().collect() }
                    live.nextEvent()
                    collecting.cancel()
                }
                2 -> live.subscribe { }
                else -> {
                    val waiting = launch { live.wait() }
                    live.checkpoint()
                    waiting.cancel()
                }
            }
        }
    }

    private suspend fun held(): Held {
        // What is closed goes a little later: the core lets go of it in its own time.
        val heap =
            List(15) {
                delay(100.milliseconds)
                System.gc()
                ManagementFactory.getMemoryMXBean().heapMemoryUsage.used / 1024
            }
        return Held(
            residentKb = status("VmRSS"),
            heapKb = heap.min(),
            threads = File("/proc/self/task").list().orEmpty().size,
            files = File("/proc/self/fd").list().orEmpty().size,
            handles = handles(),
        )
    }

    private fun status(name: String) = File(
        "/proc/self/status",
    ).readLines().first { it.startsWith(name) }.filter(Char::isDigit).toLong()

    /** How many objects of Kotlin's the core holds on to: the generated code's handle maps. */
    private fun handles(): Int {
        val file = Class.forName("io.truestate.liveflow.internal.ffi.Liveflow_ffiKt")
        val waiting = file.getMethod("getUniffiContinuationHandleMap").invoke(null)
        val converters =
            listOf(
                "SessionListener",
                "PromptHandler",
                "CredentialsProvider",
                "CheckpointStore",
                "LogSink",
            ).map { Class.forName("io.truestate.liveflow.internal.ffi.FfiConverterType$it") }
                .map { type ->
                    type.methods
                        .first {
                            it.name.startsWith("getHandleMap")
                        }.invoke(type.getField("INSTANCE").get(null))
                }
        return (converters + waiting).sumOf { map ->
            map.javaClass.getMethod("getSize").invoke(map) as Int
        }
    }
}
