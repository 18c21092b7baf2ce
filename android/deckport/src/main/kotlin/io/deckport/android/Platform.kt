package io.deckport.android

import android.annotation.TargetApi
import android.app.ForegroundServiceStartNotAllowedException
import android.app.Notification
import android.app.Service
import android.content.pm.ServiceInfo
import android.os.Build
import android.service.quicksettings.Tile

/** Calls that older systems do not know, each behind the question for the version. All of them are here. */
internal object Platform {
    /** Brings a service to the front, of the kind that is for devices that connect. */
    fun startForeground(service: Service, id: Int, notification: Notification) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            service.startForeground(id, notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE)
        } else {
            service.startForeground(id, notification)
        }
    }

    /** Shows the notification of a service at once, where the system would wait some seconds. */
    fun showAtOnce(builder: Notification.Builder): Notification.Builder = builder.apply {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) {
            setForegroundServiceBehavior(Notification.FOREGROUND_SERVICE_IMMEDIATE)
        }
    }

    /** Says below a tile's name what there is to say; a screen reader says it everywhere. */
    fun describe(tile: Tile, detail: String) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) tile.subtitle = detail
        tile.contentDescription = "${tile.label}, $detail"
    }

    /** What the system has against a service that could not come to the front; `null`: it was something else. */
    fun refusalOf(error: RuntimeException): HostFailure.Refusal? = when {
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.S && isStartNotAllowed(error) -> HostFailure.Refusal.BACKGROUND
        // Of older systems: the app is in the background.
        error is IllegalStateException -> HostFailure.Refusal.BACKGROUND
        error is SecurityException -> HostFailure.Refusal.PERMISSION
        else -> null
    }

    @TargetApi(Build.VERSION_CODES.S)
    private fun isStartNotAllowed(error: RuntimeException) = error is ForegroundServiceStartNotAllowedException
}
