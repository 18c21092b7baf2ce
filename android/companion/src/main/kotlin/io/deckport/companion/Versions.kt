package io.deckport.companion

import android.content.Context
import io.deckport.libraryVersion

/** The version of the app. */
internal fun versionOf(context: Context): String =
    context.packageManager.getPackageInfo(context.packageName, 0).versionName.orEmpty()

/** The version of the engine; a question mark where it cannot be loaded. */
internal val engineVersion: String by lazy {
    try {
        libraryVersion()
    } catch (_: LinkageError) {
        "?"
    }
}
