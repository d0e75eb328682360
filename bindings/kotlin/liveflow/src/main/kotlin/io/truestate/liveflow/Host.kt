package io.truestate.liveflow

import io.truestate.liveflow.internal.core.CredentialsRequest as CoreCredentialsRequest
import io.truestate.liveflow.internal.core.StoredCheckpoint as CoreCheckpoint
import io.truestate.liveflow.internal.ffi.CheckpointStore as CoreStore
import io.truestate.liveflow.internal.ffi.CredentialsProvider as CoreProvider
import io.truestate.liveflow.internal.ffi.CredentialsReply
import io.truestate.liveflow.internal.ffi.DoneReply
import io.truestate.liveflow.internal.ffi.ListReply
import io.truestate.liveflow.internal.ffi.LoadReply
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/**
 * Has an object of the application's asked in coroutines of its own.
 *
 * The core calls from a thread of its own and expects to be left at once; its question is answered
 * later, through a reply. A reply is always given, and given back, whatever becomes of the coroutine.
 */
internal class Host<T : Any>(
    private val name: String,
    private val limit: Int,
    application: T,
    /** Whether what is under way is cancelled on close. */
    private val isInterruptible: Boolean,
) {
    // The core holds on to its side of this object, which may hold on to the client: so what
    // belongs to the application is let go of when the client is closed.
    private val application = AtomicReference<T?>(application)
    private val scope = CoroutineScope(SupervisorJob() + Callbacks.dispatcher)
    private val door = Door()

    fun ask(
        reply: AutoCloseable,
        fail: (String) -> Unit,
        question: suspend (T) -> Unit,
    ) {
        val job = scope.launch { failure(question)?.let(fail) }
        job.invokeOnCompletion {
            // Counts only where nothing else was said.
            fail(CLOSED)
            reply.close()
        }
    }

    fun close() {
        application.set(null)
        door.shut()
        if (isInterruptible) scope.cancel()
    }

    private suspend fun failure(question: suspend (T) -> Unit): String? = try {
        val asked = application.get() ?: return CLOSED
        val isCalled = Callbacks.call(limit) { door.enter { question(asked) } }
        if (isCalled) null else "$limit callbacks have not returned yet"
    } catch (error: Throwable) {
        if (scope.isActive) report("the $name failed", error)
        "the $name threw ${error.javaClass.simpleName}"
    }
}

private const val CLOSED = "the client was closed"

/** What the core sees of a credentials provider. */
internal class HostCredentials(
    provider: CredentialsProvider,
    limit: Int,
) : CoreProvider {
    val host = Host("credentials provider", limit, provider, isInterruptible = true)

    override fun headers(
        request: CoreCredentialsRequest,
        reply: CredentialsReply,
    ) = host.ask(reply, { reply.fail(it) }) {
        reply.give(it.headers(CredentialsRequest(request.refused)))
    }
}

/** What the core sees of a checkpoint store. */
internal class HostStore(
    store: CheckpointStore,
    limit: Int,
) : CoreStore {
    // A write that is broken off could damage what was there before.
    val host = Host("checkpoint store", limit, store, isInterruptible = false)

    override fun save(
        checkpoint: CoreCheckpoint,
        reply: DoneReply,
    ) = host.ask(reply, { reply.fail(it) }) {
        val (sessionId, number, data) = checkpoint
        it.save(StoredCheckpoint(sessionId, number.toLong(), data))
        reply.done()
    }

    override fun load(
        sessionId: String,
        reply: LoadReply,
    ) = host.ask(reply, { reply.fail(it) }) { store ->
        val stored = store.load(sessionId)
        reply.give(stored?.let { CoreCheckpoint(it.sessionId, it.number.toULong(), it.data) })
    }

    override fun list(reply: ListReply) =
        host.ask(reply, { reply.fail(it) }) { reply.give(it.list()) }

    override fun delete(
        sessionId: String,
        reply: DoneReply,
    ) = host.ask(reply, { reply.fail(it) }) {
        it.delete(sessionId)
        reply.done()
    }
}
