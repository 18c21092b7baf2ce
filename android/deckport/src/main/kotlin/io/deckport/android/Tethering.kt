package io.deckport.android

import android.annotation.TargetApi
import android.content.Context
import android.net.TetheringInterface
import android.net.TetheringManager
import android.os.Build
import io.deckport.AddressKind

/** Hotspot and USB cable, of which the system tells from Android 16 on. Before, nothing is known here. */
internal class Tethering(context: Context, private val changed: () -> Unit) {
    private val watcher: Watcher? =
        if (Build.VERSION.SDK_INT >= LEVEL) context.getSystemService(TetheringManager::class.java)?.let(::Watcher) else null

    /** The kinds of the interfaces over which this device gives its connection to others, by name. */
    val kinds: Map<String, AddressKind> get() = watcher?.kinds.orEmpty()

    /** Begins to tell of changes. */
    fun watch() {
        watcher?.watch()
    }

    /** Ends that. */
    fun rest() {
        watcher?.rest()
    }

    @TargetApi(LEVEL)
    private inner class Watcher(private val system: TetheringManager) : TetheringManager.TetheringEventCallback {
        @Volatile
        var kinds: Map<String, AddressKind> = emptyMap()
        private var isWatching = false

        fun watch() {
            if (isWatching) return
            try {
                system.registerTetheringEventCallback({ it.run() }, this)
                isWatching = true
            } catch (_: SecurityException) {
                // Not every phone lets apps know; looking finds them, too.
            }
        }

        fun rest() {
            if (isWatching) system.unregisterTetheringEventCallback(this)
            isWatching = false
            kinds = emptyMap()
        }

        override fun onTetheredInterfacesChanged(interfaces: Set<TetheringInterface>) {
            kinds = interfaces.associate { it.getInterface() to kindOf(it.type) }
            changed()
        }

        private fun kindOf(type: Int): AddressKind = when (type) {
            TetheringManager.TETHERING_WIFI -> AddressKind.HOTSPOT
            USB, USB_NCM -> AddressKind.USB
            BLUETOOTH -> AddressKind.BLUETOOTH
            else -> AddressKind.OTHER
        }
    }

    private companion object {
        const val LEVEL = 36

        // Kinds for which the platform gives apps no names.
        const val USB = 1
        const val USB_NCM = 4
        const val BLUETOOTH = 2
    }
}
