package io.truestate.liveflow.conformance

import io.truestate.liveflow.CheckpointStore
import io.truestate.liveflow.CredentialsProvider
import io.truestate.liveflow.CredentialsRequest
import io.truestate.liveflow.StoredCheckpoint
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** Gives the first set of headers, and the next one each time the last were refused. */
class Rotating(
    private val sets: List<Map<String, String>>,
) : CredentialsProvider {
    private val at = AtomicInteger()

    override suspend fun headers(request: CredentialsRequest): Map<String, String> =
        sets[if (request.refused) at.updateAndGet { minOf(it + 1, sets.lastIndex) } else at.get()]
}

/** A checkpoint store in memory, or one that cannot save. */
class Store(
    private val fails: Boolean = false,
) : CheckpointStore {
    private val kept = ConcurrentHashMap<String, StoredCheckpoint>()

    override suspend fun save(checkpoint: StoredCheckpoint) {
        if (fails) throw IOException("the store is full")
        kept[checkpoint.sessionId] = checkpoint
    }

    override suspend fun load(sessionId: String): StoredCheckpoint? = kept[sessionId]

    override suspend fun list(): List<String> = kept.keys.toList()

    override suspend fun delete(sessionId: String) {
        kept.remove(sessionId)
    }
}
