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
    }
}
