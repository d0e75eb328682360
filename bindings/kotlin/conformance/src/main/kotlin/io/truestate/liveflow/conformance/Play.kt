package io.truestate.liveflow.conformance

import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonElement

/** How long after the clients were closed the journal is read. */
private val aftermath = 100.milliseconds

private const val TIME_LIMIT_MS = 20_000L

/** Plays one scenario; throws [ScenarioFailed]. */
suspend fun play(scenario: JsonElement) = withContext(Dispatchers.Default.limitedParallelism(1)) {
    Service.running { service ->
        val scope = CoroutineScope(coroutineContext + SupervisorJob())
        val stage = Stage(scenario, service, scope)
        try {
            stage.setUp()
            withinItsTime(stage, scope)
            stage.closeClients()
            delay(aftermath)
            judge(stage)
        } catch (failure: ScenarioFailed) {
            throw failure
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (mistake: Exception) {
            throw invalid("the player: ${mistake.stackTraceToString()}")
        } finally {
            stage.closeClients()
            scope.cancel()
        }
    }
}

private suspend fun withinItsTime(
    stage: Stage,
    scope: CoroutineScope,
) {
    val limit = stage.scenario.millis("time_limit_ms") ?: TIME_LIMIT_MS
    val everything = scope.async { everything(stage) }
    val done =
        withTimeoutOrNull(limit) {
            select {
                stage.failed.onAwait { }
                everything.onAwait { }
            }
        }
    everything.cancel()
    if (done == null) throw ScenarioFailed(Reason.TIME_LIMIT, soFar(stage, limit))
}

/** The script, then what runs beside it. */
private suspend fun everything(stage: Stage) {
    stage.scenario["script"].items.forEach { stage.perform(it, Here()) }
    stage.join()
    for (consumer in stage.consumers.values.toList()) {
        while (!consumer.hasEnded) delay(lookEvery)
    }
    // What a reaction to the very last event has started.
    stage.join()
}

private fun soFar(
    stage: Stage,
    limit: Long,
): String {
    val told =
        stage.consumers.map { (name, consumer) ->
            val end = if (consumer.hasEnded) "has ended" else "has not ended"
            "\n  $name ($end) was told" + consumer.events.joinToString("") { "\n    ${brief(it)}" }
        }
    return "over after $limit ms; until then" + told.joinToString("")
}
