package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import java.io.File
import java.nio.file.Path
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/**
 * A JVM that exits is a JVM that exits, whatever the library is doing: 100 processes, or as many as
 * the system property `liveflow.exit.runs` says.
 */
class ExitTest {
    private val runs = Integer.getInteger("liveflow.exit.runs", 100)

    @Test
    fun `a JVM exits cleanly in the middle of anything`() {
        Simulator.start().use { simulator ->
            val flow = simulator.asking()
            val ways = Exiting.entries
            val pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors() + 1)
            val ends =
                List(runs) { number ->
                    val way = ways[number % ways.size]
                    pool.submit<String> { "$way: ${end(simulator, flow, way)}" }
                }.map { it.get() }
            pool.shutdown()
            assertEquals(emptyList<String>(), ends.filterNot { it.endsWith(": 0 []") })
            // What a shutdown hook wanted to happen has happened.
            val cancelled =
                simulator.journal().getValue("sessions").jsonArray.count { session ->
                    session.jsonObject
                        .getValue("cancelled")
                        .jsonPrimitive.boolean
                }
            assertEquals(ends.count { it.startsWith("${Exiting.HOOK}") }, cancelled)
        }
    }

    private fun end(
        simulator: Simulator,
        flow: String,
        way: Exiting,
    ): String {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        // What makes a JVM start quickly; its end is the same with and without.
        val quick = listOf("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
        val command = listOf(java) + quick + listOf("-cp", System.getProperty("java.class.path"))
        val builder = ProcessBuilder(command + listOf(Exiting::class.java.name, way.name, flow))
        builder.environment()["TRUESTATE_HOST"] = simulator.baseUrl
        builder.environment()["TRUESTATE_API_KEY"] = simulator.apiKey
        builder.redirectErrorStream(true)
        val process = builder.start()
        process.outputStream.close()
        var said = ""
        val reading = thread { said = process.inputStream.bufferedReader().readText() }
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly()
            return "did not end"
        }
        reading.join()
        return "${process.exitValue()} [${said.trim()}]"
    }
}

/** What a process does when it exits. */
internal enum class Exiting {
    /** In the middle of polls, by leaving `main` with the client open. */
    POLLING {
        override fun act(
            client: Client,
            flow: String,
        ) {
            val lives = runBlocking { List(5) { client.start(flow) } }
            lives.forEach { it.subscribe { } }
            Thread.sleep(20)
        }
    },

    /** In the middle of a callback that never returns, by `exit`. */
    CALLBACK {
        override fun act(
            client: Client,
            flow: String,
        ) {
            val live = runBlocking { client.start(flow) }
            val called = java.util.concurrent.CountDownLatch(1)
            live.subscribe {
                called.countDown()
                Thread.sleep(60_000)
            }
            called.await()
            exitProcess(0)
        }
    },

    /** From within a callback. */
    FROM_CALLBACK {
        override fun act(
            client: Client,
            flow: String,
        ) {
            val live = runBlocking { client.start(flow) }
            live.subscribe { exitProcess(0) }
            Thread.sleep(60_000)
        }
    },

    /** While calls, collections and a handler are under way on all kinds of threads. */
    CALLS {
        @OptIn(kotlinx.coroutines.DelicateCoroutinesApi::class)
        override fun act(
            client: Client,
            flow: String,
        ) {
            for (context in listOf(Dispatchers.Default, Dispatchers.IO, Dispatchers.Unconfined)) {
                repeat(3) {
                    kotlinx.coroutines.GlobalScope.launch(context) {
                        while (true) client.getSessions(flow)
                    }
                }
                kotlinx.coroutines.GlobalScope.launch(context) {
                    client.start(flow).events().collect()
                }
                kotlinx.coroutines.GlobalScope.launch(context) {
                    client.run(flow) { awaitCancellation() }
                }
            }
            Thread.sleep(100)
            exitProcess(0)
        }
    },

    /** With a shutdown hook that ends its session at the service. */
    HOOK {
        override fun act(
            client: Client,
            flow: String,
        ) {
            val live = runBlocking { client.start(flow) }
            val cancel = Thread { runBlocking { live.cancel() } }
            Runtime.getRuntime().addShutdownHook(cancel)
        }
    },

    /** While log records pour into a sink. */
    LOGGING {
        override fun act(
            client: Client,
            flow: String,
        ) {
            setLogSink({ Thread.sleep(1) }, LogLevel.TRACE)
            val lives = runBlocking { List(5) { client.start(flow) } }
            lives.forEach { it.pollNow() }
            Thread.sleep(20)
        }
    }, ;

    abstract fun act(
        client: Client,
        flow: String,
    )

    companion object {
        @JvmStatic
        fun main(arguments: Array<String>) {
            val client =
                Client.fromEnv {
                    polling {
                        waitingMin =
                            kotlin.time.Duration.parse(
                                "1ms",
                            )
                    }
                }
            valueOf(arguments[0]).act(client, arguments[1])
        }
    }
}
