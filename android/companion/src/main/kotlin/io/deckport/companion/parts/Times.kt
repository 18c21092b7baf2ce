package io.deckport.companion.parts

import android.icu.text.RelativeDateTimeFormatter
import android.icu.util.ULocale
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.res.stringResource
import io.deckport.companion.R
import java.util.Locale

/** The clock, Unix milliseconds; pictures set their own. */
val LocalClock = staticCompositionLocalOf<() -> Long> { System::currentTimeMillis }

/** The clock of this screen. */
val now: () -> Long
    @Composable @ReadOnlyComposable
    get() = LocalClock.current

/** The language of what the app says, which is not the phone's where the app does not speak that. */
val textLocale: Locale
    @Composable @ReadOnlyComposable
    get() = Locale.forLanguageTag(stringResource(R.string.language_tag))

/** How long ago something was, in words: *just now*, *3 minutes ago*. [atMs] in Unix milliseconds. */
@Composable
fun ago(atMs: Long): String {
    // Clocks are set back now and then; nothing was synced in the future.
    val passed = (now() - atMs).coerceAtLeast(0)
    val (unit, length) = UNITS.firstOrNull { (_, length) -> passed >= length } ?: return stringResource(R.string.just_now)
    return RelativeDateTimeFormatter.getInstance(ULocale.forLocale(textLocale))
        .format((passed / length).toDouble(), RelativeDateTimeFormatter.Direction.LAST, unit)
}

/** A length of time as on a clock: *4:32*. */
@Composable
fun minutesAndSeconds(seconds: Long): String = String.format(textLocale, "%d:%02d", seconds / MINUTE, seconds % MINUTE)

private const val MINUTE = 60
private const val MINUTE_MS = 60_000L
private const val HOUR_MS = 60 * MINUTE_MS
private const val DAY_MS = 24 * HOUR_MS

/** From the longest to the shortest. */
private val UNITS = listOf(
    RelativeDateTimeFormatter.RelativeUnit.YEARS to 365 * DAY_MS,
    RelativeDateTimeFormatter.RelativeUnit.MONTHS to 30 * DAY_MS,
    RelativeDateTimeFormatter.RelativeUnit.WEEKS to 7 * DAY_MS,
    RelativeDateTimeFormatter.RelativeUnit.DAYS to DAY_MS,
    RelativeDateTimeFormatter.RelativeUnit.HOURS to HOUR_MS,
    RelativeDateTimeFormatter.RelativeUnit.MINUTES to MINUTE_MS,
)
