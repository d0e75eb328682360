package io.truestate.liveflow.testing

import com.sun.jna.Platform
import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardCopyOption

/** Finds the simulator's command. */
internal object SimulatorCommand {
    private val name = "liveflow-simulator" + if (Platform.isWindows()) ".exe" else ""

    /** The one in this artefact, unpacked once for the process. */
    private val unpacked: Path? by lazy { unpack() }

    fun find(): String = System.getProperty("liveflow.simulator")
        ?: System.getenv("LIVEFLOW_SIMULATOR")
        ?: unpacked?.toString()
        ?: onPath()
        ?: throw SimulatorException(
            "the command $name was not found: liveflow-testing has none for " +
                "${Platform.RESOURCE_PREFIX}, and it is not on the path. Build it from the " +
                "checkout (cargo build -p liveflow-simulator), and name it in the environment " +
                "variable LIVEFLOW_SIMULATOR",
        )

    private fun unpack(): Path? {
        val resource = "/io/truestate/liveflow/testing/${Platform.RESOURCE_PREFIX}/$name"
        val stream = SimulatorCommand::class.java.getResourceAsStream(resource) ?: return null
        val file =
            Files.createTempFile(
                "liveflow-simulator",
                if (Platform.isWindows()) ".exe" else "",
            )
        stream.use { Files.copy(it, file, StandardCopyOption.REPLACE_EXISTING) }
        file.toFile().setExecutable(true)
        file.toFile().deleteOnExit()
        return file
    }

    private fun onPath(): String? = System
        .getenv("PATH")
        .orEmpty()
        .split(File.pathSeparator)
        .map { File(it, name) }
        .firstOrNull { it.canExecute() }
        ?.path
}
