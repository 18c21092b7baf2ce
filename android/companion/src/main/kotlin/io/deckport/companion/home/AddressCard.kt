package io.deckport.companion.home

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import io.deckport.Address
import io.deckport.QrException
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.IconAndWord
import io.deckport.companion.parts.LargeUrl
import io.deckport.companion.parts.Opening
import io.deckport.companion.parts.QrImage
import io.deckport.companion.parts.UrlText
import io.deckport.qrCode

/**
 * What to type into Anki: the best address in large letters and as a code, the others behind it.
 *
 * @param payload what the code says; the address itself unless a pairing window is open.
 */
@Composable
fun AddressCard(addresses: List<Address>, payload: String?, actions: HomeActions) {
    val best = addresses.first()
    Block {
        Column(
            Modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 20.dp),
            Arrangement.spacedBy(12.dp),
            Alignment.CenterHorizontally,
        ) {
            Row(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalAlignment = Alignment.CenterVertically) {
                val link = Link.of(best.kind)
                Icon(painterResource(link.icon), null, Modifier.size(20.dp))
                Text(stringResource(link.label), style = MaterialTheme.typography.labelLarge)
            }
            LargeUrl(best.url)
            if (best.reachable) Code(payload ?: best.url, best.url)
            Text(
                stringResource(if (best.reachable) R.string.home_scan else R.string.home_this_phone),
                color = MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyMedium,
                textAlign = TextAlign.Center,
            )
            CopyAndShare(best, actions)
        }
        if (addresses.size > 1) {
            HorizontalDivider(color = MaterialTheme.colorScheme.outlineVariant)
            Opening(stringResource(R.string.home_other_addresses), R.drawable.ic_wired) {
                addresses.drop(1).forEach { OtherAddress(it, actions) }
            }
        }
    }
}

@Composable
private fun Code(payload: String, url: String) {
    val code = remember(payload) {
        try {
            qrCode(payload)
        } catch (_: QrException) {
            null
        }
    } ?: return
    QrImage(
        code,
        stringResource(R.string.home_code, url),
        Modifier.widthIn(max = 208.dp).clip(MaterialTheme.shapes.medium),
    )
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun CopyAndShare(address: Address, actions: HomeActions) {
    FlowRow(horizontalArrangement = Arrangement.spacedBy(12.dp)) {
        FilledTonalButton({ actions.copy(address.url) }) {
            IconAndWord(R.drawable.ic_copy, stringResource(R.string.copy))
        }
        if (address.reachable) {
            FilledTonalButton({ actions.share(address.url) }) {
                IconAndWord(R.drawable.ic_share, stringResource(R.string.share))
            }
        }
    }
}

@Composable
private fun OtherAddress(address: Address, actions: HomeActions) {
    val link = Link.of(address.kind)
    Row(Modifier.fillMaxWidth(), Arrangement.spacedBy(16.dp), Alignment.CenterVertically) {
        Icon(painterResource(link.icon), null, tint = MaterialTheme.colorScheme.onSurfaceVariant)
        Column(Modifier.weight(1f)) {
            Text(
                stringResource(link.label),
                color = MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyMedium,
            )
            UrlText(address.url, style = MaterialTheme.typography.bodyLarge)
        }
        IconButton({ actions.copy(address.url) }) {
            Icon(painterResource(R.drawable.ic_copy), stringResource(R.string.copy_address, address.url))
        }
    }
}
