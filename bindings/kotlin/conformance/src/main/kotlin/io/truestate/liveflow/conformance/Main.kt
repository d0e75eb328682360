package io.truestate.liveflow.conformance

import io.truestate.liveflow.setLogSink
import java.nio.file.Path
import kotlin.io.path.isDirectory
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.nameWithoutExtension
import kotlin.system.exitProcess
import kotlin.time.Duration
import kotlin.time.DurationUnit
import kotlin.time.measureTimedValue
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit

private const val USAGE =
    """Usage: player [--selftest] [--only NAME]... [--jobs N] [--list] [DIR]

Plays conformance scenarios on the Kotlin package.

  --selftest   plays a self-test folder: everything in it is wrong in a way that must be noticed
  --only NAME  plays only this one (repeatable)
  --jobs N     how many are played at the same time (default: 4)
  --list       names what would be played
  DIR          the folder; by default the shipped one"""

private const val JOBS = 4

/** What the command line asks for. */
private class Arguments(
    given: Array<String>,
) {
    var isSelftest = false
    var isList = false
    val only = mutableListOf<String>()
    var jobs = JOBS
    var directory: Path? = null

    init {
        val left = ArrayDeque(given.asList())
        while (left.isNotEmpty()) {
            val argument = left.removeFirst()
            val value by lazy { left.removeFirstOrNull() ?: misused("$argument needs a value") }
            when {
                argument == "--selftest" -> isSelftest = true
                argument == "--list" -> isList = true
                argument == "--only" -> only += value
                argument == "--jobs" -> jobs = value.toIntOrNull() ?: misused("--jobs $value")
                argument == "--help" -> {
                    println(USAGE)
                    exitProcess(0)
                }
                argument.startsWith("-") -> misused("unknown option $argument")
                directory != null -> misused("one folder only")
                else -> directory = Path.of(argument)
            }
        }
        if (jobs < 1) misused("--jobs $jobs")
    }
}

/** One thing to be played, and how; gives what is wrong. */
private class Piece(
    path: Path,
    val play: suspend (Path) -> String?,
) {
    val name = path.nameWithoutExtension
    private val file = path

    suspend fun problem(): String? = try {
        play(file)
    } catch (failure: ScenarioFailed) {
        failure.message
    }
}

private fun pieces(arguments: Arguments): List<Piece> {
    val all =
        if (arguments.isSelftest) {
            val folder = arguments.directory ?: home.resolve("selftest")
            files(folder.resolve("scenarios")).map { Piece(it, Selftest::mustFail) } +
                files(
                    folder.resolve("recordings"),
                ).map { Piece(it) { path -> Selftest.recording(path) } }
        } else {
            files(arguments.directory ?: home.resolve("scenarios")).map { file ->
                Piece(file) {
                    play(Reading.load(it))
                    null
                }
            }
        }
    arguments.only.forEach { name ->
        if (all.none { it.name == name }) misused("there is no \"$name\"")
    }
    val wanted = all.filter { arguments.only.isEmpty() || it.name in arguments.only }
    return wanted.ifEmpty { misused("there is nothing to play") }
}

private fun files(folder: Path): List<Path> {
    if (!folder.isDirectory()) misused("$folder is not a folder")
    return folder.listDirectoryEntries("*.json").sorted()
}

private fun misused(problem: String): Nothing {
    System.err.println("player: $problem\n\n$USAGE")
    exitProcess(2)
}

/** Plays everything, prints a line for each, and gives the number of failures. */
private fun playAll(
    pieces: List<Piece>,
    jobs: Int,
): Int = runBlocking(Dispatchers.Default) {
    val places = Semaphore(jobs)
    val played =
        pieces.map { piece ->
            piece to async { places.withPermit { measureTimedValue { piece.problem() } } }
        }
    played.count { (piece, result) ->
        val (problem, took) = result.await()
        report(piece.name, problem, took)
        problem != null
    }
}

private fun report(
    name: String,
    problem: String?,
    took: Duration,
) {
    val word = if (problem == null) "ok   " else "FAIL "
    val report = problem?.let { "\n  " + it.replace("\n", "\n  ") }.orEmpty()
    println("$word $name (${took.toString(DurationUnit.SECONDS, 1)})$report")
}

fun main(given: Array<String>) {
    val arguments = Arguments(given)
    val pieces = pieces(arguments)
    if (arguments.isList) {
        pieces.forEach { println(it.name) }
        return
    }
    // Listeners that throw are logged, as promised, and part of some scenarios.
    setLogSink({ })
    val failed = playAll(pieces, arguments.jobs)
    println("${pieces.size - failed} passed, $failed failed")
    exitProcess(if (failed == 0) 0 else 1)
}
