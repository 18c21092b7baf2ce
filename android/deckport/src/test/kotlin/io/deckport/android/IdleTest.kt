package io.deckport.android

import android.content.Intent
import io.deckport.Deckport
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File
import java.io.IOException

/** While nobody syncs, nothing wakes up. */
@RunWith(RobolectricTestRunner::class)
class IdleTest {
    @Test
    @Config(sdk = [36])
    fun `no thread of the service and of the engine runs for three seconds`() {
        val before = ours()
        // Databases are closed after a moment, so that the test need not wait a minute.
        val quick = Surroundings(
            open = { options, _ -> Deckport.open(options.copy(idleTimeoutMs = 200)) },
            interfaces = { listOf(WIFI) },
        )
        val host = hostOf(quick)
        val service = Robolectric.buildService(HostService::class.java, Intent()).create().startCommand(0, 1)
        assertEquals(1L, host.takesNotes("device", "one"))
        waitUntil { host.on().activity.syncing.isEmpty() }
        // Whoever works now goes to sleep.
        settle(before)
        val sleeps = sleeps(before)
        assertTrue("$sleeps", sleeps.keys.any { "deckport" in it })
        Thread.sleep(3_000)
        // Threads of a pool may have ended, but nobody has run, and nobody is new.
        val after = sleeps(before)
        assertEquals(sleeps.filterKeys { it in after }, after)
        service.destroy()
        now { host.close() }
    }

    /** Waits until nothing has run for half a second: closing databases, pools that let their threads go. */
    private fun settle(others: Set<String>) {
        val end = System.currentTimeMillis() + PATIENCE_MS
        var last = sleeps(others)
        do {
            Thread.sleep(500)
            val now = sleeps(others)
            val isQuiet = now == last
            last = now
        } while (!isQuiet && System.currentTimeMillis() < end)
    }

    private val tasks = File("/proc/self/task")

    /** Ids of the threads of the engine and of coroutines. */
    private fun ours(): Set<String> = tasks.list().orEmpty().filter { id -> NAMES.any(nameOf(id)::startsWith) }.toSet()

    /** How often each of them but the others has slept so far. */
    private fun sleeps(others: Set<String>): Map<String, Long> = (ours() - others).associate { id ->
        val status = try {
            File(tasks, "$id/status").readLines()
        } catch (_: IOException) {
            emptyList()
        }
        val line = status.firstOrNull { it.startsWith("voluntary_ctxt_switches") }
        "${nameOf(id)} $id" to (line?.substringAfter(":")?.trim()?.toLong() ?: 0)
    }

    private fun nameOf(id: String): String = try {
        File(tasks, "$id/comm").readText().trim()
    } catch (_: IOException) {
        ""
    }

    private companion object {
        /** Linux shows fifteen letters of a name. */
        val NAMES = listOf("deckport", "account-", "media-", "backups", "transfer", "DefaultDispatch", "kotlinx.corouti")
    }
}
