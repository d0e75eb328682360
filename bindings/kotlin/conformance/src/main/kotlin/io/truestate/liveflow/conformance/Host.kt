package io.truestate.liveflow.conformance

import io.truestate.liveflow.CheckpointStore
import io.truestate.liveflow.CredentialsProvider
import io.truestate.liveflow.CredentialsRequest
import io.truestate.liveflow.FileCheckpointStore
import io.truestate.liveflow.StoredCheckpoint
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.io.path.createTempDirectory

/** Gives the first set of headers, and the next one each time the last were refused. */
class Rotating(
    private val sets: List<Map<String, String>>,
) : CredentialsProvider {
    private val at = AtomicInteger()

    override suspend fun headers(request: CredentialsRequest): Map<String, String> =
        sets[if (request.refused) at.updateAndGet { minOf(it + 1, sets.lastIndex) } else at.get()]
}

/** What the clients of one scenario have in common: checkpoints that outlive them. */
class Stores {
    private val memory = Store()
    private val folder = lazy { createTempDirectory("liveflow").toFile() }

    /** The store that a client's configuration names. */
    fun give(kind: String?): CheckpointStore = when (kind) {
        "memory" -> memory
        "files" -> FileCheckpointStore(folder.value)
        else -> Store(fails = true)
    }

    /** Leaves nothing on the disk. */
    fun clear() {
        if (folder.isInitialized()) folder.value.deleteRecursively()
    }
}

/** A checkpoint store in memory, or one that cannot save. */
private class Store(
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
