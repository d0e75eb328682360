package com.example.leads

import io.truestate.liveflow.StoredCheckpoint
import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class FileCheckpointStoreTest {
    @Test
    fun `the newest checkpoint of each session is kept until it is deleted`(
        @TempDir folder: File,
    ) = runBlocking {
        val store = FileCheckpointStore(File(folder, "new"))
        assertEquals(emptyList<String>(), store.list())
        assertNull(store.load("one"))
        store.save(StoredCheckpoint("one", 1, "first"))
        store.save(StoredCheckpoint("two", 7, "of another"))
        val second = StoredCheckpoint("one", 2, "second\nwith a line of its own")
        store.save(second)
        assertEquals(listOf("one", "two"), store.list().sorted())
        assertEquals(second, FileCheckpointStore(File(folder, "new")).load("one"))
        store.delete("one")
        store.delete("one")
        assertEquals(listOf("two"), store.list())
    }
}
