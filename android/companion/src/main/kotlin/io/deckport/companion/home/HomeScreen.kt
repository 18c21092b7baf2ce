package io.deckport.companion.home

import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.SnackbarHostState
import androidx.compose.runtime.Composable
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import io.deckport.android.HostState
import io.deckport.companion.R
import io.deckport.companion.connect.ConnectCards
import io.deckport.companion.navigation.LocalPane
import io.deckport.companion.navigation.Pane
import io.deckport.companion.navigation.Screen
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Forward
import io.deckport.companion.parts.Page
import io.deckport.companion.parts.SectionTitle

/** The switch, what keeps devices out, the address, who syncs, and the way to everything else. */
@Composable
fun HomeScreen(state: HomeState, actions: HomeActions, snackbar: SnackbarHostState, open: (Screen) -> Unit) {
    val alone = LocalPane.current == Pane.Whole
    Page(
        stringResource(R.string.app_name),
        onBack = null,
        actions = {
            IconButton({ open(Screen.Settings) }) {
                Icon(painterResource(R.drawable.ic_settings), stringResource(R.string.settings_title))
            }
        },
        snackbar = snackbar,
    ) {
        item("switch") { HostingSwitch(state.host, actions::host) }
        when (val host = state.host) {
            is HostState.On -> hosting(host, state, actions)
            is HostState.Failed -> item("failure") { FailureCard(host.reason, actions::mend) }
            else -> Unit
        }
        if (state.addresses.isNotEmpty()) connect(state, actions, alone, open)
        devices(state, open)
        care(open)
    }
}

private fun LazyListScope.hosting(host: HostState.On, state: HomeState, actions: HomeActions) {
    items(host.problems) { ProblemCard(it, actions::mend) }
    if (host.activity.syncing.isNotEmpty()) item("syncing") { SyncingCard(host.activity.syncing) }
    if (state.addresses.isNotEmpty()) {
        item("address") { AddressCard(state.addresses, state.pairing?.qrPayload, actions) }
        item("pairing") { PairingCard(state.account, state.pairing, actions) }
    }
}

/** Cards for each app; where there is room for them beside Home, the way there. */
private fun LazyListScope.connect(state: HomeState, actions: HomeActions, alone: Boolean, open: (Screen) -> Unit) {
    if (alone) {
        item("connect") { SectionTitle(stringResource(R.string.connect_what)) }
        item("apps") { ConnectCards(state, actions) }
    } else {
        item("connect") {
            Block {
                ActionRow(
                    stringResource(R.string.connect_what),
                    { open(Screen.Connect) },
                    icon = R.drawable.ic_computer,
                    trailing = { Forward() },
                )
            }
        }
    }
}

private fun LazyListScope.devices(state: HomeState, open: (Screen) -> Unit) {
    val last = (state.host as? HostState.On)?.activity?.last
    if (state.devices.isEmpty() && last == null) return
    item("devices") { SectionTitle(stringResource(R.string.devices_title)) }
    if (last != null) item("last") { LastSyncText(last) }
    if (state.devices.isNotEmpty()) item("device list") { DevicesCard(state.devices) { open(Screen.Devices) } }
}

private fun LazyListScope.care(open: (Screen) -> Unit) {
    item("care") { SectionTitle(stringResource(R.string.care_title)) }
    item("care places") {
        Block {
            for ((screen, icon) in CARE) {
                ActionRow(stringResource(screen.title), { open(screen) }, icon = icon, trailing = { Forward() })
            }
        }
    }
}

private val CARE = listOf(
    Screen.Backups to R.drawable.ic_backups,
    Screen.Files to R.drawable.ic_files,
    Screen.Check to R.drawable.ic_check,
    Screen.UnusedMedia to R.drawable.ic_media,
    Screen.Space to R.drawable.ic_space,
    Screen.Accounts to R.drawable.ic_account,
)
