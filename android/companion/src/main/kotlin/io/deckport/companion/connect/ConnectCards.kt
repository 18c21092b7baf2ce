package io.deckport.companion.connect

import androidx.annotation.DrawableRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.foundation.layout.padding
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.home.HomeActions
import io.deckport.companion.home.HomeState
import io.deckport.companion.home.Link
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.IconAndWord
import io.deckport.companion.parts.Opening
import io.deckport.companion.parts.Steps
import io.deckport.companion.parts.UrlText

/** One card for each app: where it asks for the address, in its own words. */
@Composable
fun ConnectCards(state: HomeState, actions: HomeActions) {
    val own = state.addresses.firstOrNull { Link.of(it.kind) == Link.ThisPhone }?.url
    val best = state.addresses.firstOrNull { Link.of(it.kind) != Link.ThisPhone }?.url
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        App(R.drawable.ic_computer, stringResource(R.string.app_desktop), best, desktopSteps(), actions)
        App(
            R.drawable.ic_phone,
            stringResource(R.string.app_ankidroid_here),
            own,
            if (state.hasAnkidroid) samePhoneSteps() else samePhoneSteps() + stringResource(R.string.ankidroid_missing),
            actions,
        ) {
            FilledTonalButton(actions::openAnkidroid) {
                IconAndWord(
                    R.drawable.ic_open,
                    stringResource(if (state.hasAnkidroid) R.string.ankidroid_open else R.string.ankidroid_get),
                )
            }
        }
        App(R.drawable.ic_phone, stringResource(R.string.app_ankidroid_other), best, ankidroidSteps(), actions)
        App(R.drawable.ic_iphone, stringResource(R.string.app_ankimobile), best, ankimobileSteps(), actions)
    }
}

@Composable
private fun App(
    @DrawableRes icon: Int,
    name: String,
    url: String?,
    steps: List<String>,
    actions: HomeActions,
    more: @Composable () -> Unit = {},
) {
    Block {
        Opening(name, icon) {
            Column(verticalArrangement = Arrangement.spacedBy(16.dp)) {
                if (url != null) Address(url, actions)
                Steps(steps)
                more()
            }
        }
    }
}

@Composable
private fun Address(url: String, actions: HomeActions) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, MaterialTheme.colorScheme.surfaceContainerHighest) {
        Row(Modifier.padding(start = 16.dp), verticalAlignment = Alignment.CenterVertically) {
            UrlText(url, Modifier.weight(1f).padding(vertical = 8.dp), MaterialTheme.typography.titleMedium)
            IconButton({ actions.copy(url) }) {
                Icon(painterResource(R.drawable.ic_copy), stringResource(R.string.copy_address, url))
            }
        }
    }
}

@Composable
private fun desktopSteps() = listOf(
    stringResource(R.string.desktop_1),
    stringResource(R.string.desktop_2),
    stringResource(R.string.desktop_3),
    stringResource(R.string.first_sync),
)

@Composable
private fun samePhoneSteps() = listOf(
    stringResource(R.string.same_phone_1),
    stringResource(R.string.same_phone_2),
    stringResource(R.string.same_phone_3),
)

@Composable
private fun ankidroidSteps() = listOf(
    stringResource(R.string.ankidroid_1),
    stringResource(R.string.ankidroid_2),
    stringResource(R.string.ankidroid_3),
    stringResource(R.string.first_sync),
)

@Composable
private fun ankimobileSteps() = listOf(
    stringResource(R.string.ankimobile_1),
    stringResource(R.string.ankimobile_2),
    stringResource(R.string.ankimobile_3),
    stringResource(R.string.first_sync),
)
