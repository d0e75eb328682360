package io.truestate.liveflow

/** How far a session is, or one step of it. */
public enum class SessionStatus {
    /** Created, not begun. */
    READY,

    /** At work. */
    RUNNING,

    /** Asking the end user something. */
    WAITING_FOR_USER_INPUT,

    /** Ended well. Never changes again. */
    FINISHED,

    /** Ended badly, or was cancelled. Never changes again. */
    FAILED,

    /** A word that this version does not know: see `rawStatus`. Never an end. */
    UNRECOGNISED,
    ;

    /** Whether nothing will ever change again. */
    public val isEnd: Boolean get() = this == FINISHED || this == FAILED
}
