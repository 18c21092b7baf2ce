package io.deckport.companion.settings

import androidx.compose.foundation.Image
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.requiredSize
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.Box
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.res.colorResource
import androidx.compose.ui.res.painterResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.navigation.Screen
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Forward
import io.deckport.companion.parts.Page

/** What this app is, its version, and a log for those who help. */
@Composable
fun AboutScreen(version: String, engine: String, onBack: () -> Unit, shareLog: () -> Unit, open: (Screen) -> Unit) {
    Page(stringResource(R.string.about_title), onBack) {
        item { Head(version, engine) }
        item {
            Block {
                ActionRow(
                    stringResource(R.string.about_log),
                    shareLog,
                    icon = R.drawable.ic_share,
                    detail = stringResource(R.string.about_log_more),
                )
                ActionRow(
                    stringResource(R.string.licences_title),
                    { open(Screen.Licences) },
                    icon = R.drawable.ic_info,
                    detail = stringResource(R.string.about_licences_more),
                    trailing = { Forward() },
                )
            }
        }
    }
}

@Composable
private fun Head(version: String, engine: String) {
    Column(
        Modifier.fillMaxWidth().padding(vertical = 16.dp),
        Arrangement.spacedBy(8.dp),
        Alignment.CenterHorizontally,
    ) {
        AppIcon()
        Text(stringResource(R.string.app_name), style = MaterialTheme.typography.headlineMedium)
        Text(
            stringResource(R.string.about_version, version, engine),
            color = MaterialTheme.colorScheme.onSurfaceVariant,
            style = MaterialTheme.typography.bodyMedium,
        )
        Text(
            stringResource(R.string.about_what),
            Modifier.padding(top = 8.dp),
            style = MaterialTheme.typography.bodyLarge,
            textAlign = TextAlign.Center,
        )
    }
}

/** The icon of the app, as a launcher shows it: the middle two thirds of its drawing. */
@Composable
fun AppIcon() {
    Box(
        Modifier.size(72.dp).clip(MaterialTheme.shapes.extraLarge).background(colorResource(R.color.icon_background)),
        Alignment.Center,
    ) {
        Image(painterResource(R.drawable.ic_launcher_foreground), null, Modifier.requiredSize(108.dp))
    }
}
