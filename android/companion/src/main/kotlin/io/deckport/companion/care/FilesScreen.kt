package io.deckport.companion.care

import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.material3.Button
import androidx.compose.material3.Checkbox
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Page

/** Importing and exporting a whole collection as a file. */
@Composable
fun FilesScreen(
    state: FilesState,
    work: WorkState,
    actions: FilesActions,
    workActions: WorkActions,
    onExport: () -> Unit,
    onImport: () -> Unit,
    onBack: () -> Unit,
) {
    val free = work !is WorkState.Running && state.choice.chosen != null
    Page(stringResource(R.string.files_title), onBack) {
        careTop(state.choice, actions::choose, work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        item("export") { ExportCard(state, free, actions, onExport) }
        item("import") { ImportCard(free, onImport) }
    }
    state.chosenFile?.let { file -> ConfirmImport(state, file, actions) }
}

@Composable
private fun ExportCard(state: FilesState, free: Boolean, actions: FilesActions, onExport: () -> Unit) {
    Block {
        Padded {
            Text(stringResource(R.string.care_export), style = MaterialTheme.typography.titleMedium)
            Text(stringResource(R.string.care_export_about), style = MaterialTheme.typography.bodyMedium)
            Column(Modifier.selectableGroup()) {
                for (form in ExportForm.entries) {
                    Choosable(stringResource(form.title()), form == state.form) { actions.form(form) }
                }
            }
            Row(
                Modifier.fillMaxWidth().heightIn(48.dp)
                    .toggleable(state.legacy, role = Role.Checkbox, onValueChange = actions::legacy),
                Arrangement.spacedBy(12.dp),
                Alignment.CenterVertically,
            ) {
                Checkbox(state.legacy, null)
                Text(stringResource(R.string.care_export_legacy), Modifier.weight(1f))
            }
            val size = Words.Say(R.string.care_export_size, Words.Bytes(state.exportBytes))
            Text(said(size), style = MaterialTheme.typography.bodySmall)
            Buttons { Button(onExport, enabled = free) { Text(stringResource(R.string.care_save_as_file)) } }
        }
    }
}

private fun ExportForm.title(): Int = when (this) {
    ExportForm.PACKAGE -> R.string.care_export_package
    ExportForm.PACKAGE_WITHOUT_MEDIA -> R.string.care_export_no_media
    ExportForm.COLLECTION -> R.string.care_export_collection
}

@Composable
private fun Choosable(text: String, chosen: Boolean, onClick: () -> Unit) {
    Row(
        Modifier.fillMaxWidth().heightIn(48.dp).selectable(chosen, role = Role.RadioButton, onClick = onClick),
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        RadioButton(chosen, null)
        Text(text, Modifier.weight(1f))
    }
}

@Composable
private fun ImportCard(free: Boolean, onImport: () -> Unit) {
    Block {
        Padded {
            Text(stringResource(R.string.care_import), style = MaterialTheme.typography.titleMedium)
            Text(stringResource(R.string.care_import_about), style = MaterialTheme.typography.bodyMedium)
            Buttons { Button(onImport, enabled = free) { Text(stringResource(R.string.care_import_choose)) } }
        }
    }
}

@Composable
private fun ConfirmImport(state: FilesState, file: ChosenFile, actions: FilesActions) {
    val resources = resources()
    val named = file.name?.let { stringResource(R.string.care_import_named, it) }
    val size = file.bytes?.let { "(${bytesText(it, resources)})" }
    val what = listOfNotNull(named ?: stringResource(R.string.care_import_unnamed), size).joinToString(" ")
    Confirm(
        stringResource(R.string.care_import_title),
        stringResource(R.string.care_import_text, what, state.choice.chosen.orEmpty(), numberText(state.cardsNow, resources)) +
            "\n\n" + stringResource(R.string.care_restore_after),
        stringResource(R.string.care_import_do),
        actions::dropFile,
        actions::import,
    )
}
