package io.truestate.liveflow

import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** A whole session in one call: events go on being seen while a handler thinks. */
internal class Run(
    private val live: LiveSession,
    private val handler: PromptHandler?,
    private val handlerTimeout: Duration?,
    private val onEvent: suspend (SessionEvent) -> Unit,
    private val isClosed: () -> Boolean,
) {
    private val asked = mutableListOf<Asked>()

    /** What a callback throws ends the scope, and comes out of it. */
    suspend fun toItsEnd(): Session = coroutineScope {
        while (true) {
            val event = live.nextEvent() ?: throw watchClosed()
            callback("onEvent") { onEvent(event) }
            when (event) {
                is SessionEvent.PromptRequested -> ask(event.prompt)
                is SessionEvent.PromptClosed -> withdraw { it.prompt == event.prompt }
                is SessionEvent.Finished -> return@coroutineScope settled(event.session)
                is SessionEvent.Failed -> return@coroutineScope settled(event.session)
                is SessionEvent.WatchEnded -> throw why(event.reason)
                else -> Unit
            }
        }
        // The compiler does not see that the loop has no other way out.
        @Suppress("UNREACHABLE_CODE")
        error("unreachable")
    }

    /** One prompt's handler: first it thinks, then its answer is on its way. */
    private class Asked(
        val prompt: Prompt,
    ) {
        lateinit var job: Job

        @Volatile
        var isSending = false
    }

    private fun CoroutineScope.ask(prompt: Prompt) {
        if (handler == null || isClosed()) return
        asked.removeAll { it.job.isCompleted }
        val asking = Asked(prompt)
        asked += asking
        asking.job =
            launch {
                val answer = callback("onPrompt") { limited(prompt, handler) } ?: return@launch
                asking.isSending = true
                try {
                    live.answer(prompt, answer)
                } catch (_: LiveFlowException.PromptNoLongerOpen) {
                    val what = "prompt ${prompt.runId} was closed while its handler was thinking"
                    report(what, null, LogLevel.INFO)
                }
            }
    }

    private suspend fun limited(
        prompt: Prompt,
        handler: PromptHandler,
    ): Answer? {
        if (handlerTimeout == null) return handler.onPrompt(prompt)
        var isInTime = false
        val answer =
            withTimeoutOrNull(handlerTimeout) { handler.onPrompt(prompt).also { isInTime = true } }
        if (!isInTime) {
            val what = "a prompt handler took too long; prompt ${prompt.runId} stays open"
            report(what, null, LogLevel.WARN)
        }
        return answer
    }

    /** Ends the thinking that nobody needs any more. An answer that is on its way goes on. */
    private fun withdraw(unneeded: (Asked) -> Boolean) =
        asked.filter { unneeded(it) && !it.isSending }.forEach { it.job.cancel() }

    private suspend fun settled(session: Session): Session {
        withdraw { true }
        asked.forEach { it.job.join() }
        return session
    }

    /**
     * Calls the application. A cancellation that comes out of its code, and is not the caller's own,
     * is a failure like any other: passed on as it is, it would silently end whoever called.
     */
    private suspend fun <T> callback(
        name: String,
        call: suspend () -> T,
    ): T = try {
        coroutineScope { call() }
    } catch (cancelled: CancellationException) {
        currentCoroutineContext().ensureActive()
        val reason =
            "$name failed: it let a cancellation through (${cancelled.message}); watching has " +
                "stopped, the session goes on"
        throw LiveFlowException.HandlerFailed(context(reason), cancelled)
    }

    private fun why(reason: WatchEndReason): LiveFlowException = when (reason) {
        is WatchEndReason.Closed -> watchClosed()
        is WatchEndReason.Error -> reason.error
        is WatchEndReason.TimeLimit ->
            LiveFlowException.RequestTimeout(
                context("the session did not end within the watch limit; it goes on"),
            )
    }

    private fun watchClosed() = LiveFlowException.Closed(
        context("the watch was closed before the session ended; the session itself goes on"),
    )
}
