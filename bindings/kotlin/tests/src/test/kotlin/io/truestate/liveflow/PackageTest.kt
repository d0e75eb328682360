package io.truestate.liveflow

import com.sun.jna.Platform
import java.io.DataInputStream
import java.net.URLClassLoader
import java.nio.file.Path
import java.util.jar.JarFile
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What the artefact is made of. */
class PackageTest {
    private val artefact =
        JarFile(
            Path
                .of(
                    Client::class.java.protectionDomain.codeSource.location
                        .toURI(),
                ).toFile(),
        )

    private fun names() = artefact
        .entries()
        .asSequence()
        .map { it.name }
        .toList()

    @Test
    fun `it holds the public classes, the generated ones and the native library`() {
        assertNotNull(artefact.getEntry("io/truestate/liveflow/Client.class"))
        assertNotNull(artefact.getEntry("io/truestate/liveflow/internal/ffi/CoreClient.class"))
        val library = System.mapLibraryName("liveflow_ffi")
        assertNotNull(artefact.getEntry("${Platform.RESOURCE_PREFIX}/$library"))
    }

    @Test
    fun `everything of it that is not native is in its own package`() {
        val others =
            names()
                .filter { it.endsWith(".class") }
                .filterNot { it.startsWith("io/truestate/liveflow/") }
        assertEquals(emptyList<String>(), others)
    }

    @Test
    fun `all of its classes are for Java 8`() {
        val classes = names().filter { it.endsWith(".class") }
        assertTrue(classes.size > 100)
        for (name in classes) {
            val version =
                DataInputStream(artefact.getInputStream(artefact.getEntry(name))).use {
                    it.skipBytes(6)
                    it.readUnsignedShort()
                }
            assertEquals(52, version, name)
        }
    }

    @Test
    fun `the generator followed the configuration that all languages share`() {
        val generated = names().filter { "/internal/" in it }
        // `disable_java_cleaner`: older Androids have no such class.
        assertFalse(generated.any { "JavaLangRefCleaner" in it })
        // `generate_immutable_records`
        val session = Class.forName("io.truestate.liveflow.internal.core.Session")
        assertFalse(session.methods.any { it.name.startsWith("set") })
    }

    @Test
    fun `rules for applications that shrink are inside`() {
        val entry = artefact.getEntry("META-INF/proguard/liveflow.pro")
        val rules = artefact.getInputStream(entry).use { it.readBytes().decodeToString() }
        assertTrue("-keep class io.truestate.liveflow.internal.** { *; }" in rules)
        assertTrue("com.sun.jna" in rules)
    }

    @Test
    fun `nothing but the internal classes shows the generator's types`() {
        val internal = "io.truestate.liveflow.internal"
        for (name in names().filter {
            Regex(
                "io/truestate/liveflow/[A-Z][A-Za-z]*\\.class",
            ).matches(it)
        }) {
            val type = Class.forName(name.removeSuffix(".class").replace('/', '.'))
            val shown =
                type.methods
                    .filter { it.declaringClass == type && !it.isSynthetic && '$' !in it.name }
                    .filter { method ->
                        (method.parameterTypes + method.returnType).any {
                            it.name.startsWith(
                                internal,
                            )
                        }
                    }
            if (java.lang.reflect.Modifier
                    .isPublic(type.modifiers) && !isInternal(type)
            ) {
                assertEquals(emptyList<String>(), shown.map { "$type ${it.name}" })
            }
        }
    }

    /** Kotlin's `internal` is public in bytecode; these files hold nothing else. */
    private fun isInternal(type: Class<*>) = type.simpleName in
        setOf(
            "HostCredentials",
            "HostStore",
            "TranslateKt",
            "ArgumentsKt",
            "CoreSettingsKt",
            "WaitingKt",
            "ClientKt",
            "SettingsKt",
            "SessionKt",
        )

    @Test
    fun `without a library for the platform, the error names the platform`() {
        val error = withoutLibrary { Class.forName("io.truestate.liveflow.ClientConfig", true, it) }
        assertEquals("io.truestate.liveflow.LiveFlowException\$Configuration", error.javaClass.name)
        val message = error.message.orEmpty()
        assertTrue("no native library" in message, message)
        assertTrue(System.getProperty("os.arch") in message, message)
        assertTrue(Platform.RESOURCE_PREFIX in message, message)
        assertTrue("none at all" in message, message)
    }

    /** What a new `ClientConfig` throws when the jar's native libraries cannot be seen. */
    private fun withoutLibrary(load: (ClassLoader) -> Class<*>): Throwable {
        val jars =
            System
                .getProperty("java.class.path")
                .split(java.io.File.pathSeparator)
                .map { Path.of(it).toUri().toURL() }
        val loader =
            object : URLClassLoader(jars.toTypedArray(), ClassLoader.getPlatformClassLoader()) {
                override fun findResource(name: String) = if ("liveflow_ffi" in
                    name
                ) {
                    null
                } else {
                    super.findResource(name)
                }
            }
        return loader
            .use {
                load(
                    it,
                ).getConstructor(String::class.java).runCatching { newInstance("key") }
            }.exceptionOrNull()!!
            .let { it.cause!! }
    }
}
