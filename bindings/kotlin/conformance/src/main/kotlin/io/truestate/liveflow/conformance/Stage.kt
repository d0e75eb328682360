package io.truestate.liveflow.conformance

import io.truestate.liveflow.Client
import io.truestate.liveflow.LiveSession
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

const val MAIN = "main"

/** A speed at which the service's clock as good as stands still. */
private const val STANDSTILL = 0.000001

/**
 * Everything that one scenario has in play: its service, clients, watches, consumers and names.
 *
 * It lives on one thread at a time; only [Consumer]s are touched from elsewhere.
 */
class Stage(
    val scenario: JsonElement,
    val service: Service,
    private val scope: CoroutineScope,
) {
    var flow = ""
        private set

    /** Session ids by name; null is the newest session when the name is first needed. */
    val sessions = mutableMapOf<String, String?>()
    val clients = mutableMapOf<String, Client>()
    val watches = mutableMapOf<String, LiveSession>()

    /** The client's name of each watch. */
    val clientsOf = mutableMapOf<String, String>()
    val consumers = sortedMapOf<String, Consumer>()
    val checkpoints = mutableMapOf<String, String>()
    val marks = mutableMapOf<String, Int>()
    val secrets = mutableListOf(service.apiKey)

    /** Results and errors of actions, for the rules that look at everything that was shown. */
    val shown = mutableListOf<JsonObject>()

    /** The first failure of anything that runs beside the script. */
    val failed = CompletableDeferred<Nothing>()

    private val stores = Stores()
    private val background = mutableMapOf<String, MutableList<Job>>()

    suspend fun setUp() {
        flow = service.putFlow(scenario["flow"])
        // Sessions go only as far as they are brought.
        service.clock(json("speed" to STANDSTILL))
        for (session in scenario["sessions"].items) {
            val count = session.count("count")
            repeat(count ?: 1) {
                val id = service.prepare(flow, session)
                if (count == null) name(sessions, session.text("name") ?: MAIN, id)
            }
        }
        val simulator = scenario["simulator"]
        service.clock(json("speed" to (simulator["speed"].number ?: 1)))
        service.control("PUT", "settings", JsonObject(simulator["settings"].members))
        addFaults(simulator["faults"].items)
        service.control("DELETE", "journal")
        newClient(MAIN, json())
    }

    /** Makes a client. What the SDK throws is thrown. */
    fun newClient(
        name: String,
        config: JsonElement,
    ) {
        val configuration = Configuration(scenario["client"], config)
        secrets += configuration.secrets
        val settings = configuration.settings(service.baseUrl, service.apiKey, stores)
        shown += json("configuration" to "$settings")
        name(clients, name, Client(settings))
    }

    /** Adds fault rules, with names of sessions in place of their ids. */
    suspend fun addFaults(faults: List<JsonElement>) {
        val rules =
            faults.map { rule ->
                val name = rule.text("session")
                if (name ==
                    null
                ) {
                    rule
                } else {
                    JsonObject(rule.members + json("session" to session(name)))
                }
            }
        service.control("POST", "faults", element(rules))
    }

    // Names.

    /** Gives a name, once. */
    fun <T> name(
        names: MutableMap<String, T>,
        name: String,
        value: T,
    ) {
        if (name in names) throw invalid("the name \"$name\" is given twice")
        names[name] = value
    }

    /** What has this name. */
    fun <T> named(
        names: Map<String, T>,
        name: String,
    ): T {
        if (name !in names) throw invalid("there is nothing called \"$name\" (yet)")
        return names.getValue(name)
    }

    suspend fun session(name: String): String {
        while (true) {
            named(sessions, name)?.let { return it }
            val newest = service.journal()["sessions"].items.lastOrNull()
            if (newest == null) delay(lookEvery) else sessions[name] = newest.text("id")
        }
    }

    /** The names that patterns may use. */
    suspend fun names(): Names {
        val known = mutableMapOf<String, String>()
        for (name in sessions.keys.toList()) {
            // A `run` that never created its session has none: nothing fits its name.
            withTimeoutOrNull(lookEvery * 20) { session(name) }?.let { known[name] = it }
        }
        return Names(known, flow)
    }

    // What runs beside the script.

    /** Carries out an action, or starts it where it is to run in the background. */
    suspend fun perform(
        action: JsonElement,
        here: Here,
    ) {
        // `join` names what runs in the background; it does not run there itself.
        if ("background" in action.members && action.text("action") != "join") {
            start(action, here)
        } else {
            complete(this, action, here)
        }
    }

    /** Starts an action in the background; from any thread. */
    fun start(
        action: JsonElement,
        here: Here,
    ) = beside(action.text("background")) { complete(this, action, here) }

    /** Has work done beside the script; its failure is the scenario's. */
    fun beside(
        name: String? = null,
        work: suspend () -> Unit,
    ) {
        val job =
            scope.launch {
                try {
                    work()
                } catch (cancelled: CancellationException) {
                    throw cancelled
                } catch (error: Throwable) {
                    fail(error)
                }
            }
        if (name != null) {
            synchronized(background) { background.getOrPut(name) { mutableListOf() } += job }
        }
    }

    /** Fails the scenario, unless it has failed already. */
    fun fail(error: Throwable) {
        failed.completeExceptionally(error)
    }

    /** Waits for what was begun under this name so far; under any name, without one. */
    suspend fun join(name: String? = null) {
        val jobs =
            synchronized(background) {
                when (name) {
                    null -> background.values.flatten()
                    else ->
                        background[name]?.toList()
                            ?: throw invalid("nothing runs in the background as \"$name\"")
                }
            }
        jobs.joinAll()
    }

    fun closeClients() {
        clients.values.forEach { it.close() }
        stores.clear()
    }
}
