package io.deckport.companion.care

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.unit.dp
import io.deckport.companion.R

/** Asks for a name. */
@Composable
internal fun TextDialog(title: String, label: String, present: String, onDismiss: () -> Unit, onDone: (String) -> Unit) {
    var text by rememberSaveable { mutableStateOf(present) }
    val done = {
        onDismiss()
        if (text.trim() != present) onDone(text)
    }
    Asking(title, R.string.care_save, text.isNotBlank(), onDismiss, done) {
        NameField(text, label, { text = it }, done)
    }
}

/** Asks for a password, which is shown: it is to be typed on another device. */
@Composable
internal fun PasswordDialog(title: String, explanation: String, onDismiss: () -> Unit, onDone: (String) -> Unit) {
    var password by rememberSaveable { mutableStateOf("") }
    val done = {
        onDismiss()
        onDone(password)
    }
    Asking(title, R.string.care_save, password.isNotEmpty(), onDismiss, done) {
        Text(explanation)
        PasswordField(password, { password = it }, done)
    }
}

/** Asks for a name and a password. */
@Composable
internal fun AccountDialog(onDismiss: () -> Unit, onDone: (String, String) -> Unit) {
    var name by rememberSaveable { mutableStateOf("") }
    var password by rememberSaveable { mutableStateOf("") }
    val done = {
        onDismiss()
        onDone(name, password)
    }
    val ready = name.isNotBlank() && password.isNotEmpty()
    Asking(stringResource(R.string.care_account_add), R.string.care_account_add_do, ready, onDismiss, done) {
        Text(stringResource(R.string.care_account_add_text))
        NameField(name, stringResource(R.string.care_account_name), { name = it }, null)
        PasswordField(password, { password = it }, done)
    }
}

@Composable
private fun Asking(
    title: String,
    action: Int,
    ready: Boolean,
    onDismiss: () -> Unit,
    onDone: () -> Unit,
    content: @Composable ColumnScope.() -> Unit,
) {
    AlertDialog(
        onDismissRequest = onDismiss,
        title = { Text(title) },
        text = { Column(Modifier.verticalScroll(rememberScrollState()), Arrangement.spacedBy(12.dp), content = content) },
        confirmButton = { TextButton(onDone, enabled = ready) { Text(stringResource(action)) } },
        dismissButton = { TextButton(onDismiss) { Text(stringResource(R.string.care_cancel)) } },
    )
}

@Composable
private fun NameField(text: String, label: String, onChange: (String) -> Unit, onDone: (() -> Unit)?) {
    OutlinedTextField(
        text,
        onChange,
        Modifier.fillMaxWidth(),
        label = { Text(label) },
        singleLine = true,
        keyboardOptions = KeyboardOptions(
            KeyboardCapitalization.Words,
            imeAction = if (onDone == null) ImeAction.Next else ImeAction.Done,
        ),
        keyboardActions = KeyboardActions(onDone = { if (onDone != null && text.isNotBlank()) onDone() }),
    )
}

@Composable
private fun PasswordField(password: String, onChange: (String) -> Unit, onDone: () -> Unit) {
    OutlinedTextField(
        password,
        onChange,
        Modifier.fillMaxWidth(),
        label = { Text(stringResource(R.string.care_password)) },
        singleLine = true,
        keyboardOptions = KeyboardOptions(
            autoCorrectEnabled = false,
            keyboardType = KeyboardType.Password,
            imeAction = ImeAction.Done,
        ),
        keyboardActions = KeyboardActions(onDone = { if (password.isNotEmpty()) onDone() }),
    )
}
