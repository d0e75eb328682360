package io.truestate.liveflow

import com.sun.jna.NativeLibrary
import com.sun.jna.Platform

/**
 * The library's native part, found and loaded.
 *
 * It is not stopped when the JVM exits: a JVM takes no harm from native threads that are attached, and
 * shutdown hooks of the application's may still want to cancel their sessions.
 */
internal object NativeCode {
    private const val NAME = "liveflow_ffi"

    private val PLATFORMS =
        listOf(
            "linux-x86-64",
            "linux-aarch64",
            "darwin-x86-64",
            "darwin-aarch64",
            "win32-x86-64",
            "win32-aarch64",
        )

    private val failure: LiveFlowException? by lazy { load() }

    /** To be called before anything native is. */
    fun require() {
        failure?.let { throw LiveFlowException.Configuration(context(it.message), "platform", it) }
    }

    private fun load(): LiveFlowException? {
        try {
            NativeLibrary.getInstance(NAME, NativeCode::class.java.classLoader)
        } catch (error: LinkageError) {
            return LiveFlowException.Configuration(context(explain(error)), "platform", error)
        }
        CallbackThreads.keepAttached()
        return null
    }

    private fun explain(error: LinkageError): String {
        val platform = "${System.getProperty("os.name")} on ${System.getProperty("os.arch")}"
        val said =
            error.message
                .orEmpty()
                .lineSequence()
                .first()
        if (isAndroid) {
            return "there is no lib$NAME.so for $platform in this app. Depend on the AAR of " +
                "liveflow (and on jna's), and keep its ABI in the build's abiFilters ($said)"
        }
        val loader = NativeCode::class.java.classLoader
        val here = PLATFORMS.filter { loader?.getResource("$it/${fileName(it)}") != null }
        val has = if (here.isEmpty()) "none at all" else here.joinToString()
        // JNA's own library can be what is missing, and then its classes are of no use.
        val prefix = runCatching { Platform.RESOURCE_PREFIX }.getOrDefault("an unknown prefix")
        return "liveflow has no native library that works for $platform ($prefix); this jar has " +
            "$has. The library's system property jna.library.path names a folder with " +
            "${System.mapLibraryName(NAME)} of your own building ($said)"
    }

    private fun fileName(platform: String): String = when {
        platform.startsWith("darwin") -> "lib$NAME.dylib"
        platform.startsWith("win32") -> "$NAME.dll"
        else -> "lib$NAME.so"
    }
}

/** Whether this is Android's runtime rather than a JVM. */
internal val isAndroid: Boolean = System.getProperty("java.runtime.name") == "Android Runtime"
