package io.deckport.android

import android.app.Application
import android.os.Looper
import io.deckport.Anki
import io.deckport.NetworkInterface
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.File

/** What takes longer than this hangs. */
const val PATIENCE_MS = 60_000L

/** The app under test. */
val app: Application get() = RuntimeEnvironment.getApplication()

/** A Wi-Fi of a simulated phone, as its interfaces tell it. */
val WIFI = NetworkInterface("wlan0", listOf("192.168.1.20/24"))

/** A host on a free port, with the account `anna` whose password is `p`. */
internal fun hostOf(
    surroundings: Surroundings = Surroundings(interfaces = { listOf(WIFI) }),
    settings: HostSettings = HostSettings(port = 0),
): DeckportHost {
    val host = DeckportHost.of(app, DeckportHost.defaultFolder(app), surroundings)
    now {
        host.change { settings }
        host.use { if (it.accounts().isEmpty()) it.addAccount("anna", "p") }
    }
    return host
}

/** Something that ends soon. */
fun <T> now(work: suspend CoroutineScope.() -> T): T = runBlocking { withTimeout(PATIENCE_MS, work) }

/** Waits until there is something. Called on the main thread, that does its work meanwhile. */
fun <T : Any> waitFor(what: () -> T?): T {
    val end = System.currentTimeMillis() + PATIENCE_MS
    while (true) {
        if (Looper.getMainLooper().isCurrentThread) shadowOf(Looper.getMainLooper()).idle()
        what()?.let { return it }
        check(System.currentTimeMillis() < end) { "waited in vain" }
        Thread.sleep(5)
    }
}

/** Waits until something holds, while the main thread does its work. */
fun waitUntil(holds: () -> Boolean) {
    waitFor { Unit.takeIf { holds() } }
}

/** Does something beside the main thread; [waitFor] its end. */
@OptIn(DelicateCoroutinesApi::class)
fun <T> beside(work: suspend () -> T): Deferred<T> = GlobalScope.async(Dispatchers.IO) { work() }

/** Waits for what was begun [beside], while the main thread does its work. */
fun <T> ended(work: Deferred<T>): T {
    waitUntil { work.isCompleted }
    return now { work.await() }
}

/** The addresses and the rest, as soon as it hosts. */
fun DeckportHost.on(): HostState.On = waitFor { state.value as? HostState.On }

/** Where a program on this device reaches it. */
fun DeckportHost.url(): String = checkNotNull(Ankidroid.address(on()))

/** An Anki client with a folder of its own. */
fun anki(name: String): Anki = Anki(File(app.cacheDir, name))

/** A client that has logged in, added notes and sent its collection; how many notes the host has then. */
fun DeckportHost.takesNotes(device: String, vararg notes: String): Long = ended(
    beside {
        anki(device).use { anki ->
            anki.login(url())
            for (note in notes) anki.add(note)
            anki.sync("upload")
        }
        use { it.overview("anna").notes }
    },
)
