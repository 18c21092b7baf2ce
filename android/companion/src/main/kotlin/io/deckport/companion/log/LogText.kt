package io.deckport.companion.log

import android.os.Build
import io.deckport.android.HostSettings
import io.deckport.android.HostState

/** What is shared as the log: which versions, which settings, what happened. */
fun logText(version: String, engine: String, settings: HostSettings, state: HostState, book: LogBook): String = buildString {
    appendLine("Deckport $version, engine $engine")
    appendLine("Android ${Build.VERSION.RELEASE} (${Build.VERSION.SDK_INT}), ${Build.MANUFACTURER} ${Build.MODEL}")
    appendLine("Processor: ${Build.SUPPORTED_ABIS.joinToString()}")
    appendLine("Port ${settings.port}, this phone only: ${settings.thisDeviceOnly}, stop when idle: ${settings.stopWhenIdle}")
    appendLine("Now: ${lineFor(state)}")
    appendLine()
    book.lines().forEach(::appendLine)
}
