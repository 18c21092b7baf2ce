package io.deckport.companion.care

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.Button
import androidx.compose.material3.Checkbox
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.parts.Page

/** The media files that no note uses: a list to tick and delete from. */
@Composable
fun UnusedScreen(
    state: UnusedState,
    work: WorkState,
    actions: UnusedActions,
    workActions: WorkActions,
    onBack: () -> Unit,
) {
    var deleting by rememberSaveable { mutableStateOf(false) }
    Page(stringResource(R.string.unused_media_title), onBack) {
        careTop(state.choice, actions::choose, work, state.notice, workActions, actions::dismiss)
        if (state.undoable.isNotEmpty()) {
            item("undo") {
                Buttons { OutlinedButton(actions::putBack) { Text(stringResource(R.string.care_unused_put_back_do)) } }
            }
        }
        if (!state.loaded) return@Page loading()
        if (state.files.isEmpty()) {
            item("none") { Paragraph(stringResource(R.string.care_unused_none)) }
            return@Page
        }
        item("about") { Paragraph(stringResource(R.string.care_unused_about)) }
        item("do") {
            Buttons {
                val all = state.ticked.size == state.files.size
                OutlinedButton({ actions.tickAll(!all) }) {
                    Text(stringResource(if (all) R.string.care_unused_tick_none else R.string.care_unused_tick_all))
                }
                Button({ deleting = true }, enabled = state.ticked.isNotEmpty()) { Text(stringResource(R.string.care_delete)) }
            }
        }
        for (file in state.files) item("file ${file.name}") { FileRow(file, file.name in state.ticked, actions) }
    }
    if (deleting) {
        Confirm(
            said(Words.Count(R.plurals.care_unused_delete_title, state.ticked.size.toLong())),
            said(Words.Say(R.string.care_unused_delete_text, Words.Bytes(state.tickedBytes))),
            stringResource(R.string.care_delete),
            { deleting = false },
            actions::delete,
        )
    }
}

/** With places at which a line may end; they take no room. */
private fun breakable(name: String): String = name.replace(Regex("(?<=[-_. ])(?=.)"), "\u200B")

@Composable
private fun FileRow(file: UnusedFile, ticked: Boolean, actions: UnusedActions) {
    Row(
        Modifier.fillMaxWidth().heightIn(48.dp)
            .toggleable(ticked, role = Role.Checkbox) { actions.tick(file.name, it) },
        Arrangement.spacedBy(12.dp),
        Alignment.CenterVertically,
    ) {
        Checkbox(ticked, null)
        Text(breakable(file.name), Modifier.weight(1f), style = MaterialTheme.typography.bodyLarge)
        Text(bytesText(file.bytes, resources()), style = MaterialTheme.typography.bodyMedium)
    }
}
