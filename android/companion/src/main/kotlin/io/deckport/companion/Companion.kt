package io.deckport.companion

import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import io.deckport.companion.navigation.BackStack
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Rooms
import io.deckport.companion.navigation.Screen
import io.deckport.companion.navigation.rememberBackStack
import io.deckport.companion.parts.Page

/** All screens, and which of them is shown. */
@Composable
fun Companion(stack: BackStack = rememberBackStack()) {
    Rooms(stack, beside = Screen.Connect) { place -> At(place, stack) }
}

@Composable
private fun At(place: Place, stack: BackStack) {
    val back: (() -> Unit)? = if (place.screen == Screen.Home) null else ({ stack.back() })
    Page(stringResource(place.screen.title), back) { }
}
