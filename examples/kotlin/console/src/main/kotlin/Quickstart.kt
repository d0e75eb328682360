import io.truestate.liveflow.Client
import io.truestate.liveflow.LiveFlowException
import io.truestate.liveflow.Session
import io.truestate.liveflow.SessionEvent
import io.truestate.liveflow.SessionStatus
import io.truestate.liveflow.jsonOf
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking

/**
 * Runs a Live Flow session at the terminal: progress as it happens, questions, the result.
 *
 * The key, and where the service is, come from the environment: `TRUESTATE_API_KEY`,
 * `TRUESTATE_ORGANISATION_ID`, `TRUESTATE_HOST`. Ctrl-C stops watching only: the session goes on.
 */
fun main(arguments: Array<String>) {
    val options =
        try {
            Options.of(arguments.asList())
        } catch (mistake: IllegalArgumentException) {
            System.err.println("${mistake.message}\n\n${Options.USAGE}")
            exitProcess(2)
        }
    val status =
        try {
            val session =
                Client.fromEnv().use { client ->
                    runBlocking { converse(client, options, Terminal(options.answers)) }
                }
            println("${session.rawStatus}: ${session.output}")
            if (session.status == SessionStatus.FINISHED) 0 else 1
        } catch (error: LiveFlowException) {
            complain(error)
            1
        }
    exitProcess(status)
}

/** One session from its start to its end. */
suspend fun converse(
    client: Client,
    options: Options,
    terminal: Terminal,
): Session {
    val inputs = jsonOf(*options.inputs.toTypedArray())
    return client.run(options.flow, inputs, ::show) { prompt -> terminal.ask(prompt.text) }
}

private fun show(event: SessionEvent) = when (event) {
    is SessionEvent.StatusChanged -> println("  session ${event.current}")
    is SessionEvent.PromptClosed -> println("  question closed: ${event.reason}")
    is SessionEvent.StepChanged -> event.step.run { println("  ${name ?: id}: $rawStatus") }
    is SessionEvent.ConnectionLost ->
        println("  connection lost (${event.error.message}); next try in ${event.retryIn}")
    is SessionEvent.ConnectionRestored -> println("  connection restored")
    else -> Unit
}

private fun complain(error: LiveFlowException) {
    System.err.println("error: ${error.message}")
    error.answer?.let { System.err.println("your answer did not arrive: $it") }
    error.requestId?.let { System.err.println("(request $it)") }
}
