package io.deckport.companion.home

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.FilledTonalButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableLongStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import io.deckport.Pairing
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.IconAndWord
import io.deckport.companion.parts.Secret
import io.deckport.companion.parts.minutesAndSeconds
import io.deckport.companion.parts.now
import kotlinx.coroutines.delay

/** How long a pairing window of this app is open. */
const val PAIRING_MS: Long = 5 * 60_000L

/** What a new device's Anki asks for: account and password of an open pairing window, or a button that opens one. */
@Composable
fun PairingCard(account: String?, pairing: Pairing?, actions: HomeActions) {
    Block {
        Column(Modifier.fillMaxWidth().padding(16.dp), Arrangement.spacedBy(12.dp)) {
            Text(stringResource(R.string.pairing_title), style = MaterialTheme.typography.titleMedium)
            if (pairing == null) Closed(account, actions) else Open(pairing, actions)
        }
    }
}

@Composable
private fun Closed(account: String?, actions: HomeActions) {
    Text(
        if (account == null) stringResource(R.string.pairing_closed) else stringResource(R.string.pairing_closed_account, account),
        color = MaterialTheme.colorScheme.onSurfaceVariant,
        style = MaterialTheme.typography.bodyMedium,
    )
    FilledTonalButton(actions::openPairing) { IconAndWord(R.drawable.ic_add, stringResource(R.string.pairing_open)) }
}

@Composable
private fun Open(pairing: Pairing, actions: HomeActions) {
    Secret(stringResource(R.string.account), pairing.account)
    Secret(stringResource(R.string.password), pairing.password)
    TimeLeft(pairing.closesMs)
    Column(Modifier.fillMaxWidth(), horizontalAlignment = Alignment.End) {
        TextButton(actions::closePairing) { Text(stringResource(R.string.pairing_close)) }
    }
}

@Composable
private fun TimeLeft(closesMs: Long) {
    val clock = now
    var left by remember(closesMs) { mutableLongStateOf(closesMs - clock()) }
    LaunchedEffect(closesMs) {
        while (left > 0) {
            delay(left % SECOND_MS + 1)
            left = closesMs - clock()
        }
    }
    val seconds = (left.coerceAtLeast(0) + SECOND_MS - 1) / SECOND_MS
    LinearProgressIndicator({ (left.toFloat() / PAIRING_MS).coerceIn(0f, 1f) }, Modifier.fillMaxWidth())
    Text(
        stringResource(R.string.pairing_left, minutesAndSeconds(seconds)),
        color = MaterialTheme.colorScheme.onSurfaceVariant,
        style = MaterialTheme.typography.bodyMedium,
    )
}

private const val SECOND_MS = 1_000L
