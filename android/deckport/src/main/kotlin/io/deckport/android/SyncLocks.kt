package io.deckport.android

import android.content.Context
import android.net.wifi.WifiManager
import android.os.PowerManager

/** Keeps processor and Wi-Fi awake while a device syncs, and at no other time. */
internal class SyncLocks(context: Context) {
    private val processor = context.getSystemService(PowerManager::class.java)
        .newWakeLock(PowerManager.PARTIAL_WAKE_LOCK, TAG)
        .apply { setReferenceCounted(false) }

    // The other mode works with the screen on alone.
    @Suppress("DEPRECATION")
    private val wifi = context.getSystemService(WifiManager::class.java)
        ?.createWifiLock(WifiManager.WIFI_MODE_FULL_HIGH_PERF, TAG)
        ?.apply { setReferenceCounted(false) }

    /** Holds both, or lets go. May be called again and again. */
    fun hold(isSyncing: Boolean) {
        if (isSyncing) {
            // Each time that is heard of the sync: whatever goes wrong, nothing stays awake for long.
            processor.acquire(LONGEST_MS)
            wifi?.acquire()
        } else {
            if (processor.isHeld) processor.release()
            if (wifi?.isHeld == true) wifi.release()
        }
    }

    private companion object {
        const val TAG = "deckport:sync"
        const val LONGEST_MS = 10 * 60_000L
    }
}
