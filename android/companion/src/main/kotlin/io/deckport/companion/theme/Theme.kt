package io.deckport.companion.theme

import android.os.Build
import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.dynamicDarkColorScheme
import androidx.compose.material3.dynamicLightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.platform.LocalContext

/**
 * The look of the app: Material 3 in the colours that the person has chosen for the phone, or in Deckport's own
 * where the system has none to give (before Android 12) or [dynamic] is off.
 */
@Composable
fun DeckportTheme(dynamic: Boolean = true, content: @Composable () -> Unit) {
    MaterialTheme(colorScheme = colours(isSystemInDarkTheme(), dynamic), content = content)
}

@Composable
private fun colours(dark: Boolean, dynamic: Boolean): ColorScheme {
    if (!dynamic || Build.VERSION.SDK_INT < Build.VERSION_CODES.S) return if (dark) NightColours else DayColours
    val context = LocalContext.current
    return remember(context, dark) {
        if (dark) dynamicDarkColorScheme(context) else dynamicLightColorScheme(context)
    }
}
