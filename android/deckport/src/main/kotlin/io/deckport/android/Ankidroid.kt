package io.deckport.android

import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import io.deckport.AddressKind

/** AnkiDroid on this device, which syncs with a host on the same device: over [address], also in flight mode. */
public object Ankidroid {
    /** Its package. */
    public const val PACKAGE: String = "com.ichi2.anki"

    /** Whether it is installed. */
    public fun isInstalled(context: Context): Boolean = try {
        context.packageManager.getPackageInfo(PACKAGE, 0)
        true
    } catch (_: PackageManager.NameNotFoundException) {
        false
    }

    /** What opens it; `null` when it is not installed. */
    public fun open(context: Context): Intent? = context.packageManager.getLaunchIntentForPackage(PACKAGE)

    /** Where in its settings the address goes, in words, with the names that it has there in English. */
    public fun settingsPath(context: Context): String = context.getString(R.string.deckport_ankidroid_settings)

    /** What to type there; `null` while nothing is hosted. */
    public fun address(state: HostState): String? =
        (state as? HostState.On)?.addresses?.firstOrNull { it.kind == AddressKind.LOOPBACK }?.url
}
