package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.EndpointInterface
import io.deckport.companion.R
import java.time.LocalDate

/** Importing and exporting. */
@Immutable
data class FilesState(
    val choice: Choice = Choice(),
    val loaded: Boolean = false,
    val form: ExportForm = ExportForm.PACKAGE,
    val legacy: Boolean = false,
    val cardsNow: Long = 0,
    val bytes: Long = 0,
    val mediaBytes: Long = 0,
    val today: LocalDate = LocalDate.EPOCH,
    val chosenFile: ChosenFile? = null,
    val notice: Notice? = null,
) {
    /** About as large the file will be. */
    val exportBytes: Long get() = bytes + if (form == ExportForm.PACKAGE) mediaBytes else 0

    /** A name for the file: whose it is, and of which day. */
    val exportName: String get() = "${choice.chosen.orEmpty()}-$today.${form.suffix}"
}

/** A file that a person wants to import. */
@Immutable
data class ChosenFile(val address: String, val name: String?, val bytes: Long?)

interface FilesActions {
    fun choose(account: String)

    fun form(form: ExportForm)

    fun legacy(on: Boolean)

    /** Imports [FilesState.chosenFile]. */
    fun import()

    /** Does not. */
    fun dropFile()

    fun dismiss()
}

class FilesPresenter(base: CareBase, private val documents: Documents) :
    Presenter<FilesState>(base, FilesState()), FilesActions {

    override suspend fun load(engine: EndpointInterface) {
        val choice = base.accounts.load(engine)
        val today = dayOf(base.now(), base.zone())
        val overview = choice.chosen?.let { engine.overview(it) }
        change {
            val (cards, bytes, media) = Triple(overview?.cards ?: 0, overview?.bytes ?: 0, overview?.mediaBytes ?: 0)
            it.copy(choice = choice, loaded = true, today = today, cardsNow = cards, bytes = bytes, mediaBytes = media)
        }
    }

    override fun form(form: ExportForm) = change { it.copy(form = form) }

    override fun legacy(on: Boolean) = change { it.copy(legacy = on) }

    /** Writes an account into the document that a person has made for it. */
    fun export(account: String, form: ExportForm, legacy: Boolean, address: String) =
        begin(WorkKind.EXPORT, account, { base.tasks.drop(address) }) {
            base.tasks.export(this, account, form, legacy, address)
        }

    /** A person has chosen a file; it is asked whether to import it before anything is read. */
    fun file(address: String) {
        attempt { engine ->
            if (!state.value.loaded) load(engine)
            val document = documents.of(address)
            val (name, bytes) = aside { document.name to document.size }
            if (name.orEmpty().endsWith(".apkg", ignoreCase = true)) throw Sorry(R.string.care_failed_deck_package)
            change { it.copy(chosenFile = ChosenFile(address, name, bytes)) }
        }
    }

    override fun import() {
        val (account, file) = state.value.run { (choice.chosen ?: return) to (chosenFile ?: return) }
        dropFile()
        begin(WorkKind.IMPORT, account) { base.tasks.import(this, account, file.address) }
    }

    override fun dropFile() = change { it.copy(chosenFile = null) }

    override fun FilesState.with(notice: Notice?) = copy(notice = notice)
}
