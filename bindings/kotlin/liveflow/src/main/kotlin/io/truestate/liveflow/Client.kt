package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.CoreClient
import io.truestate.liveflow.internal.ffi.CoreLiveSession
import io.truestate.liveflow.internal.ffi.Outcome
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

private val NO_INPUTS = JsonObject(emptyMap())

/**
 * A connection to TrueState Live Flow.
 *
 * ```
 * Client.fromEnv().use { client ->
 *     val session = client.run(flowId, jsonOf("company" to "ACME")) { prompt ->
 *         print("${prompt.text} ")
 *         readln()
 *     }
 *     println(session.output)
 * }
 * ```
 *
 * Its members may be used from any thread and any dispatcher. A flow's id is its UUID, or the
 * address of its page on the platform. Every suspending call can throw any [LiveFlowException];
 * [LiveFlowException.InvalidRequest] names an argument that is refused before anything is sent.
 * Cancelling the caller gives the call up at once.
 */
public class Client private constructor(
    config: ClientConfig,
    isFromEnv: Boolean,
) : AutoCloseable {
    private val subscriptions = Subscriptions()
    private val hosts: List<Host<*>>
    private val core: CoreClient
    private val handlerTimeout: Duration? = config.handlerTimeout
    private val callbackLimit: Int = config.callbackLimit

    @Volatile
    internal var isClosed: Boolean = false
        private set

    init {
        NativeCode.require()
        Logs.start()
        val settings = config.core(isFromEnv)
        val credentials = config.credentials?.let { HostCredentials(it, callbackLimit) }
        val store = config.checkpointStore?.let { HostStore(it, callbackLimit) }
        hosts = listOfNotNull(credentials?.host, store?.host)
        core =
            translated {
                if (isFromEnv) {
                    CoreClient.fromEnv(settings, credentials, store)
                } else {
                    val key = settable(config.apiKey.orEmpty(), "api_key")
                    CoreClient(key, settings, credentials, store)
                }
            }
    }

    /**
     * A client that is set up so.
     *
     * @throws LiveFlowException.Configuration a setting is wrong; its `setting` says which
     */
    public constructor(config: ClientConfig) : this(config, isFromEnv = false)

    /**
     * A client with this key, and set up in a block:
     * `Client(key) { timeouts { request = 10.seconds } }`.
     *
     * @throws LiveFlowException.Configuration a setting is wrong; its `setting` says which
     */
    public constructor(apiKey: String? = null, configure: ClientConfig.() -> Unit = {}) :
        this(ClientConfig(apiKey).apply(configure))

    /**
     * Creates a session without watching it.
     *
     * @throws LiveFlowException.OutcomeUnknown nobody can tell whether it was created; `candidates`
     *   are the sessions that it could be
     */
    public suspend fun createSession(
        liveFlowId: String,
        inputs: JsonObject = NO_INPUTS,
    ): Session {
        val (flow, given) = id(liveFlowId) to encoded(inputs, "inputs")
        return outcome({ core.createSession(flow, given) }, Outcome::session)
    }

    /** Reads a session. */
    public suspend fun getSession(
        liveFlowId: String,
        sessionId: String,
    ): Session {
        val (flow, session) = id(liveFlowId) to id(sessionId, "session_id")
        return outcome({ core.getSession(flow, session) }, Outcome::session)
    }

    /** Reads all sessions of a flow. They can be many: see [iterSessions]. */
    public suspend fun getSessions(liveFlowId: String): List<Session> {
        val flow = id(liveFlowId)
        return outcome({ core.getSessions(flow) }) { outcome ->
            (outcome as Outcome.Sessions).sessions.map(::Session)
        }
    }

    /** Reads the sessions of a flow one at a time, in bounded memory. The flow is cold. */
    public fun iterSessions(liveFlowId: String): Flow<Session> = flow {
        val sessions = translated { core.iterSessions(id(liveFlowId)) }
        try {
            while (true) {
                val next =
                    outcome({ sessions.next() }) { (it as Outcome.OptionalSession).session }
                emit(Session(next ?: break))
            }
        } finally {
            sessions.destroy()
        }
    }

    /**
     * Answers whatever a session asks now, in words.
     *
     * Prefer [LiveSession.answer]: it knows which prompt it answers.
     *
     * @throws LiveFlowException.NotWaitingForInput the session asks nothing
     * @throws LiveFlowException.OutcomeUnknown nobody can tell whether the answer arrived
     */
    public suspend fun addUserInput(
        liveFlowId: String,
        sessionId: String,
        userInput: String,
    ): Session = addUserInput(liveFlowId, sessionId, Answer.Text(userInput))

    /** As the other `addUserInput`, with JSON where the flow expects it. */
    public suspend fun addUserInput(
        liveFlowId: String,
        sessionId: String,
        userInput: JsonElement,
    ): Session = addUserInput(liveFlowId, sessionId, Answer.Json(userInput))

    /** As the other `addUserInput`, with either. */
    public suspend fun addUserInput(
        liveFlowId: String,
        sessionId: String,
        userInput: Answer,
    ): Session {
        val (flow, session) = id(liveFlowId) to id(sessionId, "session_id")
        val answer = userInput.core("user_input")
        return outcome({ core.addUserInput(flow, session, answer) }, Outcome::session)
    }

    /** Ends a session at the service, and gives it as it ended (perhaps it was finished). */
    public suspend fun cancelSession(
        liveFlowId: String,
        sessionId: String,
    ): Session {
        val (flow, session) = id(liveFlowId) to id(sessionId, "session_id")
        return outcome({ core.cancelSession(flow, session) }, Outcome::session)
    }

    /** Creates a session and watches it. */
    public suspend fun start(
        liveFlowId: String,
        inputs: JsonObject = NO_INPUTS,
    ): LiveSession {
        val (flow, given) = id(liveFlowId) to encoded(inputs, "inputs")
        return outcome({ core.start(flow, given) }, ::live)
    }

    /** Watches an existing session. Makes no request itself: the first read is the watch's own. */
    public suspend fun watch(
        liveFlowId: String,
        sessionId: String,
    ): LiveSession {
        val (flow, session) = id(liveFlowId) to id(sessionId, "session_id")
        return outcome({ core.watch(flow, session) }, ::live)
    }

    /**
     * Goes on after a restart with what [LiveSession.checkpoint] gave.
     *
     * An open prompt is announced again. An answer that was under way is looked for; if it stays
     * unknown whether it arrived, [SessionEvent.AnswerUnresolved] hands its text back.
     */
    public suspend fun restore(checkpoint: String): LiveSession {
        val text = sendable(checkpoint, "checkpoint")
        return outcome({ core.restore(text) }, ::live)
    }

    /** Goes on after a restart with everything in the checkpoint store. */
    public suspend fun restoreAll(): List<LiveSession> = outcome({ core.restoreAll() }) { outcome ->
        (outcome as Outcome.LiveSessions).liveSessions.map(::live)
    }

    /**
     * Starts a session, has its prompts answered, and gives it as it ended, whatever its status.
     *
     * Both callbacks run in the caller's context, [onEvent] one event at a time and [onPrompt]
     * beside it. What they throw stops the watching and is thrown here; so is the caller's
     * cancellation. The session itself is untouched by either.
     *
     * @param onEvent told every event
     * @param onPrompt given a prompt, gives the answer, or null for "no answer from here": watching
     *   goes on, and somebody else may answer. It is cancelled when the prompt is closed meanwhile
     * @throws LiveFlowException.RequestTimeout the session did not end within `watchLimit`
     * @throws LiveFlowException the session could not be started, watched or answered. After a
     *   failed answer, `answer` holds it
     */
    public suspend fun run(
        liveFlowId: String,
        inputs: JsonObject = NO_INPUTS,
        onEvent: suspend (SessionEvent) -> Unit = {},
        onPrompt: (suspend (Prompt) -> String?)? = null,
    ): Session {
        val handler = onPrompt?.let { ask -> PromptHandler { ask(it)?.let(Answer::Text) } }
        return run(start(liveFlowId, inputs), handler, onEvent)
    }

    /** As the other `run`, with a handler whose answers may be JSON. */
    public suspend fun run(
        liveFlowId: String,
        inputs: JsonObject = NO_INPUTS,
        handler: PromptHandler,
        onEvent: suspend (SessionEvent) -> Unit = {},
    ): Session = run(start(liveFlowId, inputs), handler, onEvent)

    /** Stops all requests until [resume], for an app that goes to the background. Watches stay. */
    public fun suspend(): Unit = translated { core.suspend() }

    /** Goes on after [suspend], with fresh connections. */
    public fun resume(): Unit = translated { core.resume() }

    /** Makes connections anew and looks at all sessions at once, on another network. */
    public fun networkChanged(): Unit = translated { core.networkChanged() }

    /**
     * Stops watching everything. The sessions themselves are untouched.
     *
     * It waits for nothing. No request and no callback starts after it has returned; whoever waits
     * for an event finds [SessionEvent.WatchEnded], and calls throw [LiveFlowException.Closed].
     */
    override fun close() {
        isClosed = true
        core.shutdown()
        subscriptions.cancel()
        hosts.forEach { it.close() }
    }

    override fun toString(): String =
        "Client(${core.baseUrl()}, ${if (isClosed) "closed" else "open"})"

    private suspend fun run(
        live: LiveSession,
        handler: PromptHandler?,
        onEvent: suspend (SessionEvent) -> Unit,
    ): Session = live.use { Run(it, handler, handlerTimeout, onEvent) { isClosed }.toItsEnd() }

    private fun live(outcome: Outcome) = live((outcome as Outcome.LiveSession).liveSession)

    private fun live(session: CoreLiveSession) = LiveSession(session, subscriptions, callbackLimit)

    /** Another way to make a client. */
    public companion object {
        /**
         * A client from the environment: `TRUESTATE_API_KEY` is the key,
         * `TRUESTATE_ORGANISATION_ID` (or `TRUESTATE_ORGANISATION`) the organisation,
         * `TRUESTATE_HOST` the address. Other settings, and those that go before these two, are made
         * in the block.
         *
         * @throws LiveFlowException.Configuration the key is not set, or a setting is wrong
         */
        public fun fromEnv(configure: ClientConfig.() -> Unit = {}): Client {
            val config = ClientConfig().apply(configure)
            if (config.apiKey != null) {
                val reason = "fromEnv takes the key from TRUESTATE_API_KEY: set no apiKey here"
                throw LiveFlowException.Configuration(context(reason), "api_key")
            }
            return Client(config, isFromEnv = true)
        }
    }
}

private fun id(
    text: String,
    argument: String = "live_flow_id",
) = sendable(text, argument)

internal fun Outcome.session(): Session = Session((this as Outcome.Session).session)
