package com.example.leads

import android.app.Activity
import android.content.pm.PackageManager
import android.os.Bundle
import android.view.View
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import io.truestate.liveflow.jsonOf
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/**
 * A session on one screen: its progress, its questions, its result.
 *
 * Three things can happen to it. Turned, it hands its model on. In the background, the client is
 * suspended (see [LeadsApp]). And if the system ends the process there, the next screen gets the
 * session's id back, and goes on with its checkpoint.
 */
class SessionActivity : Activity() {
    private val app get() = application as LeadsApp
    private val whileShown = MainScope()
    private lateinit var model: SessionModel
    private lateinit var text: TextView
    private lateinit var entry: EditText
    private lateinit var button: Button

    override fun onCreate(savedState: Bundle?) {
        super.onCreate(savedState)
        val kept = lastNonConfigurationInstance as SessionModel?
        model = kept ?: SessionModel(app.client, app.checkpoints, MainScope())
        if (kept == null) savedState?.getString(SESSION)?.let(model::goOn)
        buildViews()
        whileShown.launch { model.state.collect(::show) }
    }

    override fun onRetainNonConfigurationInstance(): Any = model

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putString(SESSION, model.sessionId)
    }

    override fun onDestroy() {
        whileShown.cancel()
        if (!isChangingConfigurations) model.close()
        super.onDestroy()
    }

    private fun buildViews() {
        text = TextView(this)
        entry = EditText(this)
        button = Button(this).apply { setOnClickListener { act() } }
        val views = LinearLayout(this).apply { orientation = LinearLayout.VERTICAL }
        listOf(text, entry, button).forEach(views::addView)
        setContentView(views)
    }

    private fun act() {
        val typed = entry.text.toString()
        when (model.state.value.phase) {
            is SessionState.Phase.Asking -> model.answer(typed)
            else -> model.start(flow(), jsonOf("company" to typed))
        }
        entry.text.clear()
    }

    private fun show(state: SessionState) {
        val phase = state.phase
        val asked =
            when (phase) {
                is SessionState.Phase.Idle -> "Which company?"
                is SessionState.Phase.Starting -> "Starting…"
                is SessionState.Phase.Running -> state.step ?: "Working…"
                is SessionState.Phase.Asking -> phase.prompt.text
                is SessionState.Phase.Ended -> "${phase.session.output ?: "Done."}"
            }
        val lost = if (state.isConnectionLost) "No connection. Trying again…" else null
        text.text = listOfNotNull(asked, state.notice, lost).joinToString("\n\n")
        button.text = if (phase is SessionState.Phase.Asking) "Answer" else "Start"
        val canAct = state.isFree || (phase is SessionState.Phase.Asking && !state.isAnswering)
        button.isEnabled = canAct
        entry.visibility = if (canAct) View.VISIBLE else View.INVISIBLE
        state.unsent?.let { if (entry.text.isEmpty()) entry.setText(it) }
    }

    private fun flow(): String = packageManager
        .getActivityInfo(componentName, PackageManager.GET_META_DATA)
        .metaData
        .getString("com.example.leads.FLOW")
        .orEmpty()

    private companion object {
        const val SESSION = "session"
    }
}
