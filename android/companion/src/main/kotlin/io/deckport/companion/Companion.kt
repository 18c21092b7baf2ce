package io.deckport.companion

import androidx.compose.material3.SnackbarHostState
import androidx.compose.runtime.Composable
import io.deckport.companion.connect.ConnectScreen
import io.deckport.companion.home.HomeActions
import io.deckport.companion.home.HomeScreen
import io.deckport.companion.home.HomeState
import io.deckport.companion.navigation.BackStack
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Rooms
import io.deckport.companion.navigation.Screen
import io.deckport.companion.settings.AboutScreen
import io.deckport.companion.settings.LicencesScreen
import io.deckport.companion.settings.NetworksScreen
import io.deckport.companion.settings.SettingsActions
import io.deckport.companion.settings.SettingsScreen
import io.deckport.companion.settings.SettingsState

/** What the app shows, whatever the screen. */
data class Shown(val home: HomeState, val settings: SettingsState, val version: String, val engine: String)

/** All that a person can do in the app, but to go from screen to screen. */
interface Actions : HomeActions, SettingsActions {
    /** Shares what happened lately. */
    fun shareLog()
}

/**
 * All screens, and which of them is shown.
 *
 * @param other shows the screens of other parts of the app; false for those that it does not know.
 */
@Composable
fun Companion(
    stack: BackStack,
    shown: Shown,
    actions: Actions,
    snackbar: SnackbarHostState,
    other: @Composable (Place) -> Boolean,
) {
    Rooms(stack, beside = Screen.Connect) { place ->
        if (!other(place)) At(place, stack, shown, actions, snackbar)
    }
}

@Composable
private fun At(place: Place, stack: BackStack, shown: Shown, actions: Actions, snackbar: SnackbarHostState) {
    val back: () -> Unit = { stack.back() }
    val open: (Screen) -> Unit = { screen ->
        if (place.screen == Screen.Home) stack.openBeside(Place(screen)) else stack.open(screen)
    }
    when (place.screen) {
        Screen.Connect -> ConnectScreen(shown.home, actions, back)
        Screen.Settings -> SettingsScreen(shown.settings, actions, back, open)
        Screen.Networks -> NetworksScreen(shown.home.addresses, back)
        Screen.About -> AboutScreen(shown.version, shown.engine, back, actions::shareLog, open)
        Screen.Licences -> LicencesScreen(back)
        else -> HomeScreen(shown.home, actions, snackbar, open)
    }
}
