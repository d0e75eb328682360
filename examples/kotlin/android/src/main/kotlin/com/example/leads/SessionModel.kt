package com.example.leads

import io.truestate.liveflow.CheckpointStore
import io.truestate.liveflow.Client
import io.truestate.liveflow.LiveFlowException
import io.truestate.liveflow.LiveSession
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.serialization.json.JsonObject

/**
 * One session, for a screen to show. It outlives the screen when that is turned, and knows nothing of
 * Android: with androidx it would be a `ViewModel`, and `scope` its `viewModelScope`.
 */
class SessionModel(
    private val client: Client,
    private val checkpoints: CheckpointStore,
    private val scope: CoroutineScope,
) : AutoCloseable {
    private val shown = MutableStateFlow(SessionState())
    private var live: LiveSession? = null
    private var following: Job? = null

    val state: StateFlow<SessionState> = shown.asStateFlow()

    /** What to remember for [goOn]. */
    val sessionId: String? get() = live?.id

    /** Starts a session. */
    fun start(
        flow: String,
        inputs: JsonObject,
    ) = follow { client.start(flow, inputs) }

    /** Goes on with a session after the system has ended the process. */
    fun goOn(sessionId: String) = follow {
        // None is kept of a session that has ended.
        checkpoints.load(sessionId)?.let { client.restore(it.data) }
    }

    /** Answers what is asked now. */
    fun answer(text: String) {
        val asking = state.value.phase as? SessionState.Phase.Asking ?: return
        val asked = live ?: return
        shown.update { it.copy(isAnswering = true, notice = null, unsent = null) }
        scope.launch {
            try {
                asked.answer(asking.prompt, text)
            } catch (error: LiveFlowException) {
                shown.update { it.copy(notice = error.message, unsent = error.answer) }
            } finally {
                shown.update { it.copy(isAnswering = false) }
            }
        }
    }

    /** Ends the session at the service. */
    fun cancel() {
        val cancelled = live ?: return
        scope.launch { orNotice { cancelled.cancel() } }
    }

    /** For a screen that is gone for good. The session itself goes on. */
    override fun close() {
        scope.cancel()
        live?.close()
    }

    private fun follow(begin: suspend () -> LiveSession?) {
        if (!state.value.isFree) return
        shown.value = SessionState(SessionState.Phase.Starting)
        following =
            scope.launch {
                orNotice {
                    live = begin()
                    live?.events()?.collect { event -> shown.update { it.after(event) } }
                }
                shown.update { if (it.isFree) it else SessionState(notice = it.notice) }
            }
    }

    private suspend fun orNotice(act: suspend () -> Unit) {
        try {
            act()
        } catch (error: LiveFlowException) {
            shown.update { it.copy(notice = error.message) }
        }
    }
}
