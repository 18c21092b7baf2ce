package io.deckport.companion

import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.BackHandler
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.activity.result.contract.ActivityResultContracts
import androidx.activity.viewModels
import androidx.compose.material3.SnackbarHostState
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.lifecycleScope
import androidx.lifecycle.viewmodel.initializer
import androidx.lifecycle.viewmodel.viewModelFactory
import io.deckport.android.Ankidroid
import io.deckport.android.HostPermission
import io.deckport.companion.boot.AfterBoot
import io.deckport.companion.care.CarePlace
import io.deckport.companion.first.FirstActions
import io.deckport.companion.first.FirstModel
import io.deckport.companion.first.FirstStart
import io.deckport.companion.first.FirstStep
import io.deckport.companion.home.HomeModel
import io.deckport.companion.navigation.rememberBackStack
import io.deckport.companion.settings.settingsState
import io.deckport.companion.theme.DeckportTheme
import kotlinx.coroutines.launch

/** The app: everything that a person sees is a screen in here. */
class MainActivity : ComponentActivity() {
    private val home: HomeModel by viewModels {
        viewModelFactory { initializer { HomeModel(deckportApp.host) { Ankidroid.isInstalled(deckportApp) } } }
    }
    private val first: FirstModel by viewModels {
        viewModelFactory {
            initializer {
                val preferences = getSharedPreferences(PREFERENCES, MODE_PRIVATE)
                FirstModel(deckportApp.host, preferences, createSavedStateHandle(), getString(R.string.first_account_name))
            }
        }
    }
    private val snackbar = SnackbarHostState()
    private val asking = registerForActivityResult(ActivityResultContracts.RequestPermission(), ::answered)

    /** Which permission the system was just asked for. */
    private var asked: HostPermission? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        enableEdgeToEdge()
        super.onCreate(savedInstanceState)
        asked = savedInstanceState?.getString(ASKED)?.let(HostPermission::valueOf)
        setContent { DeckportTheme { Content() } }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putString(ASKED, asked?.name)
    }

    override fun onResume() {
        super.onResume()
        home.look()
    }

    @Composable
    private fun Content() {
        val isOver by first.isOver.collectAsState()
        // The account that the first start has made.
        LaunchedEffect(isOver) { home.look() }
        if (!isOver) return First()
        val stack = rememberBackStack()
        val state by home.state.collectAsState()
        val settings by deckportApp.host.settings.collectAsState()
        var startsAtBoot by remember { mutableStateOf(AfterBoot.isOn(this)) }
        val actions = remember(stack) {
            MainActions(this, home, ::ask, { stack.open(it) }) { startsAtBoot = AfterBoot.isOn(this) }
        }
        val shown = Shown(state, settingsState(settings, startsAtBoot), versionOf(this), engineVersion)
        Companion(stack, shown, actions, snackbar) { place ->
            CarePlace(deckportApp.care, place, { stack.open(it) }, { stack.back() })
        }
    }

    @Composable
    private fun First() {
        val state by first.state.collectAsState()
        BackHandler(state.step == FirstStep.Account) { first.back() }
        FirstStart(state, remember { FirstDone() })
    }

    private inner class FirstDone : FirstActions {
        override fun next() = first.next()

        override fun rename(name: String) = first.rename(name)

        override fun otherPassword() = first.otherPassword()

        override fun allowNotifications() = ask(HostPermission.NOTIFICATIONS)
    }

    /** Asks the system for a permission, or opens the place where a person gives it. */
    private fun ask(permission: HostPermission) {
        val name = permission.permission() ?: return openSettings(permission)
        asked = permission
        asking.launch(name)
    }

    private fun answered(given: Boolean) {
        val permission = asked ?: return
        asked = null
        if (!first.isOver.value) return first.next()
        home.look()
        // Refused for good: then the system shows no dialog any more.
        val name = permission.permission()
        if (!given && name != null && !shouldShowRequestPermissionRationale(name)) openSettings(permission)
    }

    private fun openSettings(permission: HostPermission) {
        val doors = Doors(this)
        if (!doors.go(permission.settings(this)) && !doors.ownSettings()) tell(R.string.nothing_opens)
    }

    /** Says something in passing. */
    internal fun tell(text: Int) {
        lifecycleScope.launch {
            snackbar.currentSnackbarData?.dismiss()
            snackbar.showSnackbar(getString(text))
        }
    }

    internal companion object {
        const val PREFERENCES = "companion"
        private const val ASKED = "asked"
    }
}
