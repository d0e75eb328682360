package io.truestate.liveflow

import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * Lets callbacks begin until it is shut: after that, none does.
 *
 * A callback has begun when its first code has run, up to where it suspends, returns or throws. One
 * that was let in, and has not begun yet, is waited for when the door is shut; as one that blocks
 * looks the same from outside, it is not waited for long.
 */
internal class Door {
    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val beginning = HashMap<Thread, Long>()
    private var isShut = false

    /** Calls, unless it is shut. */
    suspend fun enter(callback: suspend () -> Unit): Unit =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            if (!begin()) return@suspendCoroutineUninterceptedOrReturn Unit
            try {
                callback.startCoroutineUninterceptedOrReturn(continuation)
            } finally {
                begun()
            }
        }

    /** Nothing begins after this has returned. It may be called from within a callback. */
    fun shut() {
        lock.withLock {
            isShut = true
            try {
                do {
                    val wait = longest()
                    if (wait > 0) changed.awaitNanos(wait)
                } while (wait > 0)
            } catch (_: InterruptedException) {
                Thread.currentThread().interrupt()
            }
        }
    }

    private fun begin(): Boolean = lock.withLock {
        if (!isShut) beginning[Thread.currentThread()] = System.nanoTime()
        !isShut
    }

    private fun begun() {
        lock.withLock {
            beginning -= Thread.currentThread()
            changed.signalAll()
        }
    }

    private fun longest(): Long {
        val others = beginning.filterKeys { it != Thread.currentThread() }.values
        return others.maxOfOrNull { PATIENCE_NS - (System.nanoTime() - it) } ?: 0
    }

    private companion object {
        const val PATIENCE_NS = 50_000_000L
    }
}
