package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.CoreEvents
import io.truestate.liveflow.internal.ffi.CoreLiveSession
import io.truestate.liveflow.internal.ffi.Outcome
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.serialization.json.JsonElement

/**
 * One watched session. [Client.start], [Client.watch] and [Client.restore] give it.
 *
 * Its members may be used from any thread and any dispatcher.
 */
public class LiveSession internal constructor(
    private val core: CoreLiveSession,
    private val ofClient: Subscriptions,
    private val callbackLimit: Int,
) : AutoCloseable {
    private val subscriptions = Subscriptions()
    private val shared by lazy { stream() }

    /** The session's id. */
    public val id: String = core.id()

    /** The flow it is a run of. */
    public val liveFlowId: String = core.liveFlowId()

    /** The newest known state; null before the first read of a plain watch. */
    public fun snapshot(): Session? = translated { core.snapshot() }?.let(::Session)

    /**
     * The events, beginning with the present state.
     *
     * The flow is cold: each collection makes a consumer of its own. It pulls one event, has it
     * collected, and pulls the next, so a slow collector costs no memory. It ends after
     * [SessionEvent.Finished], [SessionEvent.Failed] or [SessionEvent.WatchEnded]. Cancelling the
     * collection ends the waiting at once and leaves the watch as it is.
     */
    public fun events(): Flow<SessionEvent> = flow {
        val stream = stream()
        try {
            while (true) emit(stream.next() ?: break)
        } finally {
            stream.destroy()
        }
    }

    /**
     * Waits for the next event; null after the last one. All callers share one consumer.
     *
     * A call that ends by cancellation has taken no event. With `withTimeoutOrNull`, use the event
     * inside its block: what a block gives in the moment of its timeout is thrown away.
     */
    public suspend fun nextEvent(): SessionEvent? = shared.next()

    /** Has [listener] called with each event, one at a time. */
    public fun subscribe(listener: SessionListener): Subscription =
        Subscription(stream(), listener, callbackLimit, listOf(subscriptions, ofClient))

    /**
     * Answers a prompt in words, and waits until the answer has arrived.
     *
     * @param prompt as [SessionEvent.PromptRequested] gave it
     * @throws LiveFlowException.PromptNoLongerOpen the prompt was closed before; nothing was changed
     * @throws LiveFlowException.OutcomeUnknown nobody can tell whether the answer arrived
     * @throws LiveFlowException.InvalidRequest the service refused this answer; the prompt is open
     * @throws LiveFlowException anything else. In all of them, `answer` holds the answer
     */
    public suspend fun answer(
        prompt: Prompt,
        answer: String,
    ): Unit = answer(prompt, Answer.Text(answer))

    /** As the other `answer`, with JSON where the flow expects it. */
    public suspend fun answer(
        prompt: Prompt,
        answer: JsonElement,
    ): Unit = answer(prompt, Answer.Json(answer))

    /** As the other `answer`, with either. */
    public suspend fun answer(
        prompt: Prompt,
        answer: Answer,
    ) {
        val given = answer.core("answer")
        outcome({ core.answer(prompt.core, given) }) {}
    }

    /**
     * Waits for the session's end, and gives the session as it ended.
     *
     * @throws LiveFlowException.RequestTimeout [timeout] passed. The session goes on, and so does
     *   the watch
     * @throws LiveFlowException.Closed the watch was closed meanwhile
     * @throws LiveFlowException the watch ended with this error
     */
    public suspend fun wait(timeout: Duration? = null): Session {
        val limit = timeout?.let { waiting(it, "timeout") }
        return outcome({ core.wait(limit) }, Outcome::session)
    }

    /** Ends the session at the service, and gives it as it ended (perhaps it was finished). */
    public suspend fun cancel(): Session = outcome({ core.cancel() }, Outcome::session)

    /** Looks at the session at once, instead of when it is due. */
    public fun pollNow(): Unit = translated { core.pollNow() }

    /**
     * What [Client.restore] needs to go on after a restart.
     *
     * It can hold the text of an answer that is under way: keep it as safe as those.
     */
    public fun checkpoint(): String = translated { core.checkpoint() }

    /**
     * Stops watching. The session itself is untouched. No callback starts after this has returned;
     * it waits for nothing.
     */
    override fun close() {
        subscriptions.cancel()
        core.shutdown()
    }

    override fun toString(): String = "LiveSession($id)"

    private fun stream(): CoreEvents = translated { core.events() }
}
