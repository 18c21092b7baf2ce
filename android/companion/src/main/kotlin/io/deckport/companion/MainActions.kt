package io.deckport.companion

import io.deckport.android.HostPermission
import io.deckport.android.HostProblem
import io.deckport.android.HostService
import io.deckport.android.HostSettings
import io.deckport.companion.boot.AfterBoot
import io.deckport.companion.home.HomeModel
import io.deckport.companion.home.Mending
import io.deckport.companion.log.logText
import io.deckport.companion.navigation.Screen
import kotlinx.coroutines.launch

/** What a person does in the app, done. */
internal class MainActions(
    private val activity: MainActivity,
    private val home: HomeModel,
    private val ask: (HostPermission) -> Unit,
    private val open: (Screen) -> Unit,
    private val onBootChanged: () -> Unit,
) : Actions {
    private val app = activity.deckportApp
    private val doors = Doors(activity)

    override fun host(on: Boolean) = if (on) HostService.start(activity) else HostService.stop(activity)

    override fun copy(text: String) {
        if (!doors.copy(text)) activity.tell(R.string.copied)
    }

    override fun share(text: String) = orTell(doors.share(text))

    override fun openPairing() = home.openPairing()

    override fun closePairing() = home.closePairing()

    override fun openAnkidroid() = orTell(doors.ankidroid())

    override fun mend(mending: Mending, problem: HostProblem?) {
        when (mending) {
            Mending.JoinNetwork -> orTell(doors.networks())
            Mending.SeeVpn -> orTell(doors.vpns())
            is Mending.Allow -> ask(mending.permission)
            Mending.SeeSpace -> open(Screen.Space)
            Mending.SeeDevices -> open(Screen.Devices)
            Mending.CheckCollection -> open(Screen.Check)
            Mending.ChangePort -> open(Screen.Settings)
            Mending.SeeApp -> orTell(doors.ownSettings())
            Mending.ShareLog -> shareLog()
            Mending.ShowPassword -> openPairing()
            Mending.TryAgain -> host(true)
        }
        // What happened once has been seen; what still is stays until it is over.
        if (problem is HostProblem.DeviceRefused || problem is HostProblem.LoginRefused || problem is HostProblem.Told) {
            home.dismiss(problem)
        }
    }

    override fun shareLog() {
        val text = logText(versionOf(activity), engineVersion, app.host.settings.value, app.host.state.value, app.log)
        orTell(doors.share(text))
    }

    override fun change(change: (HostSettings) -> HostSettings) {
        app.scope.launch { app.host.change(change) }
    }

    override fun startAtBoot(on: Boolean) {
        AfterBoot.switch(activity, on)
        onBootChanged()
    }

    override fun chooseLanguage() = orTell(doors.language())

    private fun orTell(opened: Boolean) {
        if (!opened) activity.tell(R.string.nothing_opens)
    }
}
