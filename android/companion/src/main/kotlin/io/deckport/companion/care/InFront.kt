package io.deckport.companion.care

import android.app.Activity
import android.app.Application
import android.os.Bundle

/** Knows whether a person sees the app. */
class InFront : Application.ActivityLifecycleCallbacks {
    @Volatile
    private var seen = 0

    /** Whether any of its activities is on the display. */
    fun isSeen(): Boolean = seen > 0

    override fun onActivityStarted(activity: Activity) {
        seen += 1
    }

    override fun onActivityStopped(activity: Activity) {
        seen -= 1
    }

    override fun onActivityCreated(activity: Activity, savedInstanceState: Bundle?) = Unit
    override fun onActivityResumed(activity: Activity) = Unit
    override fun onActivityPaused(activity: Activity) = Unit
    override fun onActivitySaveInstanceState(activity: Activity, outState: Bundle) = Unit
    override fun onActivityDestroyed(activity: Activity) = Unit
}
