package io.deckport.companion.settings

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import io.deckport.companion.R
import io.deckport.companion.navigation.Screen
import io.deckport.companion.parts.ActionRow
import io.deckport.companion.parts.Block
import io.deckport.companion.parts.Forward
import io.deckport.companion.parts.Page
import io.deckport.companion.parts.SectionTitle
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/** What a person decides once. */
@Composable
fun SettingsScreen(state: SettingsState, actions: SettingsActions, onBack: () -> Unit, open: (Screen) -> Unit) {
    var asked by rememberSaveable { mutableStateOf<Asked?>(null) }
    Page(stringResource(R.string.settings_title), onBack) {
        item { SectionTitle(stringResource(R.string.settings_hosting)) }
        item { Hosting(state, actions) { asked = it } }
        item { SectionTitle(stringResource(R.string.settings_reach)) }
        item { Reach(state, actions, open) { asked = it } }
        item { SectionTitle(stringResource(R.string.settings_app)) }
        item { App(state, actions, open) }
    }
    when (asked) {
        Asked.Name -> NameDialog(state.name, { asked = null }) { name -> actions.change { it.copy(name = name) } }
        Asked.Port -> PortDialog(state.host.port, { asked = null }) { port -> actions.change { it.copy(port = port) } }
        Asked.Idle -> IdleDialog(state.host.stopWhenIdle, { asked = null }) { idle ->
            actions.change { it.copy(stopWhenIdle = idle) }
        }
        null -> Unit
    }
}

/** What the person is just asked. */
private enum class Asked { Name, Port, Idle }

@Composable
private fun Hosting(state: SettingsState, actions: SettingsActions, ask: (Asked) -> Unit) {
    Block {
        SwitchRow(
            stringResource(R.string.settings_boot),
            stringResource(R.string.settings_boot_more),
            state.startsAtBoot,
            actions::startAtBoot,
        )
        ActionRow(
            stringResource(R.string.settings_idle),
            { ask(Asked.Idle) },
            detail = wordFor(state.host.stopWhenIdle),
        )
    }
}

@Composable
private fun Reach(state: SettingsState, actions: SettingsActions, open: (Screen) -> Unit, ask: (Asked) -> Unit) {
    Block {
        ActionRow(stringResource(R.string.settings_name), { ask(Asked.Name) }, detail = state.name)
        ActionRow(stringResource(R.string.settings_port), { ask(Asked.Port) }, detail = wordForPort(state.host.port))
        SwitchRow(
            stringResource(R.string.settings_this_phone_only),
            stringResource(R.string.settings_this_phone_only_more),
            state.host.thisDeviceOnly,
        ) { only -> actions.change { it.copy(thisDeviceOnly = only) } }
        ActionRow(
            stringResource(R.string.networks_title),
            { open(Screen.Networks) },
            detail = stringResource(R.string.settings_networks_more),
            trailing = { Forward() },
        )
    }
}

@Composable
private fun App(state: SettingsState, actions: SettingsActions, open: (Screen) -> Unit) {
    Block {
        ActionRow(
            stringResource(R.string.settings_language),
            if (state.canChooseLanguage) actions::chooseLanguage else null,
            detail = state.language,
        )
        ActionRow(stringResource(R.string.about_title), { open(Screen.About) }, trailing = { Forward() })
    }
}

/** A line with a switch; all of it can be tapped. */
@Composable
fun SwitchRow(text: String, detail: String?, on: Boolean, onSwitch: (Boolean) -> Unit) {
    Row(
        Modifier.fillMaxWidth().toggleable(on, role = Role.Switch, onValueChange = onSwitch)
            .heightIn(min = 56.dp).padding(horizontal = 16.dp, vertical = 12.dp),
        Arrangement.spacedBy(16.dp),
        Alignment.CenterVertically,
    ) {
        Column(Modifier.weight(1f), Arrangement.spacedBy(2.dp)) {
            Text(text, style = MaterialTheme.typography.bodyLarge)
            if (detail != null) {
                Text(
                    detail,
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                    style = MaterialTheme.typography.bodyMedium,
                )
            }
        }
        Switch(on, null)
    }
}

/** After how long without a sync hosting ends by itself. */
@Composable
internal fun wordFor(idle: Duration?): String = when {
    idle == null -> stringResource(R.string.idle_never)
    idle.inWholeMinutes % MINUTES_OF_HOUR == 0L ->
        pluralStringResource(R.plurals.idle_hours, idle.inWholeHours.toInt(), idle.inWholeHours.toInt())
    else -> pluralStringResource(R.plurals.idle_minutes, idle.inWholeMinutes.toInt(), idle.inWholeMinutes.toInt())
}

@Composable
private fun wordForPort(port: Int): String = if (port == 0) stringResource(R.string.port_any) else port.toString()

/** What a person can choose from. */
internal val IDLE_CHOICES: List<Duration?> = listOf(null, 15.minutes, 30.minutes, 60.minutes, 240.minutes)
private const val MINUTES_OF_HOUR = 60
