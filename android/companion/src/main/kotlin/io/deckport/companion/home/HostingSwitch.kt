package io.deckport.companion.home

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.material3.contentColorFor
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import io.deckport.android.HostState
import io.deckport.companion.R

/** The one switch. While hosting begins or ends it shows where it is going. */
@Composable
fun HostingSwitch(host: HostState, onSwitch: (Boolean) -> Unit) {
    val on = host is HostState.On || host is HostState.Starting
    val colors = MaterialTheme.colorScheme
    val ground = if (on) colors.primaryContainer else colors.surfaceContainerHighest
    Surface(Modifier.fillMaxWidth().clip(MaterialTheme.shapes.extraLarge), color = ground, contentColor = contentColorFor(ground)) {
        Row(
            Modifier.toggleable(on, role = Role.Switch, onValueChange = onSwitch)
                .padding(horizontal = 24.dp, vertical = 20.dp),
            Arrangement.spacedBy(16.dp),
            Alignment.CenterVertically,
        ) {
            Column(Modifier.weight(1f), Arrangement.spacedBy(2.dp)) {
                Text(stringResource(R.string.home_switch), style = MaterialTheme.typography.titleLarge)
                Text(stringResource(wordFor(host)), style = MaterialTheme.typography.bodyMedium)
            }
            Switch(on, null)
        }
    }
}

private fun wordFor(host: HostState): Int = when (host) {
    HostState.Off -> R.string.home_off
    HostState.Starting -> R.string.home_starting
    is HostState.On -> R.string.home_on
    HostState.Stopping -> R.string.home_stopping
    is HostState.Failed -> R.string.home_failed
}
