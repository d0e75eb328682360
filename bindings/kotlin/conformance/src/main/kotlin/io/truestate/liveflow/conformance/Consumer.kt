package io.truestate.liveflow.conformance

import io.truestate.liveflow.Prompt
import io.truestate.liveflow.SessionEvent
import io.truestate.liveflow.Subscription
import kotlinx.coroutines.delay
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** The event that is reacted to. */
class Here(
    val watch: String? = null,
    val prompt: Prompt? = null,
)

/** One consumer: it records what it is told, and reacts. */
class Consumer(
    /** The watch that it consumes; none for a `run`. */
    val watch: String?,
    private val reactions: List<JsonElement>,
    /** It does not ask for its events; it is called with them, on any thread. */
    val isCalled: Boolean,
) {
    private val told = mutableListOf<JsonObject>()
    private val prompts = mutableListOf<Prompt>()
    private val counts = IntArray(reactions.size)
    private var ended = false
    private var closed: Int? = null
    var subscription: Subscription? = null

    val events: List<JsonObject> get() = synchronized(this) { told.toList() }
    val hasEnded: Boolean get() = synchronized(this) { ended }

    /** How many events it had been told when it was closed or stopped. */
    val closedAfter: Int? get() = synchronized(this) { closed }

    fun end() = synchronized(this) { ended = true }

    /** It, or its watch, was closed: a callback is not called any more. */
    fun close() = synchronized(this) {
        if (isCalled && watch != null) {
            closed = closed ?: told.size
            ended = true
        }
    }

    fun stop() {
        subscription?.cancel()
        close()
    }

    /** The n-th prompt of this step that it was told of. */
    fun prompt(
        step: String,
        nth: Int,
    ): Prompt? = synchronized(this) { prompts.filter { it.stepName == step }.getOrNull(nth - 1) }

    /** Keeps an event, and gives the actions of all reactions that are for it, in order. */
    fun record(
        event: SessionEvent,
        names: Names,
    ): List<JsonElement> {
        val form = Render.event(event)
        return synchronized(this) {
            told += form
            if (event is SessionEvent.PromptRequested) prompts += event.prompt
            // A listener is not told that nothing follows.
            if (isCalled && event.isTerminal) ended = true
            reactions.withIndex().flatMap { (at, reaction) ->
                val isFor =
                    fits(reaction["when"], form, names) && isFor(reaction, ++counts[at])
                if (isFor) reaction["do"].items else emptyList()
            }
        }
    }

    fun here(event: SessionEvent) = Here(watch, Render.promptOf(event))

    /** Records an event inside a callback, and does what can be done there. */
    suspend fun called(
        stage: Stage,
        event: SessionEvent,
    ) {
        // Names of sessions are no part of what callbacks react to.
        for (action in record(event, Names())) {
            val isAwaited = "background" !in action.members
            val kind = action.text("action")
            when {
                kind == "raise" -> throw Raised(action.text("message")!!)
                kind == "sleep" && isAwaited -> delay(action.millis("ms")!!)
                else -> stage.start(action, here(event))
            }
        }
    }

    companion object {
        /** Whether a reaction is for the match of this number. */
        fun isFor(
            reaction: JsonElement,
            count: Int,
        ): Boolean {
            val nth = reaction["nth"]
            val wanted = nth.items.ifEmpty { listOf(nth) }.mapNotNull { it.number?.toInt() }
            return wanted.isEmpty() || count in wanted
        }
    }
}
