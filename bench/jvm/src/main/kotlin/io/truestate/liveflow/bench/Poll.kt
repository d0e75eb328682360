package io.truestate.liveflow.bench

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import okhttp3.Call
import okhttp3.Callback
import okhttp3.ConnectionPool
import okhttp3.Dispatcher
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse.BodyHandlers
import java.time.Duration
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import kotlin.system.exitProcess

private const val FLOW = "f6a0e47b-23ca-471a-83da-1ed29e2c1dbe"

/** How much is asked, and where. */
private class Load(
    arguments: List<String>,
) {
    private val given = arguments.zipWithNext().toMap()
    val base = given.getValue("--base")
    val seconds = given["--seconds"]?.toDouble() ?: 2.0
    val connections = 64
    val etag = "--etag" in arguments

    fun url(connection: Int) =
        "$base/live_flows/$FLOW/sessions/%08x-0000-4000-8000-00000000feed/".format(connection)
}

/** What an answer holds: its body, unless it is the same as before, and its tag. */
private class Answer(
    val body: String?,
    val etag: String?,
)

private fun interface Peer {
    suspend fun get(
        url: String,
        tag: String?,
    ): Answer
}

fun main(arguments: Array<String>): Unit =
    runBlocking {
        val load = Load(arguments.drop(1))
        val peer = if (arguments[0] == "okhttp") okHttp(load) else jdk()
        val polls = AtomicLong()
        repeat(load.connections) { connection ->
            launch(Dispatchers.Default) {
                val url = load.url(connection)
                var tag: String? = null
                while (true) {
                    val answer = peer.get(url, tag)
                    if (load.etag) tag = answer.etag ?: tag
                    answer.body?.let { Json.parseToJsonElement(it) }
                    polls.incrementAndGet()
                }
            }
        }
        // Longer than the others': the compiler has to warm up too.
        pause(maxOf(1.0, load.seconds * 2))
        val first = polls.get()
        val cpu = cpuSeconds()
        pause(load.seconds)
        val count = polls.get() - first
        val us = (cpuSeconds() - cpu) * 1e6 / count
        println("""{"us_per_poll": $us, "polls_per_second": ${count / load.seconds}}""")
        exitProcess(0)
    }

private suspend fun pause(seconds: Double) = delay((seconds * 1000).toLong())

private fun cpuSeconds() =
    ProcessHandle
        .current()
        .info()
        .totalCpuDuration()
        .orElse(Duration.ZERO)
        .toNanos() / 1e9

private fun okHttp(load: Load): Peer {
    val client =
        OkHttpClient
            .Builder()
            .connectionPool(ConnectionPool(load.connections, 1, TimeUnit.MINUTES))
            .dispatcher(
                Dispatcher().apply {
                    maxRequests = load.connections
                    maxRequestsPerHost = load.connections
                },
            ).build()
    return Peer { url, tag ->
        val request = Request.Builder().url(url).header("Api-key", "key")
        tag?.let { request.header("If-None-Match", it) }
        val answer = CompletableDeferred<Answer>()
        client.newCall(request.build()).enqueue(
            object : Callback {
                override fun onFailure(
                    call: Call,
                    e: IOException,
                ) {
                    answer.completeExceptionally(e)
                }

                override fun onResponse(
                    call: Call,
                    response: Response,
                ) {
                    response.use {
                        val body = it.body?.string()?.takeIf(String::isNotEmpty)
                        answer.complete(Answer(body, it.header("ETag")))
                    }
                }
            },
        )
        answer.await()
    }
}

private fun jdk(): Peer {
    val client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
    return Peer { url, tag ->
        val request = HttpRequest.newBuilder(URI(url)).header("Api-key", "key")
        tag?.let { request.header("If-None-Match", it) }
        val response = client.sendAsync(request.build(), BodyHandlers.ofString()).await()
        val etag = response.headers().firstValue("ETag").orElse(null)
        Answer(response.body().takeIf(String::isNotEmpty), etag)
    }
}
