package io.deckport.companion.parts

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.sizeIn
import androidx.compose.foundation.shape.CircleShape
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import java.text.NumberFormat

/** What to do, one after the other. */
@Composable
fun Steps(steps: List<String>, modifier: Modifier = Modifier) {
    Column(modifier.fillMaxWidth(), Arrangement.spacedBy(12.dp)) {
        steps.forEachIndexed { at, step ->
            Row(Modifier.semantics(mergeDescendants = true) {}, Arrangement.spacedBy(12.dp)) {
                Numbered(at + 1)
                Text(step, Modifier.weight(1f).padding(top = 2.dp), style = MaterialTheme.typography.bodyMedium)
            }
        }
    }
}

@Composable
private fun Numbered(number: Int) {
    Surface(shape = CircleShape, color = MaterialTheme.colorScheme.secondaryContainer) {
        Box(Modifier.sizeIn(minWidth = 24.dp, minHeight = 24.dp).padding(horizontal = 4.dp), Alignment.Center) {
            Text(NumberFormat.getInstance().format(number), style = MaterialTheme.typography.labelLarge)
        }
    }
}
