package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.EndpointInterface
import io.deckport.companion.R

/** The media files of an account that no note uses. */
@Immutable
data class UnusedState(
    val choice: Choice = Choice(),
    val loaded: Boolean = false,
    val files: List<UnusedFile> = emptyList(),
    val ticked: Set<String> = emptySet(),
    val notice: Notice? = null,
    /** Names of files that were just moved to the trash: they can be put back. */
    val undoable: List<String> = emptyList(),
) {
    /** Bytes of what is ticked. */
    val tickedBytes: Long get() = files.filter { it.name in ticked }.sumOf { it.bytes }
}

@Immutable
data class UnusedFile(val name: String, val bytes: Long)

interface UnusedActions {
    fun choose(account: String)

    fun tick(name: String, on: Boolean)

    fun tickAll(on: Boolean)

    /** Deletes what is ticked. */
    fun delete()

    /** Puts back what was just deleted. */
    fun putBack()

    fun dismiss()
}

class UnusedPresenter(base: CareBase) : Presenter<UnusedState>(base, UnusedState()), UnusedActions {
    override suspend fun load(engine: EndpointInterface) {
        val choice = base.accounts.load(engine)
        val account = choice.chosen
        val unused = if (account == null) emptyList() else engine.unusedMedia(account)
        val files = unused.map { UnusedFile(it.name, it.bytes) }
        val names = files.map { it.name }.toSet()
        change { it.copy(choice = choice, loaded = true, files = files, ticked = it.ticked intersect names) }
    }

    override fun tick(name: String, on: Boolean) =
        change { it.copy(ticked = if (on) it.ticked + name else it.ticked - name) }

    override fun tickAll(on: Boolean) =
        change { it.copy(ticked = if (on) it.files.map(UnusedFile::name).toSet() else emptySet()) }

    override fun delete() {
        val (account, names) = state.value.run { (choice.chosen ?: return) to ticked.toList() }
        attempt { engine ->
            val count = engine.deleteMedia(account, names)
            change { it.copy(undoable = names, ticked = emptySet()) }
            noticed(Notice(Words.Count(R.plurals.care_unused_deleted, count)))
            load(engine)
        }
    }

    override fun putBack() {
        val (account, names) = state.value.run { (choice.chosen ?: return) to undoable }
        attempt { engine ->
            val count = engine.restoreMedia(account, names)
            change { it.copy(undoable = emptyList()) }
            noticed(Notice(Words.Count(R.plurals.care_unused_put_back, count)))
            load(engine)
        }
    }

    override fun UnusedState.with(notice: Notice?) =
        copy(notice = notice, undoable = if (notice == null) emptyList() else undoable)
}
