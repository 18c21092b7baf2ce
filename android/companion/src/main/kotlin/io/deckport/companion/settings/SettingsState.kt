package io.deckport.companion.settings

import android.os.Build
import androidx.compose.runtime.Composable
import androidx.compose.runtime.Immutable
import androidx.compose.ui.res.stringResource
import io.deckport.android.HostSettings
import io.deckport.companion.R
import io.deckport.companion.parts.textLocale

/**
 * What the settings show.
 *
 * @property name what other devices call this phone.
 * @property canChooseLanguage whether Android lets a person choose one for this app alone.
 * @property language the one that it speaks now, by its own name.
 */
@Immutable
data class SettingsState(
    val host: HostSettings,
    val name: String,
    val startsAtBoot: Boolean,
    val canChooseLanguage: Boolean,
    val language: String,
)

/** What a person can set. */
interface SettingsActions {
    /** Changes how it hosts. */
    fun change(change: (HostSettings) -> HostSettings)

    /** Whether hosting begins with the phone. */
    fun startAtBoot(on: Boolean)

    /** Opens Android's list of languages for this app. */
    fun chooseLanguage()
}

/** How things are. */
@Composable
internal fun settingsState(host: HostSettings, startsAtBoot: Boolean): SettingsState {
    val locale = textLocale
    return SettingsState(
        host = host,
        name = host.name ?: stringResource(R.string.app_name),
        startsAtBoot = startsAtBoot,
        canChooseLanguage = Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU,
        language = locale.getDisplayLanguage(locale).replaceFirstChar { it.titlecase(locale) },
    )
}
