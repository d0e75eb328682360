package io.truestate.liveflow

/**
 * Is told each event of a watched session, in order, one at a time.
 *
 * It runs in a coroutine of the library's, on a thread that may block. While it does not return, its
 * own next event waits, and nothing else does. What it throws is logged and ends nothing.
 */
public fun interface SessionListener {
    /** One event. */
    public suspend fun onEvent(event: SessionEvent)
}

/** Answers a session's prompts with text or JSON. See [Client.run]. */
public fun interface PromptHandler {
    /**
     * Gives the answer, or null for "no answer from here": watching goes on, and somebody else may
     * answer. It is cancelled when nobody needs the answer any more.
     */
    public suspend fun onPrompt(prompt: Prompt): Answer?
}

/** Why credentials are asked for. */
public data class CredentialsRequest(
    /** The last ones were refused (401): cached ones are of no use. */
    public val refused: Boolean,
)

/**
 * Gives the headers that identify the caller, for instance to a proxy of your own. With one, no
 * API key is needed.
 *
 * Asked before every request; cache what is costly. It runs in a coroutine of the client's, on a
 * thread that may block.
 */
public fun interface CredentialsProvider {
    /** Gives the headers to send. */
    public suspend fun headers(request: CredentialsRequest): Map<String, String>
}

/** A checkpoint as a store keeps it. */
public class StoredCheckpoint(
    /** The session it belongs to: the key to store it under. */
    public val sessionId: String,
    /** Rises with each save of one session; a store may refuse a lower one. */
    public val number: Long,
    /** The checkpoint itself. It can hold an answer's text: keep it as safe as those. */
    public val data: String,
) {
    override fun equals(other: Any?): Boolean = other is StoredCheckpoint &&
        other.sessionId == sessionId && other.number == number && other.data == data

    override fun hashCode(): Int = 31 * sessionId.hashCode() + number.hashCode()

    override fun toString(): String = "StoredCheckpoint(sessionId=$sessionId, number=$number)"
}

/**
 * Keeps checkpoints across restarts, one for each session.
 *
 * Its methods run in a coroutine of the client's, on a thread that may block, and can be called
 * several at a time.
 */
public interface CheckpointStore {
    /** Stores it in place of the session's older one. It must be durable when this returns. */
    public suspend fun save(checkpoint: StoredCheckpoint)

    /** The session's checkpoint, if there is one. */
    public suspend fun load(sessionId: String): StoredCheckpoint?

    /** The ids of all sessions that have one. */
    public suspend fun list(): List<String>

    /** Forgets the session's checkpoint; no error if there is none. */
    public suspend fun delete(sessionId: String)
}
