package io.deckport

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CopyOnWriteArraySet
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Backups, packages and checks. */
class CareTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `backups bring a collection back`() = scenario {
        opened(folder).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one")
                device.sync("upload")
                val made = deckport.createBackup("anna")
                assertEquals(BackupReason.MANUAL to 1L, made.reason to made.counts?.notes)
                assertEquals(made.name, told.first<EndpointEvent.BackupMade>().name)
                device.add("two")
                device.sync()
                val restored = deckport.restoreBackup("anna", made.name)
                assertEquals(BackupReason.RESTORE to 1L, restored.kept?.reason to restored.counts.notes)
                assertEquals(listOf(restored.kept?.name, made.name), deckport.backups("anna").map { it.name })
                val copy = File(folder, "copy.anki2")
                deckport.exportBackup("anna", made.name, copy.path)
                assertEquals(made.collectionBytes, copy.length())
                refused<BackupException.FileExists> { deckport.exportBackup("anna", made.name, copy.path) }
                assertEquals(emptyList<Backup>(), deckport.pruneBackups("anna"))
                device.sync("download")
                assertEquals(1L, device.notes())
            }
        }
    }

    @Test
    fun `packages go out and in with progress and end when the caller throws`() = scenario {
        opened(folder).use { deckport ->
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.add("one", "<img src=a.png>")
                device.call("add_media", "name" to "a.png", "text" to "a")
                device.sync("upload")
                device.call("sync_media")
            }
            val file = File(folder, "out.colpkg")
            val mine = refused<ArithmeticException> {
                deckport.exportFile("anna", file) { throw ArithmeticException("enough") }
            }
            assertEquals("enough", mine)
            assertFalse(file.exists())
            val stages = CopyOnWriteArraySet<CareStage>()
            val out = deckport.exportFile("anna", file) { stages += it.stage }
            assertEquals(listOf<Any>(1L, emptyList<String>()), listOf(out.mediaFiles, out.damaged))
            assertEquals(file.length(), out.bytes)
            assertTrue(CareStage.COLLECTION in stages)
            refused<CareException.FileExists> { deckport.exportFile("anna", file.path) }

            deckport.addAccount("bob", "p")
            refused<ArithmeticException> { deckport.importFile("bob", file) { throw ArithmeticException() } }
            assertEquals(0L, deckport.overview("bob").notes)
            val into = deckport.importFile("bob", file.path)
            assertEquals(listOf(1L, 1L), listOf(into.counts.notes, into.mediaAdded))
            assertNull(into.kept)
            assertTrue(deckport.check("bob", repair = true).isClean)
            assertEquals(1L, deckport.checkMedia("bob", repair = true)?.right)
        }
    }

    @Test
    fun `cancelling a check or a repair ends it and leaves everything as it was`() = scenario {
        opened(folder).use { deckport ->
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.call("fill", "notes" to 2_000)
                device.call("execute", "sql" to "update cards set due = 3000004 where type = 0", "args" to emptyList<Any>())
                device.call("add_media", "name" to "a.png", "text" to "a")
                device.sync("upload")
                device.call("sync_media")
                for (stage in CareStage.entries) {
                    cancelledAt(stage) { deckport.check("anna", onProgress = it) }
                }
                for (stage in listOf(CareStage.COLLECTION, CareStage.CHECKING)) {
                    cancelledAt(stage) { deckport.check("anna", repair = true, onProgress = it) }
                }
                cancelledAt(CareStage.MEDIA) { deckport.checkMedia("anna", repair = true, onProgress = it) }
                assertEquals(emptyList<Backup>(), deckport.backups("anna"))
                // No device has to wait for anything that was cancelled.
                device.add("one more")
                device.sync()
                assertEquals(1, deckport.check("anna").findings.size)
                val stages = CopyOnWriteArraySet<CareStage>()
                assertTrue(deckport.check("anna", repair = true) { stages += it.stage }.repaired)
                assertEquals(CareStage.entries.toSet(), stages.toSet())
                assertTrue(deckport.check("anna").isClean)
                device.sync()
                assertEquals(2_001L, device.notes())
            }
        }
    }

    @Test
    fun `backups tell of their progress and can be cancelled`() = scenario {
        opened(folder).use { deckport ->
            val url = deckport.startedAt()
            Anki(File(folder, "device")).use { device ->
                device.login(url)
                device.call("fill", "notes" to 2_000)
                device.sync("upload")
                cancelledAt(CareStage.COLLECTION) { deckport.createBackup("anna", it) }
                val told = CopyOnWriteArrayList<Progress>()
                val made = deckport.createBackup("anna") { told += it }
                assertEquals(Progress(CareStage.COLLECTION, made.storedBytes, made.storedBytes), told.last())
                device.add("one more")
                device.sync()
                for (stage in listOf(CareStage.COLLECTION, CareStage.CHECKING)) {
                    cancelledAt(stage) { deckport.restoreBackup("anna", made.name, it) }
                }
                val copy = File(folder, "copy.anki2")
                cancelledAt(CareStage.COLLECTION) { deckport.exportBackup("anna", made.name, copy, it) }
                while (copy.exists()) delay(10)
                val mine = refused<ArithmeticException> {
                    deckport.exportBackup("anna", made.name, copy) { throw ArithmeticException("enough") }
                }
                assertEquals("enough" to false, mine to copy.exists())
                deckport.exportBackup("anna", made.name, copy) { told += it }
                assertEquals(Progress(CareStage.COLLECTION, copy.length(), copy.length()), told.last())
                // Nothing came of what was cancelled.
                assertEquals(2_001L, deckport.overview("anna").notes)
                assertEquals(listOf(made), deckport.backups("anna"))
                device.sync()
                assertEquals(2_000L, deckport.restoreBackup("anna", made.name) { told += it }.counts.notes)
                assertEquals(2_000L, deckport.overview("anna").notes)
            }
        }
    }

    /** Cancels the caller in the midst of the work, which then hears of it. */
    private suspend fun CoroutineScope.cancelledAt(stage: CareStage, work: suspend ((Progress) -> Unit) -> Any?) {
        val began = CompletableDeferred<Unit>()
        val held = CountDownLatch(1)
        val told = AtomicInteger()
        val job = launch(Dispatchers.IO) {
            work {
                if (it.stage == stage) {
                    told.incrementAndGet()
                    began.complete(Unit)
                    held.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS)
                }
            }
        }
        began.await()
        job.cancel()
        job.join()
        held.countDown()
        assertTrue(job.isCancelled, "$stage")
        assertEquals(1, told.get(), "$stage")
    }
}
