package io.deckport.companion.care

import androidx.compose.material3.Button
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
import io.deckport.companion.parts.ago

private enum class Asked { ADD, RENAME, PASSWORD, REMOVE }

/** The people whose decks this phone keeps. */
@Composable
fun AccountsScreen(
    state: AccountsState,
    work: WorkState,
    actions: AccountsActions,
    workActions: WorkActions,
    onBack: () -> Unit,
) {
    var asked by rememberSaveable { mutableStateOf<Asked?>(null) }
    var about by rememberSaveable { mutableStateOf("") }
    val ask = { what: Asked, account: String ->
        about = account
        asked = what
    }
    Page(stringResource(R.string.accounts_title), onBack) {
        top(work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        item("about") { Paragraph(stringResource(R.string.care_accounts_about)) }
        for (account in state.accounts) item("account ${account.name}") { AccountCard(account, ask) }
        item("add") { Buttons { Button({ ask(Asked.ADD, "") }) { Text(stringResource(R.string.care_account_add)) } } }
    }
    AccountDialogs(asked, about, actions) { asked = null }
}

@Composable
private fun AccountDialogs(asked: Asked?, about: String, actions: AccountsActions, onDismiss: () -> Unit) {
    when (asked) {
        null -> Unit
        Asked.ADD -> AccountDialog(onDismiss, actions::add)
        Asked.RENAME -> TextDialog(
            stringResource(R.string.care_account_rename_title, about),
            stringResource(R.string.care_account_name),
            about,
            onDismiss,
        ) { actions.rename(about, it) }
        Asked.PASSWORD -> PasswordDialog(
            stringResource(R.string.care_account_password_title, about),
            stringResource(R.string.care_account_password_text),
            onDismiss,
        ) { actions.setPassword(about, it) }
        Asked.REMOVE -> Confirm(
            stringResource(R.string.care_account_remove_title, about),
            stringResource(R.string.care_account_remove_text),
            stringResource(R.string.care_account_remove),
            onDismiss,
        ) { actions.remove(about) }
    }
}

@Composable
private fun AccountCard(account: AccountRow, ask: (Asked, String) -> Unit) {
    Block {
        Padded {
            Text(account.name, style = MaterialTheme.typography.titleMedium)
            val held = account.cards?.let { said(Words.Count(R.plurals.care_cards, it)) }
                ?: stringResource(R.string.care_account_unreadable)
            Text(held, style = MaterialTheme.typography.bodyMedium)
            account.changedMs?.let {
                Text(stringResource(R.string.care_account_changed, ago(it)), style = MaterialTheme.typography.bodyMedium)
            }
            val devices = Words.Count(R.plurals.care_account_devices, account.devices.toLong())
            Text(said(devices), style = MaterialTheme.typography.bodyMedium)
            Buttons {
                TextButton({ ask(Asked.RENAME, account.name) }) { Text(stringResource(R.string.care_rename)) }
                TextButton({ ask(Asked.PASSWORD, account.name) }) { Text(stringResource(R.string.care_password)) }
                TextButton({ ask(Asked.REMOVE, account.name) }) { Text(stringResource(R.string.care_account_remove)) }
            }
        }
    }
}
