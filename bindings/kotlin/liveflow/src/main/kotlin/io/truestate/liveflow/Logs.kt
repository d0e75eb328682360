package io.truestate.liveflow

import io.truestate.liveflow.internal.ffi.LogLevel as CoreLevel
import io.truestate.liveflow.internal.ffi.LogRecord as CoreRecord
import io.truestate.liveflow.internal.ffi.LogSink as CoreSink
import io.truestate.liveflow.internal.ffi.setLogSink as setCoreSink
import java.util.logging.Level
import java.util.logging.Logger

/** How grave a log record is. */
public enum class LogLevel(
    internal val core: CoreLevel,
    internal val platform: Level,
) {
    /** Something the application's developer has to look at. */
    ERROR(CoreLevel.ERROR, Level.SEVERE),

    /** Something unexpected that was coped with. */
    WARN(CoreLevel.WARN, Level.WARNING),

    /** The large steps. */
    INFO(CoreLevel.INFO, Level.INFO),

    /** Every request. */
    DEBUG(CoreLevel.DEBUG, Level.FINE),

    /** Everything. */
    TRACE(CoreLevel.TRACE, Level.FINEST),
}

/** One log record of the library. It never holds an API key, a header of credentials or a body. */
public class LogRecord internal constructor(
    /** How grave it is. */
    public val level: LogLevel,
    /** Which part of the library says it. */
    public val target: String,
    /** What it says. */
    public val message: String,
    /** Its further members, by name. */
    public val fields: Map<String, String>,
    /** What a callback of the application's threw, where the record is about that. */
    public val error: Throwable?,
) {
    override fun toString(): String =
        message + fields.entries.joinToString("") { (name, value) -> " $name=$value" }
}

/** Takes the library's log records. */
public fun interface LogSink {
    /**
     * One record. Called one at a time from a thread of the library's own that may block; records
     * that come too fast are dropped, and the next one says how many in `records_dropped`. What it
     * throws is thrown away.
     */
    public fun log(record: LogRecord)
}

/**
 * Sends the process's log records from [level] up to [sink], in place of any sink before.
 *
 * Without a sink they go to `java.util.logging`, to the logger `io.truestate.liveflow`; that is
 * also where they go, from [LogLevel.WARN] up, as long as this has not been called.
 */
public fun setLogSink(
    sink: LogSink?,
    level: LogLevel = LogLevel.WARN,
) {
    NativeCode.require()
    Logs.choose(sink ?: Logs.platform, level)
}

/** Says that a callback of the application's failed. */
internal fun report(
    what: String,
    error: Throwable?,
    level: LogLevel = LogLevel.ERROR,
) = Logs.offer(LogRecord(level, "liveflow::callbacks", what, emptyMap(), error))

internal object Logs {
    private val logger = Logger.getLogger("io.truestate.liveflow")

    val platform =
        LogSink { record ->
            logger.log(record.level.platform, record.error) { record.toString() }
        }

    @Volatile
    private var chosen: Pair<LogSink, LogLevel>? = null

    /** Has records go somewhere from the first client on. */
    @Synchronized
    fun start() {
        if (chosen == null) choose(platform, LogLevel.WARN)
    }

    @Synchronized
    fun choose(
        sink: LogSink,
        level: LogLevel,
    ) {
        chosen = sink to level
        setCoreSink(Bridge(sink), level.core)
    }

    /** A record of this layer's own. */
    fun offer(record: LogRecord) {
        val (sink, level) = chosen ?: (platform to LogLevel.WARN)
        if (record.level <= level) runCatching { sink.log(record) }
    }

    private class Bridge(
        private val sink: LogSink,
    ) : CoreSink {
        override fun log(record: CoreRecord) {
            val fields = record.fields.associate { it.name to it.value }
            val level = LogLevel.valueOf(record.level.name)
            runCatching { sink.log(LogRecord(level, record.target, record.text, fields, null)) }
        }
    }
}
