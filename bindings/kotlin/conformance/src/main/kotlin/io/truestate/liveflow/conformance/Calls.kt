package io.truestate.liveflow.conformance

import io.truestate.liveflow.Answer
import io.truestate.liveflow.Client
import io.truestate.liveflow.LiveSession
import io.truestate.liveflow.Prompt
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/** What an action answers with. */
fun given(action: JsonElement): JsonElement =
    if ("text" in action.members) action["text"] else action["json"]

/** The same as the SDK takes it: text in words, anything else as JSON. */
fun answer(action: JsonElement): Answer = given(action).let { given ->
    given.text?.let { Answer.Text(it) } ?: Answer.Json(given)
}

private fun client(
    stage: Stage,
    action: JsonElement,
): Client = stage.named(stage.clients, action.text("client") ?: MAIN)

private fun flow(
    stage: Stage,
    action: JsonElement,
) = action.text("live_flow_id") ?: stage.flow

private suspend fun session(
    stage: Stage,
    action: JsonElement,
) = action.text("session_id") ?: stage.session(action.text("session") ?: MAIN)

private fun inputs(action: JsonElement) = JsonObject(action["inputs"].members)

private fun name(action: JsonElement) = action.text("as") ?: MAIN

/** The client's calls. */
val calls: Map<String, suspend (Stage, JsonElement) -> JsonElement> =
    mapOf(
        "create_session" to { stage, action ->
            val session = client(stage, action).createSession(flow(stage, action), inputs(action))
            stage.name(stage.sessions, name(action), session.id)
            Render.session(session)
        },
        "get_session" to { stage, action ->
            val id = session(stage, action)
            Render.session(client(stage, action).getSession(flow(stage, action), id))
        },
        "get_sessions" to { stage, action ->
            element(client(stage, action).getSessions(flow(stage, action)).map(Render::session))
        },
        "iter_sessions" to { stage, action ->
            val all = client(stage, action).iterSessions(flow(stage, action))
            val first = action.count("first")
            val sessions =
                when (first) {
                    null -> all.toList()
                    0 -> emptyList()
                    else -> all.take(first).toList()
                }
            element(sessions.map(Render::session))
        },
        "add_user_input" to { stage, action ->
            val id = session(stage, action)
            val client = client(stage, action)
            Render.session(client.addUserInput(flow(stage, action), id, answer(action)))
        },
        "cancel_session" to { stage, action ->
            val id = session(stage, action)
            Render.session(client(stage, action).cancelSession(flow(stage, action), id))
        },
        "start" to { stage, action ->
            val live = client(stage, action).start(flow(stage, action), inputs(action))
            stage.name(stage.sessions, name(action), live.id)
            opened(stage, action, live)
        },
        "watch" to { stage, action ->
            val id = session(stage, action)
            opened(stage, action, client(stage, action).watch(flow(stage, action), id))
        },
        "restore" to { stage, action ->
            val named = action.text("checkpoint")
            val text =
                if (named == null) {
                    action.text("checkpoint_text")!!
                } else {
                    stage.named(stage.checkpoints, named)
                }
            opened(stage, action, client(stage, action).restore(text))
        },
        "restore_all" to { stage, action ->
            val all = client(stage, action).restoreAll()
            if (all.size != 1) {
                val problem = "the store held ${all.size} sessions, not one"
                throw ScenarioFailed(Reason.ACTION, problem)
            }
            opened(stage, action, all.single())
        },
        "run" to ::run,
        "new_client" to { stage, action ->
            stage.newClient(name(action), action["config"])
            JsonNull
        },
        "close_client" to { stage, action ->
            client(stage, action).close()
            val name = action.text("client") ?: MAIN
            stage.clientsOf
                .filterValues { it == name }
                .keys
                .forEach { closeConsumersOf(stage, it) }
            JsonNull
        },
        "suspend" to { stage, action ->
            client(stage, action).suspend()
            JsonNull
        },
        "resume" to { stage, action ->
            client(stage, action).resume()
            JsonNull
        },
        "network_changed" to { stage, action ->
            client(stage, action).networkChanged()
            JsonNull
        },
    )

/** Names a new watch, and has it consumed. */
private fun opened(
    stage: Stage,
    action: JsonElement,
    live: LiveSession,
): JsonElement {
    stage.name(stage.watches, name(action), live)
    stage.clientsOf[name(action)] = action.text("client") ?: MAIN
    consume(stage, name(action), name(action), action)
    return Render.watch(live)
}

private suspend fun run(
    stage: Stage,
    action: JsonElement,
): JsonElement {
    val client = client(stage, action)
    val consumer = Consumer(null, action["on"].items, isCalled = true)
    stage.name(stage.sessions, name(action), null)
    stage.name(stage.consumers, name(action), consumer)
    val plan = Plan(stage, action["on_prompt"].items)
    try {
        val session =
            client.run(
                flow(stage, action),
                inputs(action),
                handler = { plan.handle(it) },
                onEvent = { consumer.called(stage, it) },
            )
        return Render.session(session)
    } finally {
        consumer.end()
    }
}

/** What the handler of a run does at its prompts. */
private class Plan(
    private val stage: Stage,
    private val reactions: List<JsonElement>,
) {
    private val counts = IntArray(reactions.size)

    suspend fun handle(prompt: Prompt): Answer? {
        val reaction = reactionTo(prompt)
        if (reaction == null) {
            stage.fail(invalid("no entry of `on_prompt` fits ${Render.prompt(prompt)}"))
            return null
        }
        try {
            reaction["do"].items.forEach { stage.perform(it, Here(prompt = prompt)) }
        } catch (failure: ScenarioFailed) {
            stage.fail(failure)
            return null
        }
        val reply = reaction["reply"]
        reply.text("raise")?.let { throw Raised(it) }
        return if (reply.text == "no_answer") null else answer(reply)
    }

    private fun reactionTo(prompt: Prompt): JsonElement? {
        val form = Render.prompt(prompt)
        return reactions.withIndex().firstNotNullOfOrNull { (at, reaction) ->
            val isFor =
                fits(reaction["when"], form, Names()) && Consumer.isFor(reaction, ++counts[at])
            reaction.takeIf { isFor }
        }
    }
}
