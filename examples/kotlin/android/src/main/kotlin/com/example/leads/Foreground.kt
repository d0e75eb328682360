package com.example.leads

import android.app.Activity
import android.app.Application
import android.os.Bundle

/**
 * Tells when the app goes to the background and comes back: when its last screen stops, and its first
 * one starts. All of this is on the main thread, so a late suspend cannot overtake a resume.
 */
class Foreground(
    private val onLeave: () -> Unit,
    private val onReturn: () -> Unit,
) : Application.ActivityLifecycleCallbacks {
    private var started = 0
    private var isAway = false

    override fun onActivityStarted(activity: Activity) {
        started++
        if (isAway) onReturn()
        isAway = false
    }

    override fun onActivityStopped(activity: Activity) {
        // It was made by a screen whose start it has not seen.
        started = maxOf(started - 1, 0)
        // A screen that is turned stops and starts again at once.
        isAway = started == 0 && !activity.isChangingConfigurations
        if (isAway) onLeave()
    }

    override fun onActivityCreated(
        activity: Activity,
        savedState: Bundle?,
    ) = Unit

    override fun onActivityResumed(activity: Activity) = Unit

    override fun onActivityPaused(activity: Activity) = Unit

    override fun onActivitySaveInstanceState(
        activity: Activity,
        state: Bundle,
    ) = Unit

    override fun onActivityDestroyed(activity: Activity) = Unit
}
