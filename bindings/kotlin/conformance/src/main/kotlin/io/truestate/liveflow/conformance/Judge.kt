package io.truestate.liveflow.conformance

import kotlinx.serialization.json.JsonElement

/** Compares everything, in the order of the format's reasons. */
suspend fun judge(stage: Stage) {
    val journal = stage.service.journal()
    val names = stage.names()
    val expect = stage.scenario["expect"]
    rules(stage)
    consumers(stage, expect["consumers"].members, names)
    if (!fits(expect["sessions"], journal["sessions"], names)) {
        val report = "expected ${expect["sessions"]}\n  but the service has ${journal["sessions"]}"
        throw ScenarioFailed(Reason.SESSIONS, report)
    }
    for (expected in expect["requests"].items) {
        Requests(stage, expected, journal["requests"].items, names).check()
    }
}

private fun rules(stage: Stage) {
    val broken = mutableListOf<Broken>()
    for ((name, consumer) in stage.consumers) {
        val events = consumer.events
        val isOver = consumer.hasEnded && !consumer.isCalled
        val found = Rules.brokenBy(Recording(events, isOver, consumer.closedAfter))
        broken += found.map { Broken("${it.rule} ($name)", it.by) }
        broken += events.flatMap { Rules.secret(it, stage.secrets) }
    }
    for (shown in stage.shown) {
        broken += Rules.reason(shown) + Rules.secret(shown, stage.secrets)
    }
    if (broken.isNotEmpty()) {
        throw ScenarioFailed(Reason.RULE, broken.joinToString("\n") { "${it.rule}: ${it.by}" })
    }
}

private fun consumers(
    stage: Stage,
    expected: Map<String, JsonElement>,
    names: Names,
) {
    for (name in expected.keys - stage.consumers.keys) {
        throw ScenarioFailed(Reason.CONSUMERS, "$name: there was no such consumer")
    }
    for ((name, consumer) in stage.consumers) {
        val told =
            expected[name]
                ?: throw ScenarioFailed(
                    Reason.CONSUMERS,
                    "$name: nothing is expected of this consumer",
                )
        compare(told, consumer.events, names)?.let {
            throw ScenarioFailed(Reason.CONSUMERS, "$name: $it")
        }
    }
}

/** Compares what one consumer was told; gives the report of a difference. */
fun compare(
    expected: JsonElement,
    events: List<JsonElement>,
    names: Names,
): String? {
    for (pattern in expected["never"].items) {
        events.firstOrNull { fits(pattern, it, names) }?.let {
            return "never $pattern\n  but it was told $it"
        }
    }
    val left = events.filter { it["event"] !in expected["ignore"].items }
    val search = Search(Item.allOf(expected), left, names)
    if (search.succeeds()) return null
    val written = expected["exactly"].items + expected["in_order"].items
    val told =
        left.mapIndexed { at, event -> " ${if (at == search.best) "->" else "  "} ${brief(event)}" }
    val end = if (search.best == left.size) listOf(" -> (nothing more)") else emptyList()
    val lines = listOf("expected") + written.map { "    $it" } + "  but it was told" + told + end
    return lines.joinToString("\n")
}

private val places =
    listOf(
        "previous",
        "current",
        "step.name",
        "step.status",
        "step.user_input",
        "step.result",
        "prompt.step_name",
        "prompt.round",
        "prompt.text",
        "reason",
        "text",
        "error.kind",
        "error.http_status",
        "error.detail",
        "session.status",
        "session.output",
    )

/** An event in a line: what tells it from others of its kind. */
fun brief(event: JsonElement): String = event.text("event") +
    places
        .filterNot { event.at(it).isNull }
        .joinToString("") { " $it=${event.at(it)}" }

/** One entry of `expect.requests`. */
private class Requests(
    private val stage: Stage,
    private val expected: JsonElement,
    private val all: List<JsonElement>,
    private val names: Names,
) {
    fun check() {
        val after = expected.text("after")?.let { stage.named(stage.marks, it) } ?: 0
        val before = expected.text("before")?.let { stage.named(stage.marks, it) } ?: Int.MAX_VALUE
        val found =
            all.filter {
                it.count("number")!! in after + 1..before && fits(expected["where"], it, names)
            }
        val isWrong =
            expected.count("exactly")?.let { found.size != it } ?: false ||
                expected.count("at_least")?.let { found.size < it } ?: false ||
                expected.count("at_most")?.let { found.size > it } ?: false
        if (isWrong) fail("${found.size} requests", all)
        for (place in expected["same"].items) {
            val values = found.map { it.at(place.text!!) }
            if (values.any { it.isNull || !same(it, values.first()) }) {
                fail("${place.text} is not the same: $values", found)
            }
        }
        if ("then" in expected.members) checkNext(found)
    }

    private fun checkNext(found: List<JsonElement>) {
        val nth = expected.count("nth") ?: 1
        val first = found.getOrNull(nth - 1)
        if (first == null) fail("there is no such request number $nth", all)
        val next =
            all.firstOrNull {
                it.count("number")!! > first.count("number")!! && fits(expected["then"], it, names)
            }
        if (next == null) fail("no request ${expected["then"]} follows", all)
        val pause = next["time_ms"].number!! - first["time_ms"].number!!
        val isWrong =
            expected["pause_at_least_ms"].number?.let { pause < it } ?: false ||
                expected["pause_at_most_ms"].number?.let { pause > it } ?: false
        if (isWrong) fail("the pause was $pause ms", listOf(first, next))
    }

    private fun fail(
        problem: String,
        shown: List<JsonElement>,
    ): Nothing {
        val lines =
            shown.map {
                "\n    ${it["number"]} ${it["time_ms"]} ms ${it["call"]} ${it["method"]} " +
                    "${it["path"]} status=${it["status"]} faults=${it["faults"]}"
            }
        throw ScenarioFailed(
            Reason.REQUESTS,
            "${expected["where"]}: $problem${lines.joinToString("")}",
        )
    }
}
