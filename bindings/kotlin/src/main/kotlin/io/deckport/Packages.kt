package io.deckport

import java.io.File

/**
 * How far something long has come.
 *
 * @property stage what is being done.
 * @property done bytes or files that are done; see [CareStage].
 * @property total how many there are, where that is known.
 */
public data class Progress(val stage: CareStage, val done: Long, val total: Long?)

/**
 * As [EndpointInterface.importFile], with a function for the progress. It is called on a background thread and
 * must return fast; what it throws ends the import and is thrown from here. Cancelling the coroutine ends
 * the import, too: the collection is as it was, or it was too late.
 */
public suspend fun EndpointInterface.importFile(
    account: String,
    file: File,
    onProgress: (Progress) -> Unit,
): ImportReport {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { importFile(account, file.path, teller) }
}

/**
 * As [EndpointInterface.exportFile], with a function for the progress. It is called on a background thread and
 * must return fast; what it throws ends the export and is thrown from here. Cancelling the coroutine ends
 * the export, too, and no file appears.
 */
public suspend fun EndpointInterface.exportFile(
    account: String,
    file: File,
    options: ExportOptions = ExportOptions(),
    onProgress: (Progress) -> Unit = {},
): ExportReport {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { exportFile(account, file.path, options, teller) }
}

/**
 * As [EndpointInterface.check], with a function for the progress. It is called on a background thread and must
 * return fast; what it throws ends the check and is thrown from here. Cancelling the coroutine ends it, too:
 * everything is as it was, or it was too late.
 */
public suspend fun EndpointInterface.check(
    account: String,
    repair: Boolean = false,
    onProgress: (Progress) -> Unit,
): CheckReport {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { check(account, repair, teller) }
}

/** As [EndpointInterface.checkMedia], with a function for the progress, as for [check]. */
public suspend fun EndpointInterface.checkMedia(
    account: String,
    repair: Boolean = false,
    onProgress: (Progress) -> Unit,
): MediaReport? {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { checkMedia(account, repair, teller) }
}

/** As [EndpointInterface.createBackup], with a function for the progress, as for [check]. */
public suspend fun EndpointInterface.createBackup(account: String, onProgress: (Progress) -> Unit): Backup {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { createBackup(account, teller) }
}

/** As [EndpointInterface.restoreBackup], with a function for the progress, as for [check]. */
public suspend fun EndpointInterface.restoreBackup(
    account: String,
    name: String,
    onProgress: (Progress) -> Unit,
): Restored {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { restoreBackup(account, name, teller) }
}

/** As [EndpointInterface.exportBackup], with a function for the progress, as for [check]. */
public suspend fun EndpointInterface.exportBackup(
    account: String,
    name: String,
    to: File,
    onProgress: (Progress) -> Unit = {},
): Backup {
    val teller = ProgressTeller(onProgress)
    return teller.rethrowing { exportBackup(account, name, to.path, teller) }
}

/** Hands progress to a function and keeps what that throws. */
private class ProgressTeller(private val tell: (Progress) -> Unit) : ProgressListener {
    @Volatile
    private var thrown: Throwable? = null

    override fun onProgress(stage: CareStage, done: Long, total: Long?): Boolean = try {
        tell(Progress(stage, done, total))
        true
    } catch (error: Throwable) {
        thrown = error
        false
    }

    suspend fun <T> rethrowing(work: suspend () -> T): T = try {
        work()
    } catch (error: CareException.Cancelled) {
        throw thrown ?: error
    } catch (error: BackupException.Cancelled) {
        throw thrown ?: error
    }
}
