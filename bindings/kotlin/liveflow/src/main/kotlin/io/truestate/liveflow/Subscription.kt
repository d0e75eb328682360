package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.CoreEvents
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch

/** A listener's registration with a [LiveSession]. Forgetting it does not end it. */
public class Subscription internal constructor(
    private val stream: CoreEvents,
    listener: SessionListener,
    private val callbackLimit: Int,
    private val registers: List<Subscriptions>,
) : AutoCloseable {
    // Let go of when it ends, because a listener may hold on to anything.
    @Volatile
    private var listener: SessionListener? = listener
    private val door = Door()
    private var isOver = false

    init {
        registers.forEach { it.add(this) }
        CoroutineScope(Callbacks.dispatcher).launch { serve() }
    }

    /** Ends it. No callback starts after this has returned; one under way is not waited for. */
    public fun cancel() {
        listener = null
        door.shut()
        synchronized(this) { if (!isOver) stream.cancel() }
    }

    /** The same as [cancel]. */
    override fun close(): Unit = cancel()

    private suspend fun serve() {
        try {
            while (true) tell(stream.next() ?: break)
        } catch (_: LiveFlowException.Closed) {
            // The process exits.
        } finally {
            listener = null
            registers.forEach { it.remove(this) }
            synchronized(this) {
                isOver = true
                stream.destroy()
            }
        }
    }

    private suspend fun tell(event: SessionEvent) {
        val told = listener ?: return
        try {
            Callbacks.call(callbackLimit) { door.enter { told.onEvent(event) } }
        } catch (error: Throwable) {
            report("a listener of session events failed", error)
        }
    }
}

/** Subscriptions that end with what they belong to. */
internal class Subscriptions {
    private val active = ConcurrentHashMap.newKeySet<Subscription>()

    fun add(subscription: Subscription) {
        active.add(subscription)
    }

    fun remove(subscription: Subscription) {
        active.remove(subscription)
    }

    fun cancel() = active.forEach(Subscription::cancel)
}
