package io.deckport.companion.connect

import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.home.HomeActions
import io.deckport.companion.home.HomeState
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Opening
import io.deckport.companion.parts.Page
import io.deckport.companion.parts.SectionTitle
import io.deckport.companion.parts.Steps

/** What to type into which app, and what may be wrong when it does not connect. */
@Composable
fun ConnectScreen(state: HomeState, actions: HomeActions, onBack: () -> Unit) {
    Page(stringResource(R.string.connect_title), onBack) {
        if (state.addresses.isEmpty()) {
            item {
                Text(
                    stringResource(R.string.connect_off),
                    Modifier.padding(4.dp),
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                    style = MaterialTheme.typography.bodyLarge,
                )
            }
        }
        item { SectionTitle(stringResource(R.string.connect_what)) }
        item { ConnectCards(state, actions) }
        item { NotConnecting() }
    }
}

/** What keeps a device out that this phone cannot see. */
@Composable
fun NotConnecting() {
    Block {
        Opening(stringResource(R.string.trouble_title), R.drawable.ic_info) {
            Steps(
                listOf(
                    stringResource(R.string.trouble_same_network),
                    stringResource(R.string.trouble_isolated),
                    stringResource(R.string.trouble_vpn),
                    stringResource(R.string.trouble_address),
                ),
            )
        }
    }
}
