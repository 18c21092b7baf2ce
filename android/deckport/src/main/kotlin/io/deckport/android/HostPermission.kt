package io.deckport.android

import android.Manifest
import android.app.NotificationManager
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.os.PowerManager
import android.provider.Settings

/** What the system may keep from a host, and how a person gives it. Nothing is asked before it is needed. */
public enum class HostPermission {
    /** The notification that says who syncs, with *Stop*; a permission from Android 13 on. */
    NOTIFICATIONS,

    /** Connections from other devices; a permission from Android 17 on. Without it they wait in vain. */
    LOCAL_NETWORK,

    /** Not to be stopped in the background to save the battery. Hosting works without it, most of the time. */
    BATTERY, ;

    /** Whether nothing is to be done. */
    public fun isGiven(context: Context): Boolean = when (this) {
        NOTIFICATIONS -> context.getSystemService(NotificationManager::class.java).areNotificationsEnabled()
        LOCAL_NETWORK -> Build.VERSION.SDK_INT < LOCAL_NETWORK_LEVEL || context.has(ACCESS_LOCAL_NETWORK)
        BATTERY ->
            context.getSystemService(PowerManager::class.java).isIgnoringBatteryOptimizations(context.packageName)
    }

    /** Why it matters, in one sentence. */
    public fun reason(context: Context): String = context.getString(
        when (this) {
            NOTIFICATIONS -> R.string.deckport_needs_notifications
            LOCAL_NETWORK -> R.string.deckport_needs_local_network
            BATTERY -> R.string.deckport_needs_battery
        },
    )

    /**
     * What to ask the system for with a dialog of its own; `null` where there is no such dialog on this version:
     * then [settings] leads to the place. When the system does not ask any more, that does, too.
     */
    public fun permission(): String? = when (this) {
        NOTIFICATIONS -> Manifest.permission.POST_NOTIFICATIONS.takeIf { Build.VERSION.SDK_INT >= NOTIFICATIONS_LEVEL }
        LOCAL_NETWORK -> ACCESS_LOCAL_NETWORK.takeIf { Build.VERSION.SDK_INT >= LOCAL_NETWORK_LEVEL }
        BATTERY -> null
    }

    /** Where in the system's settings a person gives it. Some phones have no such place: be ready for that. */
    public fun settings(context: Context): Intent {
        val own = Uri.fromParts("package", context.packageName, null)
        return when (this) {
            NOTIFICATIONS -> Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS)
                .putExtra(Settings.EXTRA_APP_PACKAGE, context.packageName)
            LOCAL_NETWORK -> Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, own)
            BATTERY -> Intent(Settings.ACTION_IGNORE_BATTERY_OPTIMIZATION_SETTINGS)
        }
    }

    public companion object {
        /** The permission of Android 17; no older system knows it. */
        public const val ACCESS_LOCAL_NETWORK: String = "android.permission.ACCESS_LOCAL_NETWORK"
        private const val LOCAL_NETWORK_LEVEL = 37
        private const val NOTIFICATIONS_LEVEL = 33

        /** What is missing now, the worst first: without the local network no other device gets in. */
        public fun missing(context: Context): List<HostPermission> =
            listOf(LOCAL_NETWORK, NOTIFICATIONS, BATTERY).filterNot { it.isGiven(context) }

        private fun Context.has(permission: String): Boolean =
            checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED
    }
}
