package io.deckport.companion.care

import androidx.compose.foundation.horizontalScroll
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.FlowRowScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.FilterChip
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.parts.Block

/** What stands on top of every screen: whose it is, what is being done, and what came of it. */
internal fun LazyListScope.careTop(
    choice: Choice,
    onChoose: (String) -> Unit,
    work: WorkState,
    notice: Notice?,
    actions: WorkActions,
    onDismiss: () -> Unit,
) {
    if (choice.accounts.size > 1) item("choice") { AccountChips(choice, onChoose) }
    top(work, notice, actions, onDismiss)
}

/** The same for screens that are about everybody. */
internal fun LazyListScope.top(work: WorkState, notice: Notice?, actions: WorkActions, onDismiss: () -> Unit) {
    if (work is WorkState.Running) item("work") { WorkCard(work, actions::cancel) }
    if (work is WorkState.Ended) item("result") { NoticeCard(work.notice, actions::seen, actions::undo) }
    if (notice != null) item("notice") { NoticeCard(notice, onDismiss, actions::undo) }
}

/** What a person does about the long work. */
interface WorkActions {
    fun cancel()

    fun seen()

    fun undo(undo: Undo)
}

@Composable
private fun AccountChips(choice: Choice, onChoose: (String) -> Unit) {
    Row(Modifier.fillMaxWidth().horizontalScroll(rememberScrollState()), Arrangement.spacedBy(8.dp)) {
        for (account in choice.accounts) {
            FilterChip(account == choice.chosen, onClick = { onChoose(account) }, label = { Text(account) })
        }
    }
}

@Composable
private fun WorkCard(work: WorkState.Running, onCancel: () -> Unit) {
    Block {
        Padded {
            Text(said(work.title()), style = MaterialTheme.typography.titleMedium)
            Text(said(work.stepWords()), style = MaterialTheme.typography.bodyMedium)
            val part = work.progress.part()
            if (part == null) {
                LinearProgressIndicator(Modifier.fillMaxWidth())
            } else {
                LinearProgressIndicator({ part }, Modifier.fillMaxWidth())
            }
            Buttons { TextButton(onCancel, enabled = !work.cancelling) { Text(stringResource(R.string.care_cancel)) } }
        }
    }
}

@Composable
private fun NoticeCard(notice: Notice, onDismiss: () -> Unit, onUndo: (Undo) -> Unit) {
    val colors = MaterialTheme.colorScheme
    Block(color = if (notice.failed) colors.errorContainer else colors.secondaryContainer) {
        Padded {
            Column(Modifier.semantics { liveRegion = LiveRegionMode.Polite }, Arrangement.spacedBy(8.dp)) {
                for (words in notice.words) Text(said(words), style = MaterialTheme.typography.bodyLarge)
                if (notice.detail != null) {
                    Text(stringResource(R.string.care_detail, notice.detail), style = MaterialTheme.typography.bodySmall)
                }
            }
            Buttons {
                if (notice.undo != null) ToneButton(R.string.care_undo) { onUndo(notice.undo) }
                ToneButton(R.string.care_dismiss, onDismiss)
            }
        }
    }
}

/** A button that takes the colour of the card it is on. */
@Composable
private fun ToneButton(text: Int, onClick: () -> Unit) {
    TextButton(onClick, colors = ButtonDefaults.textButtonColors(contentColor = LocalContentColor.current)) {
        Text(stringResource(text))
    }
}

/** The inside of a card. */
@Composable
internal fun Padded(content: @Composable ColumnScope.() -> Unit) {
    Column(Modifier.fillMaxWidth().padding(16.dp), Arrangement.spacedBy(8.dp), content = content)
}

/** Buttons at the end of a card; those that do not fit beside the others go below. */
@Composable
internal fun Buttons(content: @Composable FlowRowScope.() -> Unit) {
    FlowRow(
        Modifier.fillMaxWidth(),
        horizontalArrangement = Arrangement.spacedBy(8.dp, Alignment.End),
        itemVerticalAlignment = Alignment.CenterVertically,
        content = content,
    )
}

/** What a screen is for, or that there is nothing. */
@Composable
internal fun Paragraph(text: String) {
    Text(
        text,
        Modifier.padding(horizontal = 4.dp),
        style = MaterialTheme.typography.bodyMedium,
        color = MaterialTheme.colorScheme.onSurfaceVariant,
    )
}

/** Stands where content will be. */
internal fun LazyListScope.loading() {
    item("loading") {
        Row(Modifier.fillMaxWidth().padding(32.dp), Arrangement.Center) { CircularProgressIndicator() }
    }
}

/** Facts in one line, as long as they fit. */
@Composable
internal fun facts(words: List<Words>): String {
    val resources = resources()
    return words.joinToString(" · ") { it.text(resources) }
}

/** Says what will happen before it does. */
@Composable
internal fun Confirm(title: String, text: String, action: String, onDismiss: () -> Unit, onConfirm: () -> Unit) {
    AlertDialog(
        onDismissRequest = onDismiss,
        title = { Text(title) },
        text = { Text(text, Modifier.verticalScroll(rememberScrollState())) },
        confirmButton = {
            TextButton({
                onConfirm()
                onDismiss()
            }) { Text(action) }
        },
        dismissButton = { TextButton(onDismiss) { Text(stringResource(R.string.care_cancel)) } },
    )
}
