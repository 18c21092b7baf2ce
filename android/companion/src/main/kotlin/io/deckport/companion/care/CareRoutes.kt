package io.deckport.companion.care

import android.net.Uri
import androidx.activity.compose.ManagedActivityResultLauncher
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.State
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Screen

/**
 * Shows a screen that cares for accounts; false for all others. A place's subject names the account that it is about.
 *
 * @param open goes to another place.
 */
@Composable
fun CarePlace(care: Care, place: Place, open: (Place) -> Unit, onBack: () -> Unit): Boolean {
    val work by care.work.state.collectAsState()
    when (place.screen) {
        Screen.Devices -> {
            val state by shown(care.devices, place, work)
            DevicesScreen(state, work, care.devices, care, onBack)
        }
        Screen.Accounts -> {
            val state by shown(care.accounts, place, work)
            AccountsScreen(state, work, care.accounts, care, onBack)
        }
        Screen.Backups -> BackupsPlace(care, place, work, onBack)
        Screen.Files -> FilesPlace(care, place, work, onBack)
        Screen.Check -> {
            val state by shown(care.check, place, work)
            CheckScreen(state, work, care.check, care, onBack)
        }
        Screen.UnusedMedia -> {
            val state by shown(care.unused, place, work)
            UnusedScreen(state, work, care.unused, care, onBack)
        }
        Screen.Space -> {
            val state by shown(care.space, place, work)
            SpaceScreen(state, work, care.space, care, { open(Place(Screen.UnusedMedia, it)) }, onBack)
        }
        else -> return false
    }
    return true
}

/** The presenter's state, found out anew when the screen appears and when long work begins or has ended. */
@Composable
private fun <S : Any> shown(presenter: Presenter<S>, place: Place, work: WorkState): State<S> {
    var isChosen by rememberSaveable(place) { mutableStateOf(false) }
    LaunchedEffect(presenter, place, work is WorkState.Running) {
        val account = place.subject
        if (account != null && !isChosen) presenter.choose(account) else presenter.refresh()
        isChosen = true
    }
    return presenter.state.collectAsState()
}

@Composable
private fun BackupsPlace(care: Care, place: Place, work: WorkState, onBack: () -> Unit) {
    val state by shown(care.backups, place, work)
    // The picker is another app: when it answers, this one may have been killed and begun anew.
    var asked by rememberSaveable { mutableStateOf<List<String>>(emptyList()) }
    val picker = rememberSaver { address ->
        val (account, backup) = asked.takeIf { it.size == 2 } ?: return@rememberSaver
        care.backups.save(account, backup, address)
    }
    val onSave = { backup: BackupRow ->
        val account = state.choice.chosen.orEmpty()
        asked = listOf(account, backup.name)
        picker.launch("$account-${dayOf(backup.madeMs, backup.zone)}.anki2")
    }
    BackupsScreen(state, work, care.backups, care, onSave, onBack)
}

@Composable
private fun FilesPlace(care: Care, place: Place, work: WorkState, onBack: () -> Unit) {
    val state by shown(care.files, place, work)
    var account by rememberSaveable { mutableStateOf("") }
    var form by rememberSaveable { mutableStateOf(ExportForm.PACKAGE) }
    var legacy by rememberSaveable { mutableStateOf(false) }
    val target = rememberSaver { care.files.export(account, form, legacy, it) }
    val source = rememberLauncherForActivityResult(ActivityResultContracts.OpenDocument()) { uri ->
        if (uri != null) care.files.file(uri.toString())
    }
    val onExport = {
        account = state.choice.chosen.orEmpty()
        form = state.form
        legacy = state.legacy
        target.launch(state.exportName)
    }
    // No app knows a type for these files: all can be chosen.
    FilesScreen(state, work, care.files, care, onExport, { source.launch(arrayOf("*/*")) }, onBack)
}

/** The system's picker for a new file. */
@Composable
private fun rememberSaver(onChosen: (String) -> Unit): ManagedActivityResultLauncher<String, Uri?> =
    rememberLauncherForActivityResult(ActivityResultContracts.CreateDocument("application/octet-stream")) { uri ->
        if (uri != null) onChosen(uri.toString())
    }
