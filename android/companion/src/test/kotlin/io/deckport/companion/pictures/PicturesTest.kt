package io.deckport.companion.pictures

import androidx.compose.material3.SnackbarHostState
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import io.deckport.android.HostFailure
import io.deckport.android.HostSettings
import io.deckport.android.HostProblem
import io.deckport.android.HostState
import io.deckport.companion.Actions
import io.deckport.companion.Companion
import io.deckport.companion.R
import io.deckport.companion.Shown
import io.deckport.companion.first.FirstActions
import io.deckport.companion.first.FirstStart
import io.deckport.companion.first.FirstState
import io.deckport.companion.first.FirstStep
import io.deckport.companion.first.FirstTrouble
import io.deckport.companion.home.HomeState
import io.deckport.companion.home.Mending
import io.deckport.companion.navigation.Screen
import io.deckport.companion.navigation.rememberBackStack
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Every screen, in every state that looks different. Whoever renews a picture looks at it. */
@RunWith(ParameterizedRobolectricTestRunner::class)
@Config(sdk = [36], application = android.app.Application::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class PicturesTest(private val look: Look) {
    @Test fun `home, off`() = home("home-off", Samples.on.copy(host = HostState.Off), PHONE)

    @Test fun `home, starting`() = home("home-starting", HomeState(HostState.Starting), SMALL)

    @Test fun `home, on`() = home("home-on", Samples.on, LONG)

    @Test fun `home, other addresses`() = home("home-addresses", Samples.on, MIDDLE) { tap(R.string.home_other_addresses) }

    @Test fun `home, a password for a new device`() = home("home-pairing", Samples.pairing, MIDDLE)

    @Test fun `home, devices sync`() = home("home-syncing", Samples.syncing, PHONE)

    @Test fun `home, no network`() = home("home-no-network", Samples.noNetwork, PHONE)

    @Test fun `home, all problems`() = home("home-problems", Samples.troubled(*Samples.problems), MIDDLE)

    @Test fun `home, the port is taken`() = failed("home-port-taken", HostFailure.PortTaken(HostSettings.DEFAULT_PORT))

    @Test fun `home, the engine is missing`() = failed(null, HostFailure.EngineMissing("no library"))

    @Test fun `what to type`() = at("connect", Samples.on, Screen.Connect, MIDDLE) {
        for (app in listOf(R.string.app_desktop, R.string.app_ankidroid_here, R.string.app_ankimobile)) tap(app)
    }

    @Test fun `it does not connect`() = at("connect-trouble", Samples.on.copy(host = HostState.Off), Screen.Connect, PHONE) {
        tap(R.string.trouble_title)
    }

    @Test fun settings() = at("settings", Samples.on, Screen.Settings, PHONE)

    @Test fun `the name`() = at("settings-name", Samples.on, Screen.Settings, PHONE) { tap(R.string.settings_name) }

    @Test fun `the port`() = at("settings-port", Samples.on, Screen.Settings, PHONE) { tap(R.string.settings_port) }

    @Test fun `the time`() = at("settings-idle", Samples.on, Screen.Settings, PHONE) { tap(R.string.settings_idle) }

    @Test fun networks() = at("networks", Samples.on, Screen.Networks, PHONE)

    @Test fun about() = at("about", Samples.on, Screen.About, PHONE)

    @Test fun licences() = at("licences", Samples.on, Screen.Licences, SMALL)

    @Test fun welcome() = first("first-welcome", FirstState())

    @Test fun account() = first("first-account", ACCOUNT)

    @Test fun `a name that cannot be one`() = first("first-bad-name", ACCOUNT.copy(trouble = FirstTrouble.BadName))

    @Test fun notifications() = first("first-notifications", FirstState(FirstStep.Notifications))

    private fun home(name: String?, state: HomeState, height: Int, act: Stage.() -> Unit = {}) =
        at(name, state, Screen.Home, height, act)

    private fun failed(name: String?, failure: HostFailure) =
        home(name, HomeState(HostState.Failed(failure), account = "anki"), PHONE)

    private fun at(name: String?, state: HomeState, screen: Screen, height: Int, act: Stage.() -> Unit = {}) {
        val settings = if (look.language.startsWith("de")) Samples.settings.copy(language = "Deutsch") else Samples.settings
        show(name, height, act) {
            val stack = rememberBackStack().also { if (screen != Screen.Home) it.open(screen) }
            val snackbar = remember { SnackbarHostState() }
            Companion(stack, Shown(state, settings, "0.1.0", "0.1.0"), Idle, snackbar) { false }
        }
    }

    private fun first(name: String, state: FirstState) = show(name, SMALL) { FirstStart(state, Idle) }

    private fun show(name: String?, height: Int, act: Stage.() -> Unit = {}, content: @Composable () -> Unit) {
        val tall = when {
            look == Look.Large -> height * 2
            look == Look.Tablet -> TABLET
            else -> height
        }
        Stage(look, tall, content).use { stage ->
            stage.act()
            // Without a name: there is a picture of the like, and only the words are others.
            if (name != null) stage.assertLooksAs(name)
            stage.assertNothingIsCut()
            stage.assertEverythingHasAName()
        }
    }

    companion object {
        private const val SMALL = 731
        private const val PHONE = 891
        private const val MIDDLE = 1_200
        private const val LONG = 1_960
        private const val TABLET = 700
        private val ACCOUNT = FirstState(FirstStep.Account, name = "anki", password = "kq7w-hm3x-9tvc")

        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun looks(): List<Array<Any>> = Look.entries.map { arrayOf(it) }
    }
}

/** Does nothing: pictures are only looked at. */
private object Idle : Actions, FirstActions {
    override fun host(on: Boolean) = Unit
    override fun copy(text: String) = Unit
    override fun share(text: String) = Unit
    override fun openPairing() = Unit
    override fun closePairing() = Unit
    override fun mend(mending: Mending, problem: HostProblem?) = Unit
    override fun openAnkidroid() = Unit
    override fun change(change: (HostSettings) -> HostSettings) = Unit
    override fun startAtBoot(on: Boolean) = Unit
    override fun chooseLanguage() = Unit
    override fun shareLog() = Unit
    override fun next() = Unit
    override fun rename(name: String) = Unit
    override fun otherPassword() = Unit
    override fun allowNotifications() = Unit
}
