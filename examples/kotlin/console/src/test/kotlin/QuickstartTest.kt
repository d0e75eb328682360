import io.truestate.liveflow.SessionStatus
import io.truestate.liveflow.jsonOf
import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.util.concurrent.LinkedBlockingQueue
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.extension.ExtendWith

/** The example, as an application would test itself: against a local service. */
@ExtendWith(SimulatorExtension::class)
@Timeout(60)
class QuickstartTest {
    private val flow = Simulator.LEAD_QUALIFICATION

    @Test
    fun `questions are answered with what is ready, then at the terminal`(simulator: Simulator) {
        val options = Options.of(listOf(flow, "--input", "company=ACME=1", "--answer", "100000"))
        val typed = ArrayDeque(listOf("next month"))
        val terminal = Terminal(options.answers) { typed.removeFirstOrNull() }
        val session =
            simulator.client().use { runBlocking { converse(it, options, terminal) } }
        assertEquals(SessionStatus.FINISHED, session.status)
        assertEquals(listOf("100000", "next month"), session.transcript.map { it.answer })
        assertEquals(jsonOf("company" to "ACME=1"), session.inputs)
    }

    @Test
    fun `a question answered elsewhere does not wait for the terminal`(simulator: Simulator) {
        // Nobody ever types anything.
        val terminal = Terminal(readLine = { LinkedBlockingQueue<String>().take() })
        val options = Options.of(listOf(flow))
        simulator.client { polling { waitingMax = waitingMin } }.use { client ->
            runBlocking {
                val session = async { converse(client, options, terminal) }
                while (!session.isCompleted) {
                    simulator.waiting().forEach { simulator.answer(it, "100000") }
                    delay(50)
                }
                assertEquals(SessionStatus.FINISHED, session.await().status)
            }
        }
    }

    @Test
    fun `what is wrong with the command line is said`() {
        for (wrong in listOf("", "one two", "one --input company", "one --answer", "one --no")) {
            val arguments = wrong.split(' ').filter(String::isNotEmpty)
            assertThrows(IllegalArgumentException::class.java, { Options.of(arguments) }, wrong)
        }
    }

    /** The sessions that wait for an answer. */
    private fun Simulator.waiting() = journal()
        .getValue("sessions")
        .jsonArray
        .map { it.jsonObject }
        .filter { it.getValue("status").jsonPrimitive.content == "waiting" }
        .map { it.getValue("id").jsonPrimitive.content }
}
