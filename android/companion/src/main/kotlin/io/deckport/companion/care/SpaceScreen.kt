package io.deckport.companion.care

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.LinearProgressIndicator
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
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Page

/** What takes how much of the phone's space, what is free, and what can be done about it. */
@Composable
fun SpaceScreen(
    state: SpaceState,
    work: WorkState,
    actions: SpaceActions,
    workActions: WorkActions,
    onUnused: (account: String) -> Unit,
    onBack: () -> Unit,
) {
    var emptying by rememberSaveable { mutableStateOf<String?>(null) }
    var pruning by rememberSaveable { mutableStateOf<String?>(null) }
    Page(stringResource(R.string.space_title), onBack) {
        top(work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        item("whole") { WholeCard(state) }
        for (account in state.accounts) {
            item("account ${account.account}") {
                val name = account.account
                AccountSpaceCard(account, { pruning = name }, { emptying = name }, { onUnused(name) })
            }
        }
    }
    pruning?.let { account ->
        Confirm(
            stringResource(R.string.care_prune_title),
            stringResource(R.string.care_prune_text),
            stringResource(R.string.care_delete),
            { pruning = null },
        ) { actions.prune(account) }
    }
    emptying?.let { account ->
        Confirm(
            stringResource(R.string.care_trash_title),
            stringResource(R.string.care_trash_text),
            stringResource(R.string.care_delete),
            { emptying = null },
        ) { actions.emptyTrash(account) }
    }
}

@Composable
private fun WholeCard(state: SpaceState) {
    Block {
        Padded {
            Line(R.string.care_space_all, state.all, strong = true)
            Line(R.string.care_space_free, state.free, strong = true)
            val both = state.all + state.free
            if (both > 0) {
                // The figures above say the same.
                LinearProgressIndicator({ state.all.toFloat() / both }, Modifier.fillMaxWidth().clearAndSetSemantics {})
            }
            if (state.leftBehind > 0) {
                Line(R.string.care_space_left_behind, state.leftBehind)
                Text(stringResource(R.string.care_space_left_behind_text), style = MaterialTheme.typography.bodySmall)
            }
            val reserve = if (state.isLow) R.string.care_space_low else R.string.care_space_reserve
            Text(
                said(Words.Say(reserve, Words.Bytes(state.reserve))),
                color = if (state.isLow) MaterialTheme.colorScheme.error else MaterialTheme.colorScheme.onSurfaceVariant,
                style = MaterialTheme.typography.bodyMedium,
            )
        }
    }
}

@Composable
private fun AccountSpaceCard(account: AccountSpace, onPrune: () -> Unit, onEmpty: () -> Unit, onUnused: () -> Unit) {
    Block {
        Padded {
            Text(account.account, style = MaterialTheme.typography.titleMedium)
            Line(R.string.care_space_collection, account.collection)
            Line(R.string.care_space_media, account.media)
            Line(R.string.care_space_backups, account.backups)
            Line(R.string.care_space_trash, account.trash)
            Buttons {
                if (account.backups > 0) TextButton(onPrune) { Text(stringResource(R.string.care_prune)) }
                if (account.media > 0) TextButton(onUnused) { Text(stringResource(R.string.care_space_unused)) }
                if (account.trash > 0) TextButton(onEmpty) { Text(stringResource(R.string.care_trash_empty)) }
            }
        }
    }
}

/** A name and how much; below one another where the letters are large. */
@Composable
private fun Line(name: Int, bytes: Long, strong: Boolean = false) {
    val style = if (strong) MaterialTheme.typography.titleMedium else MaterialTheme.typography.bodyMedium
    FlowRow(Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}, Arrangement.SpaceBetween) {
        Text(stringResource(name), style = style)
        Text(bytesText(bytes, resources()), style = style)
    }
}
