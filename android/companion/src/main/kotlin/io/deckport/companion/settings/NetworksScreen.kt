package io.deckport.companion.settings

import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import io.deckport.Address
import io.deckport.companion.R
import io.deckport.companion.connect.NotConnecting
import io.deckport.companion.home.Link
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Page

/** The networks in which this phone is reached now, and what is never used. */
@Composable
fun NetworksScreen(addresses: List<Address>, onBack: () -> Unit) {
    Page(stringResource(R.string.networks_title), onBack) {
        item {
            Text(
                stringResource(if (addresses.isEmpty()) R.string.networks_off else R.string.networks_on),
                Modifier.padding(4.dp),
                color = MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyLarge,
            )
        }
        if (addresses.isNotEmpty()) {
            item {
                Block {
                    for (address in addresses) {
                        val link = Link.of(address.kind)
                        ActionRow(stringResource(link.label), null, icon = link.icon, url = address.url)
                    }
                }
            }
        }
        item {
            Text(
                stringResource(R.string.networks_mobile),
                Modifier.padding(4.dp),
                color = MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyMedium,
            )
        }
        item { NotConnecting() }
    }
}
