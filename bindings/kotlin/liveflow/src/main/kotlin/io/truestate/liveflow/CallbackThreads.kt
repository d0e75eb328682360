package io.truestate.liveflow

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import io.truestate.liveflow.internal.ffi.CoreClient

/**
 * Has the core's threads stay attached to the JVM from their first call into it to their end.
 *
 * By itself JNA attaches a thread for each call and detaches it after that, which costs more than
 * the call. And a JVM that exits takes no more threads in, which JNA would complain about on standard
 * error; one that is attached just waits for the end.
 */
internal object CallbackThreads {
    private val keep =
        object : CallbackThreadInitializer(true, false) {
            override fun getName(callback: Callback) = "liveflow core"
        }

    /** What the core calls, as the generator names it. */
    private val callbacks =
        listOf("uniffiRustFutureContinuationCallbackImpl") +
            methods("CredentialsProvider", "headers") +
            methods("CheckpointStore", "save", "load", "list", "delete") +
            methods("LogSink", "log")

    fun keepAttached() = callbacks.forEach { name ->
        // Its classes are internal to their module, in Kotlin's sense.
        val type = Class.forName("${CoreClient::class.java.`package`.name}.$name")
        val callback = type.getField("INSTANCE").get(null) as Callback
        Native.setCallbackThreadInitializer(callback, keep)
    }

    private fun methods(
        type: String,
        vararg names: String,
    ) = (names.asList() + "uniffiFree" + "uniffiClone").map { "uniffiCallbackInterface$type$$it" }
}
