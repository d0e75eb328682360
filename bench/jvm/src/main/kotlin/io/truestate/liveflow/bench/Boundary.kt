package io.truestate.liveflow.bench

import com.sun.jna.Library
import com.sun.jna.Native
import com.sun.jna.Platform
import io.truestate.liveflow.Client
import io.truestate.liveflow.LiveSession
import io.truestate.liveflow.internal.core.SessionEvent
import io.truestate.liveflow.internal.ffi.CoreClient
import io.truestate.liveflow.internal.ffi.CoreLiveSession
import io.truestate.liveflow.internal.ffi.Outcome
import io.truestate.liveflow.internal.ffi.SessionListener
import io.truestate.liveflow.internal.ffi.TakenEvent
import io.truestate.liveflow.internal.ffi.defaultConfig
import io.truestate.liveflow.internal.ffi.droppedLogRecords
import io.truestate.liveflow.jsonOf
import java.util.concurrent.CountDownLatch
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.hours
import kotlin.time.toJavaDuration
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.runBlocking

private const val FLOW = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"
private const val SESSION = "00000000-0000-4000-8000-00000000feed"
private const val TURNS = 30

/** What crossing the boundary costs on the JVM, and what the hand-written layer adds to it. */
fun main(arguments: Array<String>): Unit =
    runBlocking {
        val given = arguments.toList().zipWithNext().toMap()
        val base = given.getValue("--base")
        val questions = given["--questions"]?.toInt() ?: 0
        val figures = if (questions > 0) answer(base, questions) else cross(base, given["--seconds"]?.toDouble() ?: 2.0)
        println(figures.entries.joinToString(prefix = "{", postfix = "}") { (name, value) -> "\"$name\": $value" })
        exitProcess(0)
    }

private suspend fun cross(
    base: String,
    seconds: Double,
): Map<String, Number> {
    val client =
        Client("key") {
            baseUrl = base
            polling {
                runningMin = 1.hours
                runningMax = 1.hours
            }
        }
    val live = client.watch(FLOW, SESSION)
    val core = native(base)
    while (live.snapshot() == null || core.snapshot() == null) delay(10)
    val events = pullNative(core)
    val calls = maxOf(1, (7_000 * seconds).toInt())
    val few = maxOf(1, calls / 10 / events)
    val told =
        nanoseconds(
            few,
            "pull_native" to { pullNative(core) },
            "pull" to { pull(live, events) },
            "callback_native" to { listenNative(core, events) },
            "callback" to { listen(live, events) },
        ).mapValues { (_, each) -> each / events }
    return mapOf("events" to events) +
        nanoseconds(calls, "empty" to { droppedLogRecords() }) +
        nanoseconds(calls / 10, "call_native" to core::checkpoint, "call" to live::checkpoint) +
        nanoseconds(few, "session_native" to core::snapshot, "session" to live::snapshot) +
        told
}

/** The CPU time of one call of each: they take turns, and the least disturbed turn counts. */
private fun nanoseconds(
    count: Int,
    vararg functions: Pair<String, () -> Any?>,
): Map<String, Double> {
    val best = functions.associate { it.first to Double.MAX_VALUE }.toMutableMap()
    repeat(TURNS) {
        for ((name, function) in functions) {
            val before = cpuNanoseconds()
            repeat(count) { function() }
            best[name] = minOf(best.getValue(name), (cpuNanoseconds() - before).toDouble() / count)
        }
    }
    return best
}

/** Java's own clock of the process's CPU time has steps of ten milliseconds. */
private interface C : Library {
    @Suppress("FunctionName")
    fun clock_gettime(
        clock: Int,
        secondsAndNanoseconds: LongArray,
    ): Int
}

private val c = Native.load(Platform.C_LIBRARY_NAME, C::class.java)
private val clockOfProcess = if (Platform.isMac()) 12 else 2

private fun cpuNanoseconds(): Long {
    val time = LongArray(2)
    check(c.clock_gettime(clockOfProcess, time) == 0)
    return time[0] * 1_000_000_000 + time[1]
}

/** The same session, watched by the generated code alone. */
private suspend fun native(base: String): CoreLiveSession {
    val defaults = defaultConfig()
    val hour = 1.hours.toJavaDuration()
    val polling = defaults.polling.copy(runningMin = hour, runningMax = hour)
    val client = CoreClient("key", defaults.copy(baseUrl = base, polling = polling), null, null)
    val operation = client.watch(FLOW, SESSION)
    operation.ready()
    return (operation.take() as Outcome.LiveSession).liveSession
}

private fun pullNative(core: CoreLiveSession): Int {
    var count = 0
    core.events().use { events -> while (events.takeEvent() is TakenEvent.Event) count++ }
    return count
}

private fun pull(
    live: LiveSession,
    count: Int,
) = runBlocking { live.events().take(count).collect {} }

private fun listenNative(
    core: CoreLiveSession,
    count: Int,
) {
    val heard = CountDownLatch(count)
    val listener =
        object : SessionListener {
            override fun onEvent(event: SessionEvent) = heard.countDown()
        }
    core.subscribe(listener).use {
        heard.await()
        it.cancel()
    }
}

private fun listen(
    live: LiveSession,
    count: Int,
) {
    val heard = CountDownLatch(count)
    live.subscribe { heard.countDown() }.use { heard.await() }
}

private suspend fun answer(
    base: String,
    questions: Int,
): Map<String, Number> {
    val client =
        Client("key") {
            baseUrl = base
            requestsPerSecond = 0.0
        }
    // The first session warms the compiler up.
    var took = 0L
    repeat(3) {
        val begun = System.nanoTime()
        client.run(FLOW, jsonOf()) { "yes" }
        took = System.nanoTime() - begun
    }
    return mapOf("us_per_question" to took / 1e3 / questions)
}
