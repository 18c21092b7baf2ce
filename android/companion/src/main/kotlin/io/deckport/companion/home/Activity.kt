package io.deckport.companion.home

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import io.deckport.Device
import io.deckport.android.LastSync
import io.deckport.android.SyncPart
import io.deckport.android.Syncing
import io.deckport.companion.R
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Forward
import io.deckport.companion.parts.ago

/** Devices that sync now, and how far they are. */
@Composable
fun SyncingCard(syncing: List<Syncing>) {
    Block {
        syncing.forEach { one ->
            Column(Modifier.fillMaxWidth().padding(16.dp), Arrangement.spacedBy(8.dp)) {
                Text(stringResource(R.string.syncs_now, one.device), style = MaterialTheme.typography.titleMedium)
                LinearProgressIndicator(Modifier.fillMaxWidth())
                Text(
                    progressOf(one),
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                    style = MaterialTheme.typography.bodyMedium,
                )
            }
        }
    }
}

@Composable
private fun progressOf(syncing: Syncing): String = when (syncing.part) {
    SyncPart.CHANGES -> stringResource(R.string.syncs_changes, syncing.received, syncing.sent)
    SyncPart.UPLOAD -> stringResource(R.string.syncs_upload)
    SyncPart.DOWNLOAD -> stringResource(R.string.syncs_download)
    SyncPart.MEDIA -> stringResource(R.string.syncs_media, syncing.received, syncing.sent)
}

/** The last sync, in words. */
@Composable
fun LastSyncText(last: LastSync, modifier: Modifier = Modifier) {
    Text(
        stringResource(R.string.last_sync, last.device, ago(last.atMs)),
        modifier.padding(horizontal = 4.dp),
        style = MaterialTheme.typography.bodyMedium,
    )
}

/** The devices that synced last, and the way to all of them. */
@Composable
fun DevicesCard(devices: List<Device>, openDevices: () -> Unit) {
    Block {
        devices.take(SHOWN).forEach { device ->
            ActionRow(device.name, null, icon = iconOf(device), detail = lastSeen(device))
        }
        HorizontalDivider(color = MaterialTheme.colorScheme.outlineVariant)
        ActionRow(stringResource(R.string.all_devices), openDevices, icon = R.drawable.ic_devices, trailing = { Forward() })
    }
}

private fun iconOf(device: Device): Int = when {
    device.platform.contains("android", ignoreCase = true) -> R.drawable.ic_phone
    device.platform.contains("ios", ignoreCase = true) -> R.drawable.ic_iphone
    else -> R.drawable.ic_computer
}

@Composable
private fun lastSeen(device: Device): String =
    device.lastSyncMs?.let { stringResource(R.string.device_synced, ago(it)) } ?: stringResource(R.string.device_never)

private const val SHOWN = 4
