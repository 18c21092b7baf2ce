package io.deckport.companion.care

import io.deckport.companion.R

/** `Exporting the collection of Anna` */
internal fun WorkState.Running.title(): Words = Words.Say(
    when (kind) {
        WorkKind.BACKUP -> R.string.care_work_backup
        WorkKind.RESTORE -> R.string.care_work_restore
        WorkKind.UNDO -> R.string.care_work_undo
        WorkKind.SAVE_BACKUP -> R.string.care_work_save_backup
        WorkKind.EXPORT -> R.string.care_work_export
        WorkKind.IMPORT -> R.string.care_work_import
        WorkKind.CHECK -> R.string.care_work_check
        WorkKind.REPAIR -> R.string.care_work_repair
    },
    account,
)

/** What it is doing, and how far it has come. */
internal fun WorkState.Running.stepWords(): Words {
    if (cancelling) return Words.Say(R.string.care_step_cancelling)
    val total = progress.total
    val (done, all) = when (progress.step) {
        WorkStep.MEDIA -> progress.done to total
        else -> Words.Bytes(progress.done) to total?.let(Words::Bytes)
    }
    return when (progress.step) {
        null -> Words.Say(R.string.care_step_begin)
        WorkStep.CHECKING -> Words.Say(R.string.care_step_checking)
        WorkStep.FETCH -> counted(R.string.care_step_fetch, R.string.care_step_fetch_of, done, all)
        WorkStep.COLLECTION -> counted(R.string.care_step_collection, R.string.care_step_collection_of, done, all)
        WorkStep.MEDIA -> counted(R.string.care_step_media, R.string.care_step_media_of, done, all)
        WorkStep.HAND_OVER -> counted(R.string.care_step_hand_over, R.string.care_step_hand_over_of, done, all)
    }
}

private fun counted(open: Int, ofAll: Int, done: Any, all: Any?): Words =
    if (all == null) Words.Say(open, done) else Words.Say(ofAll, done, all)

/** How much of the present step is done, from 0 to 1, where that is known. */
internal fun WorkProgress.part(): Float? = total?.takeIf { it > 0 }?.let { (done.toFloat() / it).coerceIn(0f, 1f) }
