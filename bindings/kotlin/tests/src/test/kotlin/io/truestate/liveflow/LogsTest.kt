package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.CopyOnWriteArrayList
import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord as PlatformRecord
import java.util.logging.Logger
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith

@ExtendWith(SimulatorExtension::class)
class LogsTest {
    @AfterEach
    fun restore() = setLogSink(null)

    private suspend fun provoke(simulator: Simulator) {
        simulator.addFaults(
            jsonOf(
                "on" to "get_session",
                "nth" to listOf(1, 2, 3),
                "fault" to "html_error",
            ),
        )
        simulator.quick().use { it.run(simulator.working()) }
    }

    @Test
    fun `records go to the sink, and hold no key`(simulator: Simulator) = test {
        val records = CopyOnWriteArrayList<LogRecord>()
        setLogSink({ records += it }, LogLevel.TRACE)
        provoke(simulator)
        eventually { records.isNotEmpty() }
        assertTrue(records.all { it.target.startsWith("liveflow") })
        assertFalse(records.any { simulator.apiKey in "$it" })
    }

    @Test
    fun `a sink that throws or calls back harms nobody`(simulator: Simulator) = test {
        val calls = CopyOnWriteArrayList<Unit>()
        val sink =
            LogSink {
                calls += Unit
                setLogSink({ throw StackOverflowError() }, LogLevel.TRACE)
                error("my mistake")
            }
        setLogSink(sink, LogLevel.TRACE)
        provoke(simulator)
        eventually { calls.size == 1 }
        provoke(simulator)
    }

    @Test
    fun `a sink that never returns holds up nothing`(simulator: Simulator) = test {
        val latch = java.util.concurrent.CountDownLatch(1)
        setLogSink({ latch.await() }, LogLevel.TRACE)
        try {
            repeat(3) { provoke(simulator) }
        } finally {
            latch.countDown()
        }
    }

    @Test
    fun `the level decides what is told`(simulator: Simulator) = test {
        val records = CopyOnWriteArrayList<LogRecord>()
        setLogSink({ records += it }, LogLevel.ERROR)
        provoke(simulator)
        assertEquals(emptyList<LogRecord>(), records.filter { it.level != LogLevel.ERROR })
    }

    @Test
    fun `without a sink, records go to the platform's logging`(simulator: Simulator) = test {
        val records = CopyOnWriteArrayList<PlatformRecord>()
        val logger = Logger.getLogger("io.truestate.liveflow")
        val handler =
            object : Handler() {
                override fun publish(record: PlatformRecord) {
                    records += record
                }

                override fun flush() = Unit

                override fun close() = Unit
            }
        val before = logger.level
        logger.level = Level.ALL
        logger.useParentHandlers = false
        logger.addHandler(handler)
        try {
            setLogSink(null)
            simulator.quick().use { client ->
                client.start(simulator.working()).subscribe { error("my mistake") }
                eventually { records.any { it.thrown?.message == "my mistake" } }
            }
            assertEquals(Level.SEVERE, records.first { it.thrown != null }.level)
        } finally {
            logger.removeHandler(handler)
            logger.level = before
        }
    }
}
