package io.deckport

import kotlinx.coroutines.async
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File

/** What an app hears when something goes wrong while it hosts. */
class TroubleTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `a sync that ends early is told with its reason`() = scenario {
        opened(folder, optionsFor(folder).copy(stopTimeoutMs = 1)).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one")
                device.sync("upload")
                device.call("fill", "notes" to 3_000)
                val sync = async { runCatching { device.sync() } }
                told.first<EndpointEvent.SyncProgress>()
                deckport.stop()
                val failed = told.first<EndpointEvent.SyncFailed>()
                assertEquals("anna" to "the endpoint is shutting down", failed.account to failed.reason)
                assertTrue(sync.await().exceptionOrNull() is AnkiError)
                device.login(deckport.startedAt())
                device.sync()
                assertEquals(3_001L, deckport.overview("anna").notes)
            }
        }
    }

    @Test
    fun `a damaged collection is a problem that is told`() = scenario {
        opened(folder).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            File(folder, "data/anna").mkdirs()
            File(folder, "data/anna/collection.anki2").writeText("no collection, but long enough to be read as a file")
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one")
                refused<AnkiError> { device.sync() }
            }
            val problem = told.first<EndpointEvent.Problem>()
            assertEquals("anna", problem.account)
            assertEquals("the collection cannot be used: the file is not an Anki collection", problem.message)
        }
    }

    @Test
    fun `little space is told`() = scenario {
        // Every disk has less.
        opened(folder, optionsFor(folder).copy(lowSpaceBytes = Long.MAX_VALUE)).use { deckport ->
            val told = Told(this, deckport)
            deckport.start()
            val free = told.first<EndpointEvent.StorageLow>().freeBytes
            assertTrue(free in 1..folder.totalSpace, "$free")
        }
    }
}
