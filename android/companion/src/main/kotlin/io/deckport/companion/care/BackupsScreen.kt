package io.deckport.companion.care

import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
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

/** The backups of an account, by day: restoring, saving as a file, making, deleting old ones. */
@Composable
fun BackupsScreen(
    state: BackupsState,
    work: WorkState,
    actions: BackupsActions,
    workActions: WorkActions,
    onSave: (BackupRow) -> Unit,
    onBack: () -> Unit,
) {
    var restoring by rememberSaveable { mutableStateOf<String?>(null) }
    var pruning by rememberSaveable { mutableStateOf(false) }
    val free = work !is WorkState.Running
    Page(stringResource(R.string.backups_title), onBack) {
        careTop(state.choice, actions::choose, work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        item("about") { Paragraph(stringResource(R.string.care_backups_about)) }
        item("do") {
            Buttons {
                if (state.days.isNotEmpty()) {
                    OutlinedButton({ pruning = true }) { Text(stringResource(R.string.care_prune)) }
                }
                Button(actions::create, enabled = free && state.choice.chosen != null) {
                    Text(stringResource(R.string.care_backup_now))
                }
            }
        }
        if (state.days.isEmpty()) item("none") { Paragraph(stringResource(R.string.care_backups_none)) }
        for (day in state.days) {
            item("day ${day.day}") { SectionTitle(dayText(day.day, state.today, resources())) }
            for (backup in day.backups) {
                item(backup.name) { BackupCard(backup, free, { restoring = backup.name }, { onSave(backup) }) }
            }
        }
    }
    state.days.flatMap { it.backups }.find { it.name == restoring }?.let { backup ->
        ConfirmRestore(state, backup, { restoring = null }) { actions.restore(backup.name) }
    }
    if (pruning) {
        Confirm(
            stringResource(R.string.care_prune_title),
            stringResource(R.string.care_prune_text),
            stringResource(R.string.care_delete),
            { pruning = false },
            actions::prune,
        )
    }
}

@Composable
private fun ConfirmRestore(state: BackupsState, backup: BackupRow, onDismiss: () -> Unit, onConfirm: () -> Unit) {
    val resources = resources()
    val day = dayText(dayOf(backup.madeMs, backup.zone), state.today, resources)
    val then = stringResource(R.string.care_restore_text, day, timeText(backup.madeMs, backup.zone, resources))
    val change = backup.cards?.let {
        stringResource(R.string.care_restore_cards, numberText(state.cardsNow, resources), numberText(it, resources))
    }
    val after = stringResource(R.string.care_restore_after)
    Confirm(
        stringResource(R.string.care_restore_title),
        listOfNotNull(then, change, after).joinToString("\n\n"),
        stringResource(R.string.care_restore),
        onDismiss,
        onConfirm,
    )
}

@Composable
private fun BackupCard(backup: BackupRow, free: Boolean, onRestore: () -> Unit, onSave: () -> Unit) {
    Block {
        Padded {
            Text(timeText(backup.madeMs, backup.zone, resources()), style = MaterialTheme.typography.titleMedium)
            Text(said(backup.why), style = MaterialTheme.typography.bodyMedium)
            Text(facts(backup.facts), style = MaterialTheme.typography.bodyMedium)
            Buttons {
                TextButton(onSave, enabled = free) { Text(stringResource(R.string.care_save_as_file)) }
                TextButton(onRestore, enabled = free) { Text(stringResource(R.string.care_restore)) }
            }
        }
    }
}
