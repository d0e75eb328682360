package io.truestate.liveflow

import kotlin.time.Duration

/**
 * What a consumer is told about a watched session. Made for `when`.
 *
 * Events are differences between what this consumer was last told and what is known when it asks:
 * a slow consumer may miss states in between, but never an open prompt, a finished step or the end.
 */
public sealed interface SessionEvent {
    /** Whether nothing follows it. */
    public val isTerminal: Boolean get() = this is Finished || this is Failed || this is WatchEnded

    /** The session's status is another one than last told. */
    public data class StatusChanged(
        /** The status last told; null at first. */
        public val previous: SessionStatus?,
        /** The status now. */
        public val current: SessionStatus,
    ) : SessionEvent

    /** An execution of a step is new, or differs from what was last told of it. */
    public data class StepChanged(
        /** The execution as it is now. */
        public val step: StepRun,
    ) : SessionEvent

    /** The session asks the end user something. Each prompt is requested once, while it is open. */
    public data class PromptRequested(
        /** What is asked; hand it back with the answer. */
        public val prompt: Prompt,
    ) : SessionEvent

    /** A prompt that was requested is over. Told once for each requested prompt. */
    public data class PromptClosed(
        /** The prompt that is over. */
        public val prompt: Prompt,
        /** How it ended. */
        public val reason: PromptCloseReason,
    ) : SessionEvent

    /**
     * An answer that nobody is waiting for any more is not known to have arrived: its call was given
     * up, or the program was restarted. Its text is handed back.
     */
    public data class AnswerUnresolved(
        /** The prompt it was for. */
        public val prompt: Prompt,
        /** What the end user answered. */
        public val text: String,
    ) : SessionEvent

    /** The service has not been reached twice in a row; trying goes on. */
    public data class ConnectionLost(
        /** What went wrong last. */
        public val error: LiveFlowException,
        /** When the next try is due. */
        public val retryIn: Duration,
    ) : SessionEvent

    /** The service was reached again. */
    public data object ConnectionRestored : SessionEvent

    /** The session ended well. The last event. */
    public data class Finished(
        /** The session as it ended. */
        public val session: Session,
    ) : SessionEvent

    /** The session failed or was cancelled. The last event. */
    public data class Failed(
        /** The session as it ended. */
        public val session: Session,
        /** [LiveFlowException.SessionFailed], with the session's own error for debugging. */
        public val error: LiveFlowException,
    ) : SessionEvent

    /** Watching stopped before the session's end; the session is untouched. The last event. */
    public data class WatchEnded(
        /** Why it stopped. */
        public val reason: WatchEndReason,
    ) : SessionEvent
}

/** How a prompt ended. */
public enum class PromptCloseReason {
    /** By an answer given through this watch. */
    ANSWERED,

    /** By somebody else: another device, another program. */
    ANSWERED_ELSEWHERE,

    /** The session ended with the prompt unanswered. */
    SESSION_ENDED,

    /** Watching stopped; the prompt itself may still be open. */
    WATCH_ENDED,

    /** It is over, and no read could tell how. */
    UNKNOWN,
}

/** Why watching stopped before the session's end. */
public sealed interface WatchEndReason {
    /** The watch or its client was closed. */
    public data object Closed : WatchEndReason

    /** No end within `watchLimit`. */
    public data object TimeLimit : WatchEndReason

    /** An error that trying again would not mend. */
    public data class Error(
        /** The error. */
        public val error: LiveFlowException,
    ) : WatchEndReason
}
