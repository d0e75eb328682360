package io.truestate.liveflow

import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.io.File
import java.nio.file.Files
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

private const val ID = "11111111-2222-3333-4444-555555555555"

@ExtendWith(SimulatorExtension::class)
class FileCheckpointStoreTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `what is saved is there for the next program`() = test {
        val before = FileCheckpointStore(File(folder, "checkpoints"))
        assertEquals(emptyList<String>(), before.list())
        assertNull(before.load(ID))
        before.save(StoredCheckpoint(ID, 1, "old"))
        before.save(StoredCheckpoint(ID, 2, "new"))
        val after = FileCheckpointStore(before.folder)
        assertEquals(listOf(ID), after.list())
        assertEquals(StoredCheckpoint(ID, 2, "new"), after.load(ID))
        val files = after.folder.listFiles()!!
        val mode = Files.getPosixFilePermissions(files.single().toPath())
        assertEquals(setOf("OWNER_READ", "OWNER_WRITE"), mode.map { it.name }.toSet())
        after.delete(ID)
        after.delete(ID)
        assertEquals(0, after.folder.list()!!.size)
    }

    @Test
    fun `what is damaged hides nothing else`() = test {
        val store = FileCheckpointStore(folder)
        store.save(StoredCheckpoint(ID, 1, "fine"))
        File(folder, "session-${ID.reversed()}.checkpoint").writeText("{")
        File(folder, "notes.txt").writeText("mine")
        assertEquals(listOf(ID), store.list())
        val error = thrown<LiveFlowException.HandlerFailed> { store.load(ID.reversed()) }
        assertTrue("damaged" in error.message, error.message)
    }

    @Test
    fun `a folder that cannot be used is a mistake of the configuration`() = test {
        val file = File(folder, "file").apply { writeText("") }
        val error = thrown<LiveFlowException.Configuration> { FileCheckpointStore(file) }
        assertEquals("checkpoint_store", error.setting)
    }

    @Test
    fun `a session goes on from its file after a restart`(simulator: Simulator) = test {
        val flow = simulator.asking()
        val store = FileCheckpointStore(folder)
        val id =
            simulator.quick { checkpointStore = store }.use { client ->
                val live = client.start(flow)
                live.prompt()
                while (store.list() != listOf(live.id)) Thread.sleep(5)
                live.id
            }
        simulator.quick { checkpointStore = FileCheckpointStore(folder) }.use { client ->
            val live = client.restoreAll().single()
            assertEquals(id, live.id)
            live.answer(live.prompt(), "yes")
            assertEquals(JsonPrimitive("yes"), live.wait().output)
            eventually { folder.list()!!.isEmpty() }
        }
    }
}
