package com.example.leads

import io.truestate.liveflow.CheckpointStore
import io.truestate.liveflow.StoredCheckpoint
import java.io.File
import java.io.FileOutputStream
import java.io.IOException

/** Keeps each session's checkpoint in a file of its own. */
class FileCheckpointStore(
    private val folder: File,
) : CheckpointStore {
    override suspend fun save(checkpoint: StoredCheckpoint) {
        folder.mkdirs()
        val written = File(folder, "${checkpoint.sessionId}$WRITTEN")
        FileOutputStream(written).use { file ->
            file.write("${checkpoint.number}\n${checkpoint.data}".toByteArray())
            // An answer leaves the device only once it is safe here.
            file.fd.sync()
        }
        val kept = file(checkpoint.sessionId)
        if (!written.renameTo(kept)) throw IOException("$kept cannot be replaced")
    }

    override suspend fun load(sessionId: String): StoredCheckpoint? {
        val file = file(sessionId)
        if (!file.exists()) return null
        val (number, data) = file.readText().split('\n', limit = 2)
        return StoredCheckpoint(sessionId, number.toLong(), data)
    }

    override suspend fun list(): List<String> = folder
        .list()
        .orEmpty()
        .filter { it.endsWith(KEPT) }
        .map { it.removeSuffix(KEPT) }

    override suspend fun delete(sessionId: String) {
        file(sessionId).delete()
    }

    private fun file(sessionId: String) = File(folder, "$sessionId$KEPT")

    private companion object {
        const val KEPT = ".checkpoint"
        const val WRITTEN = ".new"
    }
}
