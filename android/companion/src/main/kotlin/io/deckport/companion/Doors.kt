package io.deckport.companion

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.ClipboardManager
import android.content.Context
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.provider.Settings
import io.deckport.android.Ankidroid

/** The ways out of the app, to other apps and to the system's settings. Each answers whether there was such a way. */
internal class Doors(private val activity: Activity) {
    /** Wireless networks. */
    fun networks(): Boolean = go(Intent(Settings.ACTION_WIFI_SETTINGS))

    /** VPNs. */
    fun vpns(): Boolean = go(Intent(Settings.ACTION_VPN_SETTINGS))

    /** What the system allows this app. */
    fun ownSettings(): Boolean = go(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, own()))

    /** The language of this app, from Android 13 on. */
    fun language(): Boolean =
        Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && go(Intent(Settings.ACTION_APP_LOCALE_SETTINGS, own()))

    /** AnkiDroid, or where to get it. */
    fun ankidroid(): Boolean {
        val there = Ankidroid.open(activity)
        return if (there != null) go(there) else go(Intent(Intent.ACTION_VIEW, Uri.parse("market://details?id=${Ankidroid.PACKAGE}")))
    }

    /** Another app that takes a text. */
    fun share(text: String): Boolean =
        go(Intent.createChooser(Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text), null))

    /** Any other way. */
    fun go(intent: Intent): Boolean = try {
        activity.startActivity(intent)
        true
    } catch (_: ActivityNotFoundException) {
        false
    }

    /** Where other apps take a text from. Answers whether the system says so itself. */
    fun copy(text: String): Boolean {
        val clipboard = activity.getSystemService(Context.CLIPBOARD_SERVICE) as ClipboardManager
        clipboard.setPrimaryClip(ClipData.newPlainText(null, text))
        return Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU
    }

    private fun own() = Uri.fromParts("package", activity.packageName, null)
}
