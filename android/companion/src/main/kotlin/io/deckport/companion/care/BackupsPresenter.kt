package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.Backup
import io.deckport.BackupReason
import io.deckport.EndpointInterface
import io.deckport.companion.R
import java.time.LocalDate
import java.time.ZoneId

/** The backups of an account, newest day first. */
@Immutable
data class BackupsState(
    val choice: Choice = Choice(),
    val loaded: Boolean = false,
    val today: LocalDate = LocalDate.EPOCH,
    val days: List<BackupDay> = emptyList(),
    val cardsNow: Long = 0,
    val notice: Notice? = null,
)

@Immutable
data class BackupDay(val day: LocalDate, val backups: List<BackupRow>)

/** @property why why it was made, and by which device. */
@Immutable
data class BackupRow(
    val name: String,
    val madeMs: Long,
    val zone: ZoneId,
    val why: Words,
    val facts: List<Words>,
    val cards: Long?,
)

interface BackupsActions {
    fun choose(account: String)

    fun create()

    fun restore(backup: String)

    fun prune()

    fun dismiss()
}

class BackupsPresenter(base: CareBase) : Presenter<BackupsState>(base, BackupsState()), BackupsActions {
    override suspend fun load(engine: EndpointInterface) {
        val choice = base.accounts.load(engine)
        val account = choice.chosen
        val zone = base.zone()
        val backups = if (account == null) emptyList() else engine.backups(account)
        val days = backups.groupBy { dayOf(it.madeMs, zone) }
            .map { (day, its) -> BackupDay(day, its.map { row(it, zone) }) }
        val cards = account?.let { engine.overview(it).cards } ?: 0
        val today = dayOf(base.now(), zone)
        change { it.copy(choice = choice, loaded = true, today = today, days = days, cardsNow = cards) }
    }

    override fun create() {
        val account = state.value.choice.chosen ?: return
        begin(WorkKind.BACKUP, account) { base.tasks.backUp(this, account) }
    }

    override fun restore(backup: String) {
        val account = state.value.choice.chosen ?: return
        begin(WorkKind.RESTORE, account) { base.tasks.restore(this, account, backup) }
    }

    /** Writes a backup of an account into the document that a person has made for it. */
    fun save(account: String, backup: String, address: String) =
        begin(WorkKind.SAVE_BACKUP, account, { base.tasks.drop(address) }) {
            base.tasks.saveBackup(this, account, backup, address)
        }

    override fun prune() {
        val account = state.value.choice.chosen ?: return
        attempt { engine ->
            noticed(pruned(engine.pruneBackups(account)))
            load(engine)
        }
    }

    override fun BackupsState.with(notice: Notice?) = copy(notice = notice)

    private fun row(backup: Backup, zone: ZoneId): BackupRow {
        val counts = backup.counts
        val facts = listOfNotNull(
            counts?.words(),
            counts?.let { Words.Count(R.plurals.care_reviews, it.reviews) },
            Words.Bytes(backup.collectionBytes ?: backup.storedBytes),
        )
        return BackupRow(backup.name, backup.madeMs, zone, why(backup), facts, counts?.cards)
    }

    private fun why(backup: Backup): Words {
        val by = { open: Int, device: Int -> backup.device?.let { Words.Say(device, it) } ?: Words.Say(open) }
        return when (backup.reason) {
            BackupReason.UPLOAD -> by(R.string.care_why_upload, R.string.care_why_upload_by)
            BackupReason.RESTORE -> Words.Say(R.string.care_why_restore)
            BackupReason.IMPORT -> Words.Say(R.string.care_why_import)
            BackupReason.REPAIR -> Words.Say(R.string.care_why_repair)
            BackupReason.UPGRADE -> Words.Say(R.string.care_why_upgrade)
            BackupReason.MANUAL -> Words.Say(R.string.care_why_manual)
            BackupReason.OTHER -> by(R.string.care_why_other, R.string.care_why_other_by)
        }
    }
}

/** What is said about backups that were deleted to make room. */
internal fun pruned(gone: List<Backup>): Notice {
    if (gone.isEmpty()) return Notice(Words.Say(R.string.care_prune_none))
    val bytes = Words.Bytes(gone.sumOf { it.storedBytes })
    return Notice(Words.Count(R.plurals.care_prune_done, gone.size.toLong(), bytes))
}
