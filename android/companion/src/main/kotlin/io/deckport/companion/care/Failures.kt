package io.deckport.companion.care

import androidx.annotation.StringRes
import io.deckport.AccountException
import io.deckport.BackupException
import io.deckport.CareException
import io.deckport.OverviewException
import io.deckport.companion.R
import java.io.IOException

/** A failure of the app's own, with its words. */
class Sorry(val words: Words, val detail: String? = null) : Exception(detail) {
    constructor(@StringRes id: Int, vararg places: Any) : this(Words.Say(id, *places))
}

/** What a person is told when something failed: what is the matter, and what to do. */
fun noticeOf(error: Throwable): Notice = when (error) {
    is Sorry -> failed(error.words, error.detail)
    is AccountException -> ofAccount(error)
    is BackupException -> ofBackup(error)
    is CareException -> ofCare(error)
    is OverviewException -> when (error) {
        is OverviewException.NoSuchAccount -> failed(R.string.care_failed_no_account)
        is OverviewException.Stopping, is OverviewException.Closed -> failed(R.string.care_failed_stopping)
        is OverviewException.Failed -> failed(R.string.care_failed_other, error.reason)
    }
    is IOException if isFull(error) -> failed(R.string.care_failed_space)
    else -> failed(R.string.care_failed_other, error.message ?: error.javaClass.simpleName)
}

private fun ofAccount(error: AccountException): Notice = when (error) {
    is AccountException.AlreadyExists -> failed(R.string.care_failed_name_taken)
    is AccountException.NoSuchAccount -> failed(R.string.care_failed_no_account)
    is AccountException.NoSuchDevice -> failed(R.string.care_failed_no_device)
    is AccountException.BadName -> failed(R.string.care_failed_name)
    is AccountException.BadPassword -> failed(R.string.care_failed_password)
    is AccountException.NoSpace -> failed(R.string.care_failed_space)
    is AccountException.Busy -> failed(R.string.care_failed_busy)
    is AccountException.Closed -> failed(R.string.care_failed_stopping)
    else -> failed(R.string.care_failed_other, error.message)
}

private fun ofBackup(error: BackupException): Notice = when (error) {
    is BackupException.NoSuchAccount -> failed(R.string.care_failed_no_account)
    is BackupException.NoSuchBackup -> failed(R.string.care_failed_no_backup)
    is BackupException.NothingToKeep -> failed(R.string.care_failed_nothing_to_keep)
    is BackupException.Unusable -> failed(R.string.care_failed_backup, error.reason)
    is BackupException.Busy -> failed(R.string.care_failed_syncing)
    is BackupException.Stopping, is BackupException.Closed -> failed(R.string.care_failed_stopping)
    is BackupException.NoSpace -> failed(R.string.care_failed_space)
    else -> failed(R.string.care_failed_other, error.message)
}

private fun ofCare(error: CareException): Notice = when (error) {
    is CareException.NoSuchAccount -> failed(R.string.care_failed_no_account)
    is CareException.NoCollection -> failed(R.string.care_failed_no_collection)
    is CareException.Busy -> failed(R.string.care_failed_syncing)
    is CareException.Unusable -> failed(R.string.care_failed_unusable, error.reason)
    is CareException.Stopping, is CareException.Closed -> failed(R.string.care_failed_stopping)
    is CareException.NoSpace -> failed(R.string.care_failed_space)
    else -> failed(R.string.care_failed_other, error.message)
}

/** Whether the disk is full, or what the system allows the app. */
internal fun isFull(error: Exception): Boolean =
    generateSequence<Throwable>(error) { it.cause }.any { cause -> FULL.any { it in cause.message.orEmpty() } }

private val FULL = listOf("ENOSPC", "EDQUOT", "No space left", "Disk quota exceeded")

private fun failed(@StringRes id: Int, detail: String? = null) = failed(Words.Say(id), detail)

private fun failed(words: Words, detail: String?) = Notice(listOf(words), detail, failed = true)
