package com.example.leads

import com.example.leads.SessionState.Phase
import io.truestate.liveflow.Client
import io.truestate.liveflow.Session
import io.truestate.liveflow.SessionStatus
import io.truestate.liveflow.jsonOf
import io.truestate.liveflow.testing.Simulator
import io.truestate.liveflow.testing.SimulatorExtension
import java.io.File
import java.util.concurrent.Executors
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterEach
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.extension.ExtendWith
import org.junit.jupiter.api.io.TempDir

@ExtendWith(SimulatorExtension::class)
class SessionModelTest {
    @TempDir
    lateinit var folder: File

    /** One thread, as Android's main thread is one. */
    private val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

    @AfterEach
    fun end() = main.close()

    /** One life of the app's process. */
    private fun Simulator.process(body: suspend (SessionModel) -> Unit) = runBlocking {
        val client =
            client {
                checkpointStore = FileCheckpointStore(folder)
                polling { waitingMax = waitingMin }
            }
        client.use { withTimeout(30.seconds) { body(it.model()) } }
    }

    private fun Client.model() =
        SessionModel(this, FileCheckpointStore(folder), CoroutineScope(main))

    private suspend fun SessionModel.until(isIt: (SessionState) -> Boolean) = state.first(isIt)

    private suspend fun SessionModel.question(step: String) =
        until { (it.phase as? Phase.Asking)?.prompt?.stepName == step }

    private suspend fun SessionModel.end(): Session =
        (until { it.phase is Phase.Ended }.phase as Phase.Ended).session

    private fun SessionModel.startLead() =
        start(Simulator.LEAD_QUALIFICATION, jsonOf("company" to "ACME"))

    @Test
    fun `a session is shown from its start to its end`(simulator: Simulator) =
        simulator.process { model ->
            model.startLead()
            model.question("ask_budget")
            model.answer("100000")
            model.question("ask_timeline")
            model.answer("next month")
            assertEquals(SessionStatus.FINISHED, model.end().status)
        }

    @Test
    fun `a process that was ended goes on with its question`(simulator: Simulator) {
        var id = ""
        simulator.process { model ->
            model.startLead()
            model.question("ask_budget")
            model.answer("100000")
            model.question("ask_timeline")
            id = model.sessionId!!
        }
        simulator.process { model ->
            model.goOn(id)
            model.question("ask_timeline")
            model.answer("next month")
            val session = model.end()
            assertEquals(id, session.id)
            assertEquals(listOf("100000", "next month"), session.transcript.map { it.answer })
        }
    }

    @Test
    fun `there is nothing to go on with after the end`(simulator: Simulator) =
        simulator.process { model ->
            model.goOn("0b0f4dc1-6d3c-4c55-9f0b-6c1a8b8a7c11")
            model.until { it.phase is Phase.Idle }
        }

    @Test
    fun `a question that another device answers is taken off the screen`(simulator: Simulator) =
        simulator.process { model ->
            model.startLead()
            model.question("ask_budget")
            simulator.answer(model.sessionId!!, "100000")
            model.until { it.notice == "Answered on another device." }
        }

    @Test
    fun `an answer that does not arrive is handed back`(simulator: Simulator) =
        simulator.process { model ->
            model.startLead()
            model.question("ask_budget")
            val forbidden = jsonOf("status" to 403)
            simulator.addFaults(
                jsonOf("on" to "add_user_input", "fault" to jsonOf("status" to forbidden)),
            )
            model.answer("100000")
            assertEquals("100000", model.until { it.unsent != null }.unsent)
        }

    @Test
    fun `a session that cannot start says why`(simulator: Simulator) = simulator.process { model ->
        model.start("00000000-0000-0000-0000-000000000000", jsonOf())
        model.until { it.phase is Phase.Idle && it.notice != null }
    }
}
