package io.deckport.companion.care

import io.deckport.companion.R
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.completeWith
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import java.io.Closeable
import java.io.File
import java.io.IOException
import java.util.concurrent.atomic.AtomicReference
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds

/** Read and written in one go. */
private const val PIECE = 64 * 1024

/** How many bytes go by between two looks at the room that is left. */
private const val LOOK_EVERY = 4L shl 20

/** How long another app may take to delete what is half. */
private val DISCARDING = 5.seconds

/**
 * Copies a document of unknown nature [into] a file, as long as there is room, and answers whether it was as long as
 * its app had told. The app may hang or fail; it can be cancelled at any time.
 */
suspend fun WorkScope.fetch(documents: Documents, document: Document, into: File, spool: Spool): Boolean {
    val size = aside { document.size }
    // It is in the account once more before this one is deleted.
    if (size != null) spool.ask(2 * size)
    val open = AtomicReference<Closeable>()
    val close = {
        documents.breakOpening(document)
        open.get()?.close() ?: Unit
    }
    return breakable(close) {
        fetched { document.read() }.use { source ->
            open.set(source)
            val done = into.outputStream().use { target ->
                copy(WorkStep.FETCH, size, { fetched { source.stream.read(it) } }) { piece, count, done ->
                    if (done % LOOK_EVERY < count) spool.ask(count.toLong())
                    target.write(piece, 0, count)
                }
            }
            fetched { source.finish() }
            size == null || done >= size
        }
    }
}

/** What fails while reading is the other app's failure. */
private fun <T> fetched(work: () -> T): T = blamed(work) { Sorry(Words.Say(R.string.care_failed_fetch), it.message) }

/**
 * Works towards a document that a person has made. When that fails or is cancelled the document is deleted, or at least
 * emptied; where its app allows neither, a person is told so. After a kill [Spool.sweep] finds it.
 */
suspend fun <T> towards(documents: Documents, address: String, spool: Spool, work: suspend () -> T): T {
    documents.hold(address)
    val settled = spool.noted(address)
    try {
        return work()
    } catch (error: Throwable) {
        val discarded = withContext(NonCancellable) {
            withTimeoutOrNull(DISCARDING) { aside { documents.of(address).discard() } } ?: false
        }
        throw if (discarded) error else Sorry(Words.Say(R.string.care_failed_remains), error.message)
    } finally {
        settled()
        documents.release(address)
    }
}

/** Copies a file into a document and answers whether its app has as much of it afterwards, as far as it tells. */
suspend fun WorkScope.handOver(documents: Documents, from: File, address: String): Boolean {
    val document = documents.of(address)
    val open = AtomicReference<Closeable>()
    val close = {
        documents.breakOpening(document)
        open.get()?.close() ?: Unit
    }
    breakable(close) {
        handed { document.write() }.use { target ->
            open.set(target)
            from.inputStream().use { source ->
                copy(WorkStep.HAND_OVER, from.length(), source::read) { piece, count, _ ->
                    handed { target.stream.write(piece, 0, count) }
                }
            }
            handed { target.finish() }
        }
    }
    val kept = aside { documents.of(address).size }
    return kept == null || kept >= from.length()
}

private fun <T> handed(work: () -> T): T = blamed(work) {
    if (isFull(it)) Sorry(R.string.care_failed_full_there) else Sorry(Words.Say(R.string.care_failed_hand_over), it.message)
}

/** Another app's provider may throw anything. */
private fun <T> blamed(work: () -> T, sorry: (Exception) -> Sorry): T = try {
    work()
} catch (error: IOException) {
    throw sorry(error)
} catch (error: RuntimeException) {
    throw sorry(error)
}

private fun WorkScope.copy(
    step: WorkStep,
    total: Long?,
    read: (ByteArray) -> Int,
    write: (piece: ByteArray, count: Int, done: Long) -> Unit,
): Long {
    var done = 0L
    val piece = ByteArray(PIECE)
    tell(WorkProgress(step, 0, total))
    while (true) {
        val count = read(piece)
        if (count < 0) return done
        write(piece, count, done)
        done += count
        tell(WorkProgress(step, done, total?.takeIf { it >= done }))
    }
}

/** Does what may block for ever on a thread of its own: who waits for it can be cancelled. */
internal suspend fun <T> aside(work: () -> T): T {
    val result = CompletableDeferred<T>()
    thread(name = "care-aside", isDaemon = true) {
        result.completeWith(runCatching(work))
    }
    return result.await()
}
