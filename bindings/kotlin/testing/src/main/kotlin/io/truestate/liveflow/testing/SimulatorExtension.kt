package io.truestate.liveflow.testing

import org.junit.jupiter.api.extension.AfterEachCallback
import org.junit.jupiter.api.extension.ExtensionContext
import org.junit.jupiter.api.extension.ExtensionContext.Namespace
import org.junit.jupiter.api.extension.ParameterContext
import org.junit.jupiter.api.extension.ParameterResolver

/**
 * Gives a JUnit 5 test a [Simulator] of its own, ten times as fast as real time.
 *
 * ```
 * @ExtendWith(SimulatorExtension::class)
 * class LeadsTest {
 *     @Test
 *     fun `a lead is qualified`(simulator: Simulator) = runBlocking { … }
 * }
 * ```
 *
 * For one that is set up otherwise, use [Simulator.start].
 */
public class SimulatorExtension :
    ParameterResolver,
    AfterEachCallback {
    /** Whether the test asks for a simulator. */
    override fun supportsParameter(
        parameter: ParameterContext,
        test: ExtensionContext,
    ): Boolean = parameter.parameter.type == Simulator::class.java

    /** The test's simulator, started by the first who asks. */
    override fun resolveParameter(
        parameter: ParameterContext,
        test: ExtensionContext,
    ): Any = test.getStore(namespace).getOrComputeIfAbsent(
        Simulator::class.java,
        { Simulator.start { speed = SPEED } },
        Simulator::class.java,
    )

    /** Stops it. */
    override fun afterEach(test: ExtensionContext) {
        test.getStore(namespace).remove(Simulator::class.java, Simulator::class.java)?.close()
    }

    private companion object {
        const val SPEED = 10.0
        val namespace: Namespace = Namespace.create(SimulatorExtension::class.java)
    }
}
