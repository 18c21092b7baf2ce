package io.deckport.companion.home

import androidx.annotation.DrawableRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.contentColorFor
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import io.deckport.android.HostFailure
import io.deckport.android.HostPermission
import io.deckport.android.HostProblem
import io.deckport.android.sentence
import io.deckport.companion.R
import io.deckport.companion.parts.Block

/** What keeps devices out, or soon will: one sentence, one button. */
@Composable
fun ProblemCard(problem: HostProblem, mend: (Mending, HostProblem?) -> Unit) {
    val mending = Mending.of(problem)
    ProblemCard(problem.sentence(LocalContext.current), mending, keepsOut(problem)) { mend(mending, problem) }
}

/** Why hosting did not begin, or ended. */
@Composable
fun FailureCard(failure: HostFailure, mend: (Mending, HostProblem?) -> Unit) {
    val mending = Mending.of(failure)
    ProblemCard(failure.sentence(LocalContext.current), mending, true) { mend(mending, null) }
}

@Composable
private fun ProblemCard(sentence: String, mending: Mending, severe: Boolean, mend: () -> Unit) {
    val colors = MaterialTheme.colorScheme
    val ground = if (severe) colors.errorContainer else colors.tertiaryContainer
    Block(Modifier.semantics { liveRegion = LiveRegionMode.Polite }, ground) {
        Row(
            Modifier.padding(start = 16.dp, end = 16.dp, top = 16.dp),
            Arrangement.spacedBy(16.dp),
        ) {
            ProblemIcon(if (severe) R.drawable.ic_warning else R.drawable.ic_info)
            Text(sentence, style = MaterialTheme.typography.bodyLarge)
        }
        Column(Modifier.fillMaxWidth().padding(horizontal = 8.dp, vertical = 4.dp), horizontalAlignment = Alignment.End) {
            TextButton(
                mend,
                colors = ButtonDefaults.textButtonColors(contentColor = contentColorFor(ground)),
            ) { Text(stringResource(mending.word)) }
        }
    }
}

@Composable
private fun ProblemIcon(@DrawableRes icon: Int) {
    Icon(painterResource(icon), null)
}

/** Whether no device gets in because of it, or might not; the others are only good to know. */
private fun keepsOut(problem: HostProblem): Boolean = when (problem) {
    HostProblem.NoNetwork -> true
    is HostProblem.Permission -> problem.missing == HostPermission.LOCAL_NETWORK
    is HostProblem.StorageLow -> true
    else -> false
}
