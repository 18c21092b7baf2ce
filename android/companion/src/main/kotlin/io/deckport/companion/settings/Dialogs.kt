package io.deckport.companion.settings

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import kotlin.time.Duration

/** Asks for the name of this phone. */
@Composable
internal fun NameDialog(name: String, dismiss: () -> Unit, save: (String) -> Unit) {
    TextDialog(stringResource(R.string.settings_name), stringResource(R.string.name_more), name, KeyboardType.Text, dismiss) { text ->
        text.trim().takeIf { it.isNotEmpty() && it.length <= MOST_LETTERS }?.let { { save(it) } }
    }
}

/** Asks for a port. */
@Composable
internal fun PortDialog(port: Int, dismiss: () -> Unit, save: (Int) -> Unit) {
    val more = stringResource(R.string.port_more, FIRST_PORT, LAST_PORT)
    TextDialog(stringResource(R.string.settings_port), more, port.toString(), KeyboardType.Number, dismiss) { text ->
        text.trim().toIntOrNull()?.takeIf { it in FIRST_PORT..LAST_PORT }?.let { { save(it) } }
    }
}

/**
 * Asks for a text.
 *
 * @param saving what saves the text; nothing while it cannot be saved.
 */
@Composable
private fun TextDialog(
    title: String,
    more: String,
    given: String,
    keyboard: KeyboardType,
    dismiss: () -> Unit,
    saving: (String) -> (() -> Unit)?,
) {
    var text by rememberSaveable { mutableStateOf(given) }
    val save = saving(text)
    val done = {
        save?.invoke()
        if (save != null) dismiss()
    }
    AlertDialog(
        dismiss,
        confirmButton = { TextButton(done, enabled = save != null) { Text(stringResource(R.string.save)) } },
        dismissButton = { TextButton(dismiss) { Text(stringResource(R.string.cancel)) } },
        title = { Text(title) },
        text = {
            OutlinedTextField(
                text,
                { text = it },
                Modifier.fillMaxWidth(),
                supportingText = { Text(more) },
                isError = save == null,
                keyboardOptions = KeyboardOptions(keyboardType = keyboard),
                keyboardActions = KeyboardActions { done() },
                singleLine = true,
            )
        },
    )
}

/** Asks after how long without a sync hosting ends by itself. */
@Composable
internal fun IdleDialog(chosen: Duration?, dismiss: () -> Unit, save: (Duration?) -> Unit) {
    AlertDialog(
        dismiss,
        confirmButton = { TextButton(dismiss) { Text(stringResource(R.string.cancel)) } },
        title = { Text(stringResource(R.string.settings_idle)) },
        text = {
            Column(Modifier.selectableGroup().verticalScroll(rememberScrollState())) {
                for (choice in IDLE_CHOICES) {
                    Choice(wordFor(choice), choice == chosen) {
                        save(choice)
                        dismiss()
                    }
                }
            }
        },
    )
}

@Composable
private fun Choice(text: String, chosen: Boolean, onClick: () -> Unit) {
    Row(
        Modifier.fillMaxWidth().heightIn(min = 48.dp).selectable(chosen, role = Role.RadioButton, onClick = onClick),
        Arrangement.spacedBy(16.dp),
        Alignment.CenterVertically,
    ) {
        RadioButton(chosen, null)
        Text(text)
    }
}

private const val MOST_LETTERS = 60
private const val FIRST_PORT = 1024
private const val LAST_PORT = 65_535
