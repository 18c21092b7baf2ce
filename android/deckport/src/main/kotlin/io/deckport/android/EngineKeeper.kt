package io.deckport.android

import io.deckport.Deckport
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlin.time.Duration

/**
 * Opens the engine when somebody needs it and closes it some time after nobody does: a folder can be open once, and
 * whoever looks at backups while nothing is hosted shares it with whoever starts to host.
 */
internal class EngineKeeper(
    private val scope: CoroutineScope,
    private val linger: Duration,
    private val open: suspend () -> Deckport,
) {
    private val lock = Mutex()
    private val users = MutableStateFlow(0)
    private var deckport: Deckport? = null
    private var isStale = false
    private var closing: Job? = null

    /** Does something with the open engine, where its caller runs. */
    suspend fun <T> use(work: suspend (Deckport) -> T): T {
        val deckport = acquire()
        return try {
            work(deckport)
        } finally {
            withContext(NonCancellable) { release() }
        }
    }

    /** The engine, until [release]. */
    suspend fun acquire(): Deckport {
        var taken = false
        try {
            return locked {
                closing?.cancel()
                if (isStale && users.value == 0) close()
                val opened = deckport ?: open().also {
                    deckport = it
                    isStale = false
                }
                users.value++
                taken = true
                opened
            }
        } catch (gone: CancellationException) {
            // On the way back: whoever wanted it never gets it.
            if (taken) withContext(NonCancellable) { release() }
            throw gone
        }
    }

    /** The engine as it is to be now, until [release]: waits for those who still use one with old options. */
    suspend fun acquireFresh(): Deckport {
        while (true) {
            val opened = acquire()
            if (!isStale) return opened
            release()
            users.first { it == 0 }
        }
    }

    /** Ends what [acquire] began. */
    suspend fun release(): Unit = locked {
        users.value--
        if (users.value == 0) {
            closing = scope.launch {
                delay(linger)
                locked { if (users.value == 0) close() }
            }
        }
    }

    /** Whoever needs the engine next gets one that was opened anew. */
    suspend fun renew(): Unit = locked { isStale = deckport != null }

    /** Closes the engine also under those who use it: their calls fail with `Closed`. */
    suspend fun end(): Unit = locked {
        closing?.cancel()
        close()
    }

    /** Never held by what has to go on in its caller's thread: the main one may be waiting for it. */
    private suspend fun <T> locked(work: suspend () -> T): T =
        withContext(Dispatchers.Default) { lock.withLock { work() } }

    private suspend fun close() = withContext(NonCancellable) {
        val ending = deckport
        deckport = null
        ending?.shutdown()
        ending?.close()
    }
}
