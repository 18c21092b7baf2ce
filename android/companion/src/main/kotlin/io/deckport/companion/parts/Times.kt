package io.deckport.companion.parts

import android.text.format.DateUtils
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.res.stringResource
import io.deckport.companion.R

/** The clock, Unix milliseconds; pictures set their own. */
val LocalClock = staticCompositionLocalOf<() -> Long> { System::currentTimeMillis }

/** The clock of this screen. */
val now: () -> Long
    @Composable @ReadOnlyComposable
    get() = LocalClock.current

/** How long ago something was, in words: *just now*, *3 minutes ago*. [atMs] in Unix milliseconds. */
@Composable
fun ago(atMs: Long): String {
    val now = now()
    // Clocks are set back now and then; nothing was synced in the future.
    val at = atMs.coerceAtMost(now)
    if (now - at < DateUtils.MINUTE_IN_MILLIS) return stringResource(R.string.just_now)
    return DateUtils.getRelativeTimeSpanString(at, now, DateUtils.MINUTE_IN_MILLIS).toString()
}
