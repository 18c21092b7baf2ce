package io.deckport

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.delay
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.io.IOException
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds

/** What an endpoint costs that listens while nobody syncs. */
@EnabledOnOs(OS.LINUX, disabledReason = "only there /proc tells of threads, files and memory")
class IdleTest {
    @TempDir
    lateinit var folder: File

    private fun idleOptions() = optionsFor(folder).copy(idleTimeoutMs = 200)

    /** Files of the account that this process has open. */
    private fun openFiles(): List<String> = File("/proc/self/fd").listFiles().orEmpty().mapNotNull { link ->
        try {
            Files.readSymbolicLink(link.toPath()).toString().takeIf { "/data/anna/" in it }
        } catch (_: IOException) {
            null
        }
    }

    private suspend fun becomesIdle() {
        while (openFiles().isNotEmpty()) delay(50)
        // Whoever closed them goes to sleep after that.
        delay(500)
    }

    @Test
    fun `nothing wakes up and no database is open`() = scenario {
        val others = engineThreads()
        opened(folder, idleOptions()).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one", "<img src=a.png>")
                device.call("add_media", "name" to "a.png", "text" to "a")
                device.sync("upload")
                device.call("sync_media")
                told.first<EndpointEvent.MediaFinished>()
                assertTrue(openFiles().isNotEmpty())
            }
            becomesIdle()
            val before = engineSleeps().filterKeys { it.substringAfter(" ") !in others }
            assertTrue(before.size >= 4, "$before")
            delay(2.seconds)
            assertEquals(before, engineSleeps().filterKeys { it.substringAfter(" ") !in others })
        }
    }

    @Test
    fun `memory is back near the level before the start`() = scenario(limit = PATIENCE * 2) {
        // Once for all that stays: compiled code, pools of threads, what allocators keep.
        val warm = folder
        folder = File(warm, "warm-up")
        hostAndRest(CompletableDeferred())
        folder = File(warm, "measured")
        val rest = CompletableDeferred<Double>()
        val before = residentMegabytes()
        hostAndRest(rest)
        val (idle, after) = rest.await() to residentMegabytes()
        println("memory in MB: before %.0f, idle %.0f, closed %.0f".format(before, idle, after))
        assertTrue(idle < before + MEGABYTES, "idle: $before, $idle")
        assertTrue(after < before + MEGABYTES, "closed: $before, $after")
        folder = warm
    }

    /** Hosts, takes and gives a collection of some size, then waits until all is quiet. */
    private suspend fun hostAndRest(rest: CompletableDeferred<Double>) {
        opened(folder, idleOptions()).use { deckport ->
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.call("fill", "notes" to 20_000)
                device.sync("upload")
                device.add("one more")
                device.sync()
                Anki(File(folder, "other")).use { other ->
                    other.login(url)
                    other.sync("download")
                }
            }
            deckport.check("anna")
            becomesIdle()
            rest.complete(residentMegabytes())
        }
    }

    private companion object {
        /** Generous: the collection above has some 20 MB, and its sync went through memory. */
        const val MEGABYTES = 16
    }
}
