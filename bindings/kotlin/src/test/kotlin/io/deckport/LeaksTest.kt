package io.deckport

import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledOnOs
import org.junit.jupiter.api.condition.OS
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.random.Random
import kotlin.time.Duration.Companion.minutes

/** What a process holds. */
private data class Figures(val threads: Int, val files: Int, val megabytes: Double) {
    companion object {
        fun now(): Figures {
            val megabytes = residentMegabytes()
            val own = File("/proc/self")
            return Figures(File(own, "task").list()!!.size, File(own, "fd").list()!!.size, megabytes)
        }
    }
}

/** Many lives in one process, some of them cut off while a client syncs. */
class LeaksTest {
    @TempDir
    lateinit var folder: File

    private val lives = Integer.getInteger("deckport.lives")

    @Test
    @EnabledOnOs(OS.LINUX, disabledReason = "only there /proc tells of threads and files")
    fun `opening starting and closing many times leaks nothing`() = scenario(limit = 20.minutes) {
        Anki(File(folder, "device")).use { device ->
            opened(folder).use { deckport ->
                device.login(deckport.startedAt())
                device.add("first")
                device.sync("upload")
            }
            // What is made once and stays: pools of threads, compiled code, memory of allocators.
            repeat(WARM_UP) { live(it, device) }
            val before = Figures.now()
            repeat(lives) { live(it, device) }
            var after = Figures.now()
            for (attempt in 1..50) {
                if (after.threads <= before.threads + SLACK) break
                // Threads that were let go are still on their way out.
                delay(100)
                after = Figures.now()
            }
            report(before, after)
            assertTrue(after.threads <= before.threads + SLACK, "threads: $before, $after")
            assertTrue(after.files <= before.files + SLACK, "files: $before, $after")
            assertTrue(after.megabytes - before.megabytes < MEGABYTES + lives * 0.01, "memory: $before, $after")
        }
    }

    /** Opened, started, listened to, stopped and closed; each tenth time while a client is at it. */
    private suspend fun live(number: Int, device: Anki) = coroutineScope {
        opened(folder, optionsFor(folder).copy(stopTimeoutMs = 200)).use { deckport ->
            val subscription = deckport.subscribe(Silent)
            val url = deckport.startedAt()
            if (number % 10 == 0) {
                device.login(url)
                device.add("note $number ${System.nanoTime()}")
                val sync = async { runCatching { device.sync() } }
                delay(Random(number).nextLong(300))
                deckport.stop()
                sync.await()
            }
            subscription.close()
        }
    }

    private fun report(before: Figures, after: Figures) {
        val line = { name: String, figures: Figures ->
            "| %s | %d | %d | %.0f |\n".format(name, figures.threads, figures.files, figures.megabytes)
        }
        val table = "Opened, started, stopped and closed $lives times in one JVM, each tenth time while a client synced:\n\n" +
            "| | Threads | Open files | Resident memory (MB) |\n|---|--:|--:|--:|\n" +
            line("after the first $WARM_UP", before) + line("after $lives more", after)
        File("target/leaks.md").writeText(table)
        println(table)
    }

    private object Silent : EndpointListener {
        override fun onState(state: EndpointState) = Unit
        override fun onEvent(event: EndpointEvent) = Unit
    }

    private companion object {
        const val WARM_UP = 30

        /** Threads and files that the JVM itself may begin to use. */
        const val SLACK = 4

        /** What compiled code and the pools of allocators may still take. The heap has a fixed size. */
        const val MEGABYTES = 25
    }
}
