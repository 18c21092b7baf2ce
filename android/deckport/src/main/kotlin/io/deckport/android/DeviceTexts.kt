package io.deckport.android

import android.content.Context
import android.text.format.Formatter
import io.deckport.DeviceText
import io.deckport.Translator
import java.text.DateFormat
import java.util.Date

/** What people read in Anki on their other devices, in the language of [context]; [appName] is the app that hosts. */
internal class DeviceTexts(private val context: Context, private val appName: String) : Translator {
    override fun translate(text: DeviceText, english: String): String = when (text) {
        is DeviceText.SmallerCopyKept -> {
            val (before, after) = text.before to text.after
            val what = say(R.string.deckport_told_smaller, before.cards, before.reviews, after.cards, after.reviews)
            "$what ${kept(text.backup, text.madeMs)}"
        }
        is DeviceText.UnseenCopyKept -> "${say(R.string.deckport_told_unseen)} ${kept(text.backup, text.madeMs)}"
        DeviceText.NotetypesDiffer -> oneWay(R.string.deckport_told_notetypes_differ)
        DeviceText.CountsDiffer -> oneWay(R.string.deckport_told_counts_differ)
        DeviceText.ContentsRefused -> oneWay(R.string.deckport_told_contents_refused)
        DeviceText.AnkiTooOld -> say(R.string.deckport_told_anki_too_old)
        DeviceText.DiskFull -> say(R.string.deckport_told_disk_full)
        is DeviceText.DiskNotWritable -> say(R.string.deckport_told_disk_not_writable, text.detail)
        is DeviceText.CollectionUnusable -> say(R.string.deckport_told_collection_unusable, text.detail)
        is DeviceText.UploadTooLarge -> say(R.string.deckport_told_upload_too_large, size(text.maxBytes))
        is DeviceText.UploadOverQuota -> say(R.string.deckport_told_upload_over_quota, size(text.maxBytes))
        DeviceText.UploadArrivedDamaged -> say(R.string.deckport_told_upload_arrived_damaged)
        DeviceText.UploadBeingChecked -> say(R.string.deckport_told_upload_being_checked)
        is DeviceText.UploadNotStored -> say(R.string.deckport_told_upload_not_stored, text.detail)
        DeviceText.UploadNoCollection -> say(R.string.deckport_told_upload_no_collection)
        DeviceText.UploadTooNew -> say(R.string.deckport_told_upload_too_new, appName)
        DeviceText.UploadTooOld -> say(R.string.deckport_told_upload_too_old)
        is DeviceText.UploadDamaged -> say(R.string.deckport_told_upload_damaged, text.detail)
        DeviceText.MediaDiskFull -> say(R.string.deckport_told_media_disk_full)
        is DeviceText.MediaOverQuota -> say(R.string.deckport_told_media_over_quota, size(text.maxBytes))
        is DeviceText.MediaFailed -> say(R.string.deckport_told_media_failed, text.detail)
    }

    private fun kept(backup: String, madeMs: Long): String {
        val made = DateFormat.getDateTimeInstance(DateFormat.MEDIUM, DateFormat.SHORT).format(Date(madeMs))
        return say(R.string.deckport_told_copy_kept, made, appName, backup)
    }

    private fun oneWay(why: Int) = say(R.string.deckport_told_one_way, say(why))

    private fun size(bytes: Long) = Formatter.formatShortFileSize(context, bytes)

    private fun say(text: Int, vararg values: Any) = context.getString(text, *values)
}
