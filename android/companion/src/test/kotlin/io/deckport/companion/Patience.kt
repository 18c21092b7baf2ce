package io.deckport.companion

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.time.Instant

/** What takes longer than this hangs. */
private const val PATIENCE_MS = 90_000L

/** Something that ends soon. */
fun <T> now(work: suspend CoroutineScope.() -> T): T = runBlocking { withTimeout(PATIENCE_MS, work) }

/** Waits until there is something, while the screen goes on. */
fun <T : Any> Eyes.waitFor(what: () -> T?): T {
    // The tests' clock is not the system's; this one is.
    val end = Instant.now().plusMillis(PATIENCE_MS)
    while (true) {
        settle()
        what()?.let { return it }
        check(Instant.now() < end) { "waited in vain; there is: ${texts()}" }
        Thread.sleep(5)
    }
}

/** Waits until something holds, while the screen goes on. */
fun Eyes.waitUntil(holds: () -> Boolean) {
    waitFor { Unit.takeIf { holds() } }
}

/** Does something beside the screen, which goes on, and waits for its end. */
@OptIn(DelicateCoroutinesApi::class)
fun <T> Eyes.beside(work: suspend () -> T): T {
    val running = GlobalScope.async(Dispatchers.IO) { work() }
    waitUntil { running.isCompleted }
    return now { running.await() }
}
