package pages

import io.truestate.liveflow.Client
import io.truestate.liveflow.FileCheckpointStore
import java.io.File

// What the pages' fragments take for granted.

val flowId = ""
val apiKey = ""
val noBackupFilesDir = File("")
val tokens = Tokens()
val client: Client get() = error("only compiled")
val store: FileCheckpointStore get() = error("only compiled")

class Tokens {
    fun current(isFresh: Boolean) = if (isFresh) "new" else "old"
}

suspend fun ask(question: String): String = question

fun show(what: Any?) = println(what)
