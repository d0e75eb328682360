package com.example.leads

import io.truestate.liveflow.Prompt
import io.truestate.liveflow.PromptCloseReason
import io.truestate.liveflow.Session
import io.truestate.liveflow.SessionEvent
import io.truestate.liveflow.WatchEndReason

/** What the screen shows. */
data class SessionState(
    val phase: Phase = Phase.Idle,
    /** The step that was last heard of. */
    val step: String? = null,
    val isAnswering: Boolean = false,
    val isConnectionLost: Boolean = false,
    /** What to tell the end user, in words made for a person. */
    val notice: String? = null,
    /** An answer that did not arrive, for the end user to send again. */
    val unsent: String? = null,
) {
    sealed interface Phase {
        data object Idle : Phase

        data object Starting : Phase

        data object Running : Phase

        data class Asking(
            val prompt: Prompt,
        ) : Phase

        data class Ended(
            val session: Session,
        ) : Phase
    }

    /** Whether a session can be started. */
    val isFree: Boolean get() = phase is Phase.Idle || phase is Phase.Ended

    fun after(event: SessionEvent): SessionState = when (event) {
        is SessionEvent.StatusChanged ->
            if (phase is Phase.Starting) copy(phase = Phase.Running) else this
        is SessionEvent.StepChanged -> copy(step = event.step.name)
        // What was said of the question before stays: the two may come at one moment.
        is SessionEvent.PromptRequested -> copy(phase = Phase.Asking(event.prompt))
        is SessionEvent.PromptClosed -> closed(event)
        is SessionEvent.AnswerUnresolved -> copy(unsent = event.text, notice = "Did it arrive?")
        is SessionEvent.ConnectionLost -> copy(isConnectionLost = true)
        is SessionEvent.ConnectionRestored -> copy(isConnectionLost = false)
        is SessionEvent.Finished -> SessionState(Phase.Ended(event.session))
        is SessionEvent.Failed -> SessionState(Phase.Ended(event.session), notice = "It failed.")
        is SessionEvent.WatchEnded ->
            SessionState(notice = (event.reason as? WatchEndReason.Error)?.error?.message)
    }

    private fun closed(event: SessionEvent.PromptClosed): SessionState {
        if (phase != Phase.Asking(event.prompt)) return this
        val isElsewhere = event.reason == PromptCloseReason.ANSWERED_ELSEWHERE
        return copy(
            phase = Phase.Running,
            notice = if (isElsewhere) "Answered on another device." else null,
        )
    }
}
