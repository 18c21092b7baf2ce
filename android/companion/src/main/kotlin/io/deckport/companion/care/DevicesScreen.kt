package io.deckport.companion.care

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Page
import io.deckport.companion.parts.SectionTitle
import io.deckport.companion.parts.ago

/** The devices that sync with this phone: their names, when they were here, logging them out. */
@Composable
fun DevicesScreen(
    state: DevicesState,
    work: WorkState,
    actions: DevicesActions,
    workActions: WorkActions,
    onBack: () -> Unit,
) {
    var renaming by rememberSaveable { mutableStateOf<Long?>(null) }
    var leaving by rememberSaveable { mutableStateOf<Long?>(null) }
    Page(stringResource(R.string.devices_title), onBack) {
        top(work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        if (state.owners.isEmpty()) item("none") { Paragraph(stringResource(R.string.care_devices_none)) }
        for (owner in state.owners) {
            item("owner ${owner.account}") { SectionTitle(owner.account) }
            for (device in owner.devices) {
                item(device.id) { DeviceCard(device, { renaming = device.id }, { leaving = device.id }) }
            }
        }
    }
    val all = state.owners.flatMap { it.devices }
    all.find { it.id == renaming }?.let { device ->
        TextDialog(
            stringResource(R.string.care_device_rename_title),
            stringResource(R.string.care_device_name),
            device.name,
            onDismiss = { renaming = null },
        ) { actions.rename(device.id, it) }
    }
    all.find { it.id == leaving }?.let { device ->
        Confirm(
            stringResource(R.string.care_device_log_out_title, device.name),
            stringResource(R.string.care_device_log_out_text),
            stringResource(R.string.care_device_log_out),
            onDismiss = { leaving = null },
        ) { actions.logOut(device.id) }
    }
}

@Composable
private fun DeviceCard(device: DeviceRow, onRename: () -> Unit, onLogOut: () -> Unit) {
    Block {
        Padded {
            Text(device.name, style = MaterialTheme.typography.titleMedium)
            if (device.client != null) Text(device.client, style = MaterialTheme.typography.bodyMedium)
            val synced = device.syncedMs?.let { stringResource(R.string.care_device_synced, ago(it)) }
            Text(synced ?: stringResource(R.string.care_device_never_synced), style = MaterialTheme.typography.bodyMedium)
            Buttons {
                TextButton(onRename) { Text(stringResource(R.string.care_rename)) }
                TextButton(onLogOut) { Text(stringResource(R.string.care_device_log_out)) }
            }
        }
    }
}
