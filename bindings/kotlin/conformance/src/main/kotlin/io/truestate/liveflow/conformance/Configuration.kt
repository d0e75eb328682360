package io.truestate.liveflow.conformance

import io.truestate.liveflow.ClientConfig
import io.truestate.liveflow.CreateBody
import io.truestate.liveflow.Endpoint
import io.truestate.liveflow.HttpMethod
import io.truestate.liveflow.ProxyConfig
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

/** A scenario's `client` as the settings of the SDK. */
class Configuration(
    vararg layers: JsonElement,
) {
    private val config = layers.fold<JsonElement, JsonElement>(DEFAULTS, ::merged)

    /** Every text of it that must not be shown. */
    val secrets: List<String> =
        listOfNotNull(config.text("api_key")?.takeIf { it.isNotEmpty() }) +
            config["credentials"].items.flatMap { set -> set.members.values.mapNotNull { it.text } }

    /** The settings for the service at `url`. */
    fun settings(
        url: String,
        key: String,
        stores: Stores,
    ): ClientConfig {
        val ownKey = config.text("api_key")
        val settings = ClientConfig(ownKey ?: key.takeIf { config["credentials"].isNull })
        settings.baseUrl = url
        for ((name, value) in config.members) {
            if (name != "api_key") settings.set(name, value, stores)
        }
        return settings
    }

    private fun ClientConfig.set(
        name: String,
        value: JsonElement,
        stores: Stores,
    ) {
        when (name) {
            "base_url" -> baseUrl = value.text
            "organisation_id" -> organisationId = value.text
            "timeouts" ->
                timeouts {
                    value.ms("connect_ms") { connect = it }
                    value.ms("request_ms") { request = it }
                    value.ms("total_ms") { total = it }
                }
            "retry" ->
                retry {
                    value.ms("initial_backoff_ms") { initialBackoff = it }
                    value.ms("max_backoff_ms") { maxBackoff = it }
                    value["multiplier"].number?.let { multiplier = it.toDouble() }
                }
            "polling" ->
                polling {
                    value.ms("running_min_ms") { runningMin = it }
                    value.ms("running_max_ms") { runningMax = it }
                    value.ms("waiting_min_ms") { waitingMin = it }
                    value.ms("waiting_max_ms") { waitingMax = it }
                    value["growth"].number?.let { growth = it.toDouble() }
                    value["jitter"].number?.let { jitter = it.toDouble() }
                }
            "watch_limit_ms" -> watchLimit = value.ms
            "max_staleness_ms" -> maxStaleness = value.ms
            "answer_grace_ms" -> answerGrace = value.ms
            "max_retry_after_ms" -> maxRetryAfter = value.ms
            "suspend_grace_ms" -> suspendGrace = value.ms
            "handler_timeout_ms" -> handlerTimeout = value.ms
            "requests_per_second" -> requestsPerSecond = value.number!!.toDouble()
            "resend_answers" -> resendAnswers = value.isTrue
            "verify_before_answer" -> verifyBeforeAnswer = value.isTrue
            "adopt_created" -> adoptCreated = value.isTrue
            "correlation_member" -> correlationMember = value.text
            "recreate_when_unseen" -> recreateWhenUnseen = value.isTrue
            "callback_limit" -> callbackLimit = value.number!!.toInt()
            "max_concurrent_requests" -> maxConcurrentRequests = value.number!!.toInt()
            "max_body_bytes" -> maxBodyBytes = value.number!!.toLong()
            "allow_insecure_http" -> allowInsecureHttp = value.isTrue
            "user_agent_suffix" -> userAgentSuffix = value.text
            "proxy" ->
                proxy =
                    when (value.text) {
                        "direct" -> ProxyConfig.Direct
                        "system" -> ProxyConfig.System
                        else -> ProxyConfig.Url(value.text("url")!!)
                    }
            "endpoints" ->
                endpoints {
                    value
                        .text(
                            "create_body",
                        )?.let { createBody = CreateBody.valueOf(it.uppercase()) }
                    endpoint(value["add_user_input"])?.let { addUserInput = it }
                    value.text("user_input_member")?.let { userInputMember = it }
                    endpoint(value["cancel_session"])?.let { cancelSession = it }
                    value.count("list_page_size")?.let { listPageSize = it }
                }
            "status_aliases" ->
                value.members.forEach { (word, status) ->
                    statusAliases[word] = Render.status(status.text!!)
                }
            "credentials" ->
                credentials =
                    Rotating(value.items.map { set -> set.members.mapValues { it.value.text!! } })
            "checkpoint_store" -> checkpointStore = stores.give(value.text)
            else -> throw invalid("the player does not know the setting $name")
        }
    }

    private val JsonElement.ms: Duration get() = number!!.toLong().milliseconds

    private fun JsonElement.ms(
        name: String,
        set: (Duration) -> Unit,
    ) {
        millis(name)?.let { set(it.milliseconds) }
    }

    private fun endpoint(value: JsonElement) =
        value.text("path")?.let { Endpoint(HttpMethod.valueOf(value.text("method")!!), it) }

    private companion object {
        /** What is left out of a scenario's configuration; they make scenarios quick. */
        val DEFAULTS =
            Json.parseToJsonElement(
                """
                {
                  "timeouts": {"connect_ms": 1000, "request_ms": 1000, "total_ms": 8000},
                  "retry": {"initial_backoff_ms": 20, "max_backoff_ms": 100, "multiplier": 2},
                  "polling": {"running_min_ms": 20, "running_max_ms": 100, "waiting_min_ms": 50,
                              "waiting_max_ms": 200, "growth": 0.2, "jitter": 0.1},
                  "watch_limit_ms": 30000,
                  "max_staleness_ms": 200,
                  "answer_grace_ms": 1300,
                  "max_retry_after_ms": 5000,
                  "suspend_grace_ms": 200,
                  "requests_per_second": 0,
                  "proxy": "direct"
                }
                """,
            )

        fun merged(
            under: JsonElement,
            over: JsonElement,
        ): JsonElement {
            if (under !is JsonObject || over !is JsonObject) return if (over.isNull) under else over
            return JsonObject(
                under + over.mapValues { (name, value) -> merged(under[name] ?: JsonNull, value) },
            )
        }
    }
}
