package io.deckport.companion.care

import androidx.compose.runtime.Immutable
import io.deckport.CareStage
import io.deckport.Progress
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.completeWith
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import java.util.concurrent.CopyOnWriteArraySet
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Kinds of long work. */
enum class WorkKind { BACKUP, RESTORE, UNDO, SAVE_BACKUP, EXPORT, IMPORT, CHECK, REPAIR }

/** What a work is doing. */
enum class WorkStep {
    /** Getting a file from another app; bytes. */
    FETCH,

    /** Moving the collection; bytes. */
    COLLECTION,

    /** Checking it; not counted. */
    CHECKING,

    /** Moving media; files. */
    MEDIA,

    /** Giving a file to another app; bytes. */
    HAND_OVER,
}

/** How far it has come. [step] is null before it has begun. */
@Immutable
data class WorkProgress(val step: WorkStep? = null, val done: Long = 0, val total: Long? = null)

/** The long work of the app: there is one at a time. */
@Immutable
sealed interface WorkState {
    data object None : WorkState

    /** @property cancelling whether it was asked to end and has not yet. */
    data class Running(
        val kind: WorkKind,
        val account: String,
        val progress: WorkProgress = WorkProgress(),
        val cancelling: Boolean = false,
    ) : WorkState

    /** It ended and nobody has read how. */
    data class Ended(val kind: WorkKind, val account: String, val notice: Notice) : WorkState
}

/** What a work does within [CareWork]. */
interface WorkScope {
    /** Says how far it has come; throws when it was cancelled. */
    fun tell(progress: WorkProgress)

    /** Does what may block for ever on a thread of its own; [close] is called to break it when it is cancelled. */
    suspend fun <T> breakable(close: () -> Unit, work: () -> T): T
}

/** The engine's progress as a work's; throws when it was cancelled. */
fun WorkScope.tell(progress: Progress) {
    val step = when (progress.stage) {
        CareStage.COLLECTION -> WorkStep.COLLECTION
        CareStage.CHECKING -> WorkStep.CHECKING
        CareStage.MEDIA -> WorkStep.MEDIA
    }
    tell(WorkProgress(step, progress.done, progress.total))
}

/** It was asked to end and has ended; everything is as it was. */
class WorkCancelled : Exception("it was cancelled")

/**
 * Long work, which outlives screens and rotation: it belongs to the process.
 *
 * What is cancelled ends at its next report of progress: so it is known whether it was too late. What reports nothing
 * for [patience] is let go of.
 */
class CareWork(private val scope: CoroutineScope, private val patience: Duration = 5.seconds) {
    private val current = MutableStateFlow<WorkState>(WorkState.None)
    private val lock = Any()
    private var running: Running? = null

    /** What is going on. */
    val state: StateFlow<WorkState> = current.asStateFlow()

    /** Begins a work, unless one is running: then it answers false. What [work] answers is told at its end. */
    fun start(kind: WorkKind, account: String, work: suspend WorkScope.() -> Notice): Boolean {
        synchronized(lock) {
            if (running != null) return false
            val mine = Running()
            running = mine
            current.value = WorkState.Running(kind, account)
            scope.launch {
                val notice = noticed(mine, kind, work)
                synchronized(lock) {
                    running = null
                    current.value = WorkState.Ended(kind, account, notice)
                }
            }
        }
        return true
    }

    /** Asks the running work to end. */
    fun cancel() {
        val work = synchronized(lock) { running } ?: return
        current.update { if (it is WorkState.Running) it.copy(cancelling = true) else it }
        work.cancel()
        scope.launch {
            delay(patience)
            work.letGo.complete(Unit)
        }
    }

    /** Somebody has read how it ended. */
    fun seen() {
        current.update { if (it is WorkState.Ended) WorkState.None else it }
    }

    private suspend fun noticed(mine: Running, kind: WorkKind, work: suspend WorkScope.() -> Notice): Notice {
        val result = CompletableDeferred<Notice>()
        val inner = scope.launch {
            try {
                result.complete(mine.work())
            } catch (_: WorkCancelled) {
                result.complete(cancelledNotice(kind, sure = true))
            } catch (error: CancellationException) {
                result.complete(cancelledNotice(kind, sure = false))
                throw error
            } catch (error: Exception) {
                // What was broken on purpose fails in many ways. What may be left behind is said nevertheless.
                val ended = mine.isCancelled && error !is Sorry
                result.complete(if (ended) cancelledNotice(kind, sure = true) else noticeOf(error))
            }
        }
        val watch = scope.launch {
            mine.letGo.await()
            inner.cancel()
        }
        return result.await().also { watch.cancel() }
    }

    private inner class Running : WorkScope {
        val letGo = CompletableDeferred<Unit>()
        private val breakers = CopyOnWriteArraySet<() -> Unit>()

        @Volatile
        var isCancelled = false
            private set

        fun cancel() {
            isCancelled = true
            for (breaker in breakers) breaker()
        }

        override fun tell(progress: WorkProgress) {
            if (isCancelled) throw WorkCancelled()
            current.update { if (it is WorkState.Running) it.copy(progress = progress) else it }
        }

        override suspend fun <T> breakable(close: () -> Unit, work: () -> T): T {
            val result = CompletableDeferred<T>()
            val breaker: () -> Unit = {
                result.completeExceptionally(WorkCancelled())
                // Closing may block, too, when the other side does.
                thread(name = "care-close", isDaemon = true) { runCatching(close) }
            }
            breakers += breaker
            try {
                if (isCancelled) throw WorkCancelled()
                thread(name = "care-stream", isDaemon = true) { result.completeWith(runCatching(work)) }
                return result.await()
            } finally {
                breakers -= breaker
            }
        }
    }
}
