package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.CoreEvents
import io.truestate.liveflow.internal.ffi.Operation
import io.truestate.liveflow.internal.ffi.Outcome
import io.truestate.liveflow.internal.ffi.TakenEvent
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Where the library waits for its core.
 *
 * The core wakes its waiters from a thread of its own, which no code of the application may run on:
 * with `Dispatchers.Unconfined` it would. These threads are not counted among those of
 * `Dispatchers.Default` and `Dispatchers.IO`, so that an application that blocks all of those is
 * woken all the same.
 */
private val waiting: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(64, "liveflow")

/** Begins a call, waits for it, and gives what it gave. The waiter's cancellation gives it up. */
internal suspend fun <T> outcome(
    begin: () -> Operation,
    convert: (Outcome) -> T,
): T {
    currentCoroutineContext().ensureActive()
    val operation = translated(begin)
    try {
        withContext(waiting) {
            try {
                operation.ready()
            } catch (cancelled: CancellationException) {
                operation.cancel()
                throw cancelled
            }
        }
        return convert(translated { operation.take() })
    } finally {
        operation.destroy()
    }
}

/** The next event, or null when there are no more. When it is cancelled, it has taken none. */
internal suspend fun CoreEvents.next(): SessionEvent? {
    while (true) {
        when (val taken = translated { takeEvent() }) {
            is TakenEvent.Event -> return taken.event.public()
            is TakenEvent.End -> return null
            is TakenEvent.NothingYet -> withContext(waiting) { waitReady() }
        }
    }
}

/** The application's listeners, provider and store, which may block and may never return. */
internal object Callbacks {
    private val patience = 5.seconds
    private val running = MutableStateFlow(0)

    /** As many threads as any `callbackLimit` can ask for; one that is not needed costs nothing. */
    val dispatcher: CoroutineDispatcher =
        Dispatchers.IO.limitedParallelism(Int.MAX_VALUE, "liveflow callbacks")

    /** Calls, unless [limit] others have not returned and do not do so soon. Tells whether it did. */
    suspend fun call(
        limit: Int,
        callback: suspend () -> Unit,
    ): Boolean {
        if (!enter(limit)) return false
        try {
            // A scope of its own: one that cancels its coroutine ends nothing but itself.
            coroutineScope { callback() }
        } finally {
            running.update { it - 1 }
        }
        return true
    }

    private suspend fun enter(limit: Int): Boolean {
        val entered =
            withTimeoutOrNull(patience) {
                do {
                    val others = running.first { it < limit }
                } while (!running.compareAndSet(others, others + 1))
            }
        if (entered == null) report("a callback was refused: $limit have not returned yet", null)
        return entered != null
    }
}
