package io.deckport.companion.navigation

import androidx.annotation.StringRes
import io.deckport.companion.R

/** The screens of the app, each with the name that stands above it. */
enum class Screen(@param:StringRes val title: Int) {
    /** The switch, the address, who syncs. Always the lowest of the stack. */
    Home(R.string.app_name),

    /** What to type into which Anki app. */
    Connect(R.string.connect_title),
    Devices(R.string.devices_title),
    Accounts(R.string.accounts_title),
    Backups(R.string.backups_title),
    Files(R.string.files_title),
    Check(R.string.check_title),
    UnusedMedia(R.string.unused_media_title),
    Space(R.string.space_title),
    Settings(R.string.settings_title),
    Networks(R.string.networks_title),
    About(R.string.about_title),
    Licences(R.string.licences_title),
}

/**
 * Where a person is in the app: a screen, and what it is about where that needs to be said (the name of an
 * account, of a backup).
 */
data class Place(val screen: Screen, val subject: String? = null) {
    /** A text from which [saved] makes the place again; it outlives the process. */
    internal fun saved(): String = if (subject == null) screen.name else "${screen.name} $subject"

    internal companion object {
        /** Nothing when an update of the app has removed the screen. */
        fun of(saved: String): Place? {
            val screen = Screen.entries.find { it.name == saved.substringBefore(' ') } ?: return null
            return Place(screen, saved.substringAfter(' ', "").ifEmpty { null })
        }
    }
}
