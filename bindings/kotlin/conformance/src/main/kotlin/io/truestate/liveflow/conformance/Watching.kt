package io.truestate.liveflow.conformance

import io.truestate.liveflow.LiveSession
import io.truestate.liveflow.Prompt
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.flow.collect
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull

private fun nameOf(
    action: JsonElement,
    here: Here,
) = action.text("watch") ?: here.watch ?: MAIN

private fun live(
    stage: Stage,
    action: JsonElement,
    here: Here,
): LiveSession = stage.named(stage.watches, nameOf(action, here))

/** What can be done with a watch. */
val watching: Map<String, suspend (Stage, JsonElement, Here) -> JsonElement> =
    mapOf(
        "answer" to { stage, action, here ->
            live(stage, action, here).answer(prompt(stage, action, here), answer(action))
            JsonNull
        },
        "wait" to { stage, action, here ->
            val timeout = action.millis("timeout_ms")?.milliseconds
            Render.session(live(stage, action, here).wait(timeout))
        },
        "cancel" to { stage, action, here -> Render.session(live(stage, action, here).cancel()) },
        "close" to { stage, action, here ->
            live(stage, action, here).close()
            closeConsumersOf(stage, nameOf(action, here))
            JsonNull
        },
        "poll_now" to { stage, action, here ->
            live(stage, action, here).pollNow()
            JsonNull
        },
        "snapshot" to { stage, action, here ->
            live(stage, action, here).snapshot()?.let(Render::session) ?: JsonNull
        },
        "next_event" to { stage, action, here ->
            live(stage, action, here).nextEvent()?.let(Render::event) ?: JsonNull
        },
        "checkpoint" to { stage, action, here ->
            val text = live(stage, action, here).checkpoint()
            stage.name(stage.checkpoints, action.text("as")!!, text)
            JsonNull
        },
        "consume" to { stage, action, here ->
            consume(stage, action.text("as")!!, nameOf(action, here), action)
            JsonNull
        },
        "stop_consuming" to { stage, action, _ ->
            stage.named(stage.consumers, action.text("consumer") ?: MAIN).stop()
            JsonNull
        },
    )

/** Callbacks of a watch that was closed are not called any more. */
fun closeConsumersOf(
    stage: Stage,
    watch: String,
) = stage.consumers.values
    .filter { it.watch == watch }
    .forEach(Consumer::close)

private fun prompt(
    stage: Stage,
    action: JsonElement,
    here: Here,
): Prompt {
    val reference = action["prompt"]
    if (reference.isNull) {
        return here.prompt ?: throw invalid("there is no prompt here to be answered")
    }
    val (name, step) = (reference.text("consumer") ?: MAIN) to reference.text("step")!!
    return stage.named(stage.consumers, name).prompt(step, reference.count("nth") ?: 1)
        ?: throw invalid("\"$name\" has not been told of that prompt of \"$step\"")
}

/** Opens a consumer of a watch, under its name. */
fun consume(
    stage: Stage,
    name: String,
    watch: String,
    action: JsonElement,
) {
    val how = action.text("consume") ?: "events"
    if (how == "nothing") return
    val live = stage.named(stage.watches, watch)
    val consumer = Consumer(watch, action["on"].items, isCalled = how == "listener")
    stage.name(stage.consumers, name, consumer)
    when (how) {
        "listener" -> consumer.subscription = live.subscribe { consumer.called(stage, it) }
        "events" -> stage.beside { pull(stage, consumer, live) }
        else -> stage.beside { pullOneByOne(stage, consumer, live) }
    }
}

private suspend fun pull(
    stage: Stage,
    consumer: Consumer,
    live: LiveSession,
) {
    live.events().collect { event ->
        val actions = consumer.record(event, stage.names())
        actions.forEach { stage.perform(it, consumer.here(event)) }
    }
    consumer.end()
}

private suspend fun pullOneByOne(
    stage: Stage,
    consumer: Consumer,
    live: LiveSession,
) {
    while (true) {
        val event = live.nextEvent() ?: break
        val actions = consumer.record(event, stage.names())
        actions.forEach { stage.perform(it, consumer.here(event)) }
    }
    consumer.end()
}
