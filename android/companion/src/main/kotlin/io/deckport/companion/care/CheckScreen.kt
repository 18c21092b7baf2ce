package io.deckport.companion.care

import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
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

/** Looking for what is wrong with a collection and its media, and mending it. */
@Composable
fun CheckScreen(
    state: CheckState,
    work: WorkState,
    actions: CheckActions,
    workActions: WorkActions,
    onBack: () -> Unit,
) {
    var repairing by rememberSaveable { mutableStateOf(false) }
    val free = work !is WorkState.Running && state.choice.chosen != null
    Page(stringResource(R.string.check_title), onBack) {
        careTop(state.choice, actions::choose, work, state.notice, workActions, actions::dismiss)
        if (!state.loaded) return@Page loading()
        item("about") { Paragraph(stringResource(R.string.care_check_about)) }
        item("do") { Buttons { Button(actions::check, enabled = free) { Text(stringResource(R.string.care_check_do)) } } }
        state.found?.let { found -> item("found") { FoundCard(found, free) { repairing = true } } }
    }
    if (repairing) {
        Confirm(
            stringResource(R.string.care_repair_title),
            stringResource(R.string.care_repair_text),
            stringResource(R.string.care_repair),
            { repairing = false },
            actions::repair,
        )
    }
}

@Composable
private fun FoundCard(found: Found, free: Boolean, onRepair: () -> Unit) {
    Block {
        Padded {
            for (words in found.media) Text(said(words))
            if (found.sentences.isNotEmpty()) {
                Text(stringResource(R.string.care_check_details), style = MaterialTheme.typography.titleSmall)
                for (sentence in found.sentences.take(MOST_SENTENCES)) {
                    Text(sentence, style = MaterialTheme.typography.bodyMedium)
                }
                val more = found.sentences.size - MOST_SENTENCES
                if (more > 0) Text(said(Words.Count(R.plurals.care_check_more, more.toLong())))
            }
            if (found.mendable) {
                Buttons { Button(onRepair, enabled = free) { Text(stringResource(R.string.care_repair)) } }
            } else {
                Text(stringResource(R.string.care_check_unmendable))
            }
        }
    }
}

/** Nobody reads more. */
private const val MOST_SENTENCES = 20
