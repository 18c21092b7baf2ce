package io.deckport.companion.care

import android.content.Context
import io.deckport.EndpointOptions
import io.deckport.android.DeckportHost
import kotlinx.coroutines.CoroutineScope
import java.io.File
import java.time.ZoneId

/** Everything behind the screens that care for accounts: one for the process, so that it outlives activities. */
class Care(
    engine: Engine,
    folder: File,
    private val spool: Spool,
    private val documents: Documents,
    scope: CoroutineScope,
    reserve: Long,
    now: () -> Long = System::currentTimeMillis,
    zone: () -> ZoneId = ZoneId::systemDefault,
) : WorkActions {
    /** The long work. */
    val work = CareWork(scope)
    private val base = CareBase(engine, scope, work, Tasks(engine, spool, documents), ChosenAccount(), now, zone)

    val devices = DevicesPresenter(base)
    val accounts = AccountsPresenter(base)
    val backups = BackupsPresenter(base)
    val files = FilesPresenter(base, documents)
    val check = CheckPresenter(base)
    val unused = UnusedPresenter(base)
    val space = SpacePresenter(base, folder, reserve)

    /** Deletes what a killed process left. To be called once, before anything else, and not on the main thread. */
    fun sweep() = spool.sweep { address ->
        documents.of(address).discard()
        documents.release(address)
    }

    override fun cancel() = work.cancel()

    override fun seen() = work.seen()

    /** Brings back what was before. */
    override fun undo(undo: Undo) {
        work.seen()
        work.start(WorkKind.UNDO, undo.account) { base.tasks.restore(this, undo.account, undo.backup) }
    }
}

/** The app's own, with the collections of [host]. Files on their way are where the system makes no copies. */
fun careOf(context: Context, host: DeckportHost, scope: CoroutineScope): Care {
    val reserve = EndpointOptions(host.folder.path).lowSpaceBytes
    val spool = Spool(File(context.noBackupFilesDir, "files-on-their-way"), reserve)
    return Care(HostEngine(context, host), host.folder, spool, ContentDocuments(context.contentResolver), scope, reserve)
}
