package io.deckport

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
    fun `memory is back near the level before the start`() = scenario(limit = PATIENCE * 3) {
        val all = folder
        folder = File(all, "opened only")
        opened(folder).close()
        val before = residentMegabytes()
        folder = File(all, "first")
        val first = hostAndRest()
        folder = File(all, "second")
        val second = hostAndRest()
        val closed = residentMegabytes()
        folder = all
        println("memory in MB: before %.0f, idle %.0f, idle again %.0f, closed %.0f".format(before, first, second, closed))
        assertTrue(first < before + MEGABYTES && closed < before + MEGABYTES, "$before, $first, $closed")
        assertTrue(second < first + MEGABYTES / 2, "$first, $second")
    }

    /** Hosts, takes and gives a collection of some size and waits until all is quiet; the memory taken then. */
    private suspend fun hostAndRest(): Double =
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
            residentMegabytes()
        }

    private companion object {
        /**
         * Generous: less than twice the collection above. The JVM itself takes some for compiled code, and the C
         * library keeps what was freed for the next time.
         */
        const val MEGABYTES = 40
    }
}
