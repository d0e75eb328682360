package io.truestate.liveflow

import kotlinx.serialization.json.JsonElement

/** What an end user answers. */
public sealed interface Answer {
    /** An answer in words. */
    public data class Text(
        /** The words. */
        public val text: String,
    ) : Answer

    /** An answer as JSON, where the flow expects it. */
    public data class Json(
        /** The JSON. */
        public val json: JsonElement,
    ) : Answer
}
