package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.EndpointInterface
import io.deckport.companion.R
import java.io.File

/** What takes how much of the phone's space. */
@Immutable
data class SpaceState(
    val loaded: Boolean = false,
    val accounts: List<AccountSpace> = emptyList(),
    val leftBehind: Long = 0,
    val free: Long = 0,
    val reserve: Long = 0,
    val notice: Notice? = null,
) {
    val all: Long get() = accounts.sumOf { it.all } + leftBehind

    /** Below this devices are refused before they fill the phone. */
    val isLow: Boolean get() = loaded && free <= reserve
}

@Immutable
data class AccountSpace(
    val account: String,
    val collection: Long,
    val media: Long,
    val backups: Long,
    val trash: Long,
) {
    val all: Long get() = collection + media + backups + trash
}

interface SpaceActions {
    fun prune(account: String)

    fun emptyTrash(account: String)

    fun dismiss()
}

/** @param folder the folder of the collections. @param reserve bytes that are left free. */
class SpacePresenter(
    base: CareBase,
    private val folder: File,
    private val reserve: Long,
    private val free: (File) -> Long = File::getUsableSpace,
) : Presenter<SpaceState>(base, SpaceState()), SpaceActions {

    override suspend fun load(engine: EndpointInterface) {
        val accounts = engine.accounts()
        val spaces = accounts.map { of(engine, it.name) }
        val known = accounts.map { it.folder }.toSet()
        val (left, room) = aside { leftBehind(known) to free(folder) }
        change { it.copy(loaded = true, accounts = spaces, leftBehind = left, free = room, reserve = reserve) }
    }

    private suspend fun of(engine: EndpointInterface, account: String): AccountSpace {
        val overview = engine.overview(account)
        val backups = engine.backups(account).sumOf { it.storedBytes }
        return AccountSpace(account, overview.bytes, overview.mediaBytes, backups, engine.mediaTrash(account).bytes)
    }

    /** Folders of accounts that were removed: they stay until an account of that name comes back. */
    private fun leftBehind(known: Set<String>): Long = folder
        .listFiles { file -> file.isDirectory && file.name !in known }.orEmpty()
        .sumOf { gone -> gone.walk().filter(File::isFile).sumOf(File::length) }

    override fun prune(account: String) {
        attempt { engine ->
            noticed(pruned(engine.pruneBackups(account)))
            load(engine)
        }
    }

    override fun emptyTrash(account: String) {
        attempt { engine ->
            val gone = engine.emptyMediaTrash(account)
            noticed(Notice(Words.Count(R.plurals.care_trash_emptied, gone.files, Words.Bytes(gone.bytes))))
            load(engine)
        }
    }

    override fun SpaceState.with(notice: Notice?) = copy(notice = notice)
}
