package io.deckport.companion.care

import io.deckport.Backup
import io.deckport.CareException
import io.deckport.CheckReport
import io.deckport.Counts
import io.deckport.ExportOptions
import io.deckport.check
import io.deckport.companion.R
import io.deckport.createBackup
import io.deckport.exportBackup
import io.deckport.exportFile
import io.deckport.importFile
import io.deckport.restoreBackup
import java.io.File
import kotlin.concurrent.thread

/** What an exported file holds. */
enum class ExportForm(val suffix: String) {
    /** A package with collection and media. */
    PACKAGE("colpkg"),

    /** A package without media. */
    PACKAGE_WITHOUT_MEDIA("colpkg"),

    /** The collection's file alone. */
    COLLECTION("anki2"),
}

/** The long work on accounts, each with what is said when it is done. */
class Tasks(private val engine: Engine, private val spool: Spool, private val documents: Documents) {

    /** Keeps a backup of an account. */
    suspend fun backUp(scope: WorkScope, account: String): Notice {
        val made = engine.use { it.createBackup(account) { progress -> scope.tell(progress) } }
        return Notice(Words.Say(R.string.care_backup_done, made.counts?.words() ?: Words.Bytes(made.storedBytes)))
    }

    /** Puts a backup in the place of an account's collection. */
    suspend fun restore(scope: WorkScope, account: String, backup: String): Notice {
        val restored = engine.use { it.restoreBackup(account, backup) { progress -> scope.tell(progress) } }
        return replaced(R.string.care_restore_done, account, restored.counts, restored.kept)
    }

    /** Writes a backup into a document. */
    suspend fun saveBackup(scope: WorkScope, account: String, backup: String, address: String): Notice =
        writing("backup.anki2", address) { file ->
            engine.use { engine ->
                val known = engine.backups(account).find { it.name == backup }
                spool.ask(known?.collectionBytes ?: known?.storedBytes ?: 0)
                engine.exportBackup(account, backup, file) { scope.tell(it) }
            }
            val whole = scope.handOver(documents, file, address)
            saved(R.string.care_save_backup_done, file.length(), whole)
        }

    /** Writes an account into a document. */
    suspend fun export(scope: WorkScope, account: String, form: ExportForm, legacy: Boolean, address: String): Notice =
        writing("collection.${form.suffix}", address) { file ->
            val media = form == ExportForm.PACKAGE
            val report = engine.use { engine ->
                val overview = engine.overview(account)
                spool.ask(overview.bytes + if (media) overview.mediaBytes else 0)
                engine.exportFile(account, file, ExportOptions(media = media, legacy = legacy)) { scope.tell(it) }
            }
            val whole = scope.handOver(documents, file, address)
            val said = saved(R.string.care_export_done, file.length(), whole)
            val left = report.damaged.size + report.unfit.size
            if (left == 0) said else said.and(Words.Count(R.plurals.care_export_left_out, left.toLong()))
        }

    private suspend fun writing(name: String, address: String, work: suspend (File) -> Notice): Notice =
        towards(documents, address, spool) { spool.using(name, work) }

    /** A document that was made will not be written after all. */
    fun drop(address: String) {
        thread(name = "care-drop", isDaemon = true) { documents.of(address).discard() }
    }

    /** Puts a document's collection in the place of an account's. */
    suspend fun import(scope: WorkScope, account: String, address: String): Notice = spool.using("file") { file ->
        val whole = scope.fetch(documents, documents.of(address), file, spool)
        val report = try {
            engine.use { engine -> engine.importFile(account, file) { scope.tell(it) } }
        } catch (error: CareException.Unusable) {
            throw if (whole) error else Sorry(Words.Say(R.string.care_failed_fetch), error.reason)
        }
        val said = replaced(R.string.care_import_done, account, report.counts, report.kept)
        said.and(
            report.mediaAdded.takeIf { it > 0 }?.let { Words.Count(R.plurals.care_import_media, it) },
            report.tooLarge.size.takeIf { it > 0 }?.let { Words.Count(R.plurals.care_import_too_large, it.toLong()) },
        )
    }

    /**
     * Looks at a collection and its media, and mends what can be mended when it shall. [report] is given what was
     * found.
     */
    suspend fun check(scope: WorkScope, account: String, repair: Boolean, report: (CheckReport) -> Unit): Notice {
        val found = engine.use { it.check(account, repair) { progress -> scope.tell(progress) } }
        report(found)
        val media = found.media?.run { lost.size + unknown.size + waiting.size } ?: 0
        return when {
            found.isClean -> Notice(Words.Say(R.string.care_check_clean))
            repair -> repaired(account, found)
            else -> Notice(Words.Count(R.plurals.care_check_found, found.findings.size.toLong() + media))
        }
    }

    private fun repaired(account: String, report: CheckReport): Notice {
        val (lost, unknown) = report.media?.run { lost.size.toLong() to unknown.size.toLong() } ?: (0L to 0L)
        val words = listOfNotNull(
            Words.Say(R.string.care_repair_done).takeIf { report.repaired },
            Words.Say(R.string.care_kept).takeIf { report.kept != null },
            Words.Say(R.string.care_choose_download).takeIf { report.repaired && report.oneWay },
            Words.Count(R.plurals.care_repair_lost, lost).takeIf { lost > 0 },
            Words.Count(R.plurals.care_repair_unknown, unknown).takeIf { unknown > 0 },
        )
        val said = words.ifEmpty { listOf(Words.Say(R.string.care_repair_nothing)) }
        return Notice(said, undo = report.kept?.let { Undo(account, it.name) })
    }

    private fun replaced(id: Int, account: String, counts: Counts, kept: Backup?): Notice = Notice(
        Words.Say(id, account, counts.words()),
        Words.Say(if (kept == null) R.string.care_nothing_kept else R.string.care_kept),
        Words.Say(R.string.care_choose_download),
        undo = kept?.let { Undo(account, it.name) },
    )

    private fun saved(id: Int, bytes: Long, whole: Boolean): Notice =
        Notice(Words.Say(id, Words.Bytes(bytes))).and(Words.Say(R.string.care_saved_less).takeIf { !whole })
}

/** `1,234 cards` */
internal fun Counts.words(): Words = Words.Count(R.plurals.care_cards, cards)

/** What is said when a work was cancelled. When nobody waited for its end it is not [sure] that it was in time. */
internal fun cancelledNotice(kind: WorkKind, sure: Boolean): Notice = when (kind) {
    WorkKind.EXPORT, WorkKind.SAVE_BACKUP -> Notice(Words.Say(R.string.care_cancelled_file))
    WorkKind.CHECK -> Notice(Words.Say(R.string.care_cancelled))
    WorkKind.REPAIR -> Notice(Words.Say(R.string.care_cancelled_unsure))
    WorkKind.IMPORT -> Notice(Words.Say(if (sure) R.string.care_cancelled_import else R.string.care_cancelled_unsure))
    WorkKind.BACKUP, WorkKind.RESTORE, WorkKind.UNDO ->
        Notice(Words.Say(if (sure) R.string.care_cancelled else R.string.care_cancelled_unsure))
}
