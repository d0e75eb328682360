package io.truestate.liveflow.conformance

/** The reasons for which a scenario can fail, in the format's own words. */
enum class Reason {
    INVALID,
    ACTION,
    TIME_LIMIT,
    RULE,
    CONSUMERS,
    SESSIONS,
    REQUESTS,
    ;

    val word = name.lowercase()
}

/** A scenario failed: the reason, and what a person needs to see. */
class ScenarioFailed(
    val reason: Reason,
    val report: String,
) : Exception("${reason.word}: $report")

fun invalid(report: String) = ScenarioFailed(Reason.INVALID, report)

/** What the action `raise` raises: it stands for any exception of an application. */
class Raised(
    override val message: String,
) : Exception(message)
