package io.truestate.liveflow

import io.truestate.liveflow.internal.core.StoredCheckpoint as CoreCheckpoint
import io.truestate.liveflow.internal.ffi.FileCheckpointStore as CoreFiles
import java.io.File
import kotlinx.coroutines.withContext

/**
 * Keeps checkpoints in a folder, one file for each session, atomically and durably.
 *
 * ```
 * val client = Client(key) { checkpointStore = FileCheckpointStore(File(filesDir, "liveflow")) }
 * ```
 *
 * Only the user that the program runs as may read the files (on Unix), because a checkpoint holds
 * what somebody typed. Other files in the folder are left alone, and a damaged checkpoint hides none
 * of the others. Programs may share a folder as long as each session has one owner at a time. What
 * goes wrong on the disk is a [LiveFlowException.HandlerFailed].
 *
 * @throws LiveFlowException.Configuration the folder, which is made if it is not there, cannot be used
 */
public class FileCheckpointStore(
    /** Where the files are. */
    public val folder: File,
) : CheckpointStore {
    private val core: CoreFiles

    init {
        NativeCode.require()
        core = translated { CoreFiles(folder.path) }
    }

    override suspend fun save(checkpoint: StoredCheckpoint): Unit = atTheDisk {
        with(checkpoint) { core.save(CoreCheckpoint(sessionId, number.toULong(), data)) }
    }

    override suspend fun load(sessionId: String): StoredCheckpoint? = atTheDisk {
        val (id, number, data) = core.load(sessionId) ?: return@atTheDisk null
        StoredCheckpoint(id, number.toLong(), data)
    }

    override suspend fun list(): List<String> = atTheDisk { core.list() }

    override suspend fun delete(sessionId: String): Unit = atTheDisk { core.delete(sessionId) }

    private suspend fun <T> atTheDisk(visit: () -> T): T =
        withContext(Callbacks.dispatcher) { translated(visit) }

    override fun toString(): String = "FileCheckpointStore($folder)"
}
