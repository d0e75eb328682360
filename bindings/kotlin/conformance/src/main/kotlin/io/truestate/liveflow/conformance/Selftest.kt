package io.truestate.liveflow.conformance

import java.nio.file.Path
import kotlinx.serialization.json.JsonElement

/** Proof that the checks bite: scenarios that must fail, and recordings that break a rule. */
object Selftest {
    /** Plays a scenario that must fail for its reason; gives what is wrong. */
    suspend fun mustFail(path: Path): String? {
        val expected = read(path, "because", "contains", "scenario")
        val (because, part) = expected.text("because") to expected.text("contains").orEmpty()
        try {
            play(Reading.check(expected["scenario"]))
        } catch (failure: ScenarioFailed) {
            if (failure.reason.word == because && part in failure.report) return null
            return "it must fail with $because, \"$part\", but failed with ${failure.message}"
        }
        return "it passed, and must not"
    }

    /** Holds a recording against the rules, or against a consumer's expectation. */
    fun recording(path: Path): String? {
        val it =
            read(
                path,
                "events",
                "end",
                "closed_after",
                "secrets",
                "breaks",
                "consumer",
                "fits",
                "sessions",
            )
        val events = it["events"].items
        if ("consumer" in it.members) {
            Reading.checkConsumer(it["consumer"])
            val names = Names(it["sessions"].members.mapValues { (_, id) -> id.text!! })
            val problem = compare(it["consumer"], events, names)
            return when {
                it["fits"].isTrue == (problem == null) -> null
                problem == null -> "it must not fit, but does"
                else -> "it must fit, but: $problem"
            }
        }
        val recording = Recording(events, it["end"].isTrue, it.count("closed_after"))
        val secrets = it["secrets"].items.map { secret -> secret.text!! }
        val found =
            Rules.brokenBy(recording) + events.flatMap { event -> Rules.secret(event, secrets) }
        val rules = found.map { broken -> broken.rule }.toSet()
        val expected = setOfNotNull(it.text("breaks"))
        return if (rules == expected) null else "it must break $expected, but breaks $rules"
    }

    private fun read(
        path: Path,
        vararg known: String,
    ): JsonElement {
        val read = Reading.loadJson(path)
        val unknown = read.members.keys - known.toSet()
        if (unknown.isNotEmpty()) throw invalid("$path: unknown members $unknown")
        return read
    }
}
