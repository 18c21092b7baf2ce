package io.deckport.companion.care

import android.app.Application
import io.deckport.Anki
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** Files go to and come from other apps through pipes, with the real engine and a real client. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class)
class FilesTest {
    @Before
    fun install() = PipeProvider.install()

    private suspend fun withMedia(opened: OpenCare): Anki = opened.device().apply {
        add("one", "<img src=a.png>")
        call("add_media", "name" to "a.png", "text" to "a".repeat(300_000))
        sync("upload")
        call("sync_media")
    }

    @Test
    fun `what the app exports Anki imports`() = runBlocking {
        OpenCare().use { opened ->
            withMedia(opened).close()
            val (address, document) = PipeProvider.document()
            opened.care.files.export("anna", ExportForm.PACKAGE, legacy = false, address)
            val told = opened.ended().notice
            assertTrue(told.text(), told.text().startsWith("The collection was saved as a file:"))
            assertTrue(document.written.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS))
            val file = File(opened.folder, "out.colpkg").apply { writeBytes(document.bytes!!) }
            Anki(File(opened.folder, "other")).use { other ->
                other.call("import_package", "path" to file.path)
                assertEquals(1L, other.notes())
                assertTrue(other.call("media_files").toString().contains("a.png"))
            }
            assertEquals(emptyList<File>(), opened.onTheirWay())
        }
    }

    @Test
    fun `what Anki exports the app imports, and undo brings back what was there`() = runBlocking {
        OpenCare().use { opened ->
            withMedia(opened).close()
            val package1 = File(opened.folder, "in.colpkg")
            Anki(File(opened.folder, "other")).use { other ->
                for (name in listOf("x", "y", "z")) other.add(name)
                other.call("add_media", "name" to "b.png", "text" to "b")
                other.call("export_package", "path" to package1.path)
            }
            val files = opened.care.files
            val (address, document) = PipeProvider.document(package1.readBytes())
            files.file(address)
            assertEquals(ChosenFile(address, "document", null), files.state.await { it.chosenFile != null }.chosenFile)
            files.import()
            val told = opened.ended().notice
            assertTrue(told.text(), told.text().startsWith("The file was imported. “anna” now has 3 cards."))
            assertEquals(3L to 2L, opened.deckport.overview("anna").run { notes to mediaFiles })
            opened.care.undo(checkNotNull(told.undo))
            opened.ended()
            assertEquals(1L, opened.deckport.overview("anna").notes)
            document.name = "french.APKG"
            files.file(address)
            assertTrue(files.state.await { it.notice != null }.notice!!.text().startsWith("This file holds single decks"))
        }
    }

    @Test
    fun `an app that dies in the middle harms nothing`() = runBlocking {
        OpenCare().use { opened ->
            opened.device("one").close()
            val whole = File(opened.folder, "out.colpkg")
            opened.deckport.exportFile("anna", whole.path)
            val (source, giver) = PipeProvider.document(whole.readBytes() + ByteArray(100_000))
            giver.after = 8_192
            giver.size = giver.bytes!!.size.toLong()
            import(opened, source)
            assertTrue(opened.ended().notice.run { failed && text().startsWith("The file could not be read to its end.") })
            // Without a size only the engine can tell.
            giver.size = null
            import(opened, source)
            assertTrue(opened.ended().notice.run { failed && text().startsWith("This file is no collection") })

            val (target, taker) = PipeProvider.document()
            taker.after = 8_192
            opened.care.files.export("anna", ExportForm.COLLECTION, legacy = false, target)
            assertTrue(opened.ended().notice.run { failed && text().startsWith("The file could not be saved in that place.") })
            assertTrue(taker.isDeleted)
            assertEquals(1L to 0, opened.deckport.overview("anna").notes to opened.deckport.backups("anna").size)
            assertEquals(emptyList<File>(), opened.onTheirWay())
        }
    }

    @Test
    fun `an app that hangs can be given up`() = runBlocking {
        OpenCare().use { opened ->
            opened.device("one").close()
            val (source, giver) = PipeProvider.document(ByteArray(1_000_000))
            giver.after = 500_000
            giver.then = PipeProvider.End.HANGS
            import(opened, source)
            assertTrue(giver.reached.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS))
            opened.care.work.state.await { it is WorkState.Running && it.progress.done >= 400_000 }
            opened.care.cancel()
            assertEquals("Cancelled. The collection is as it was; media that were already added stay.", opened.ended().notice.text())
            giver.released.countDown()

            val (target, taker) = PipeProvider.document()
            taker.after = 8_192
            taker.then = PipeProvider.End.HANGS
            opened.care.files.export("anna", ExportForm.COLLECTION, legacy = false, target)
            assertTrue(taker.reached.await(PATIENCE.inWholeSeconds, TimeUnit.SECONDS))
            opened.care.cancel()
            assertEquals("Cancelled. No file was saved.", opened.ended().notice.text())
            assertTrue(taker.isDeleted)
            taker.released.countDown()
            assertEquals(1L to 0, opened.deckport.overview("anna").notes to opened.deckport.backups("anna").size)
        }
    }

    @Test
    fun `a full disk is told there and here, before anything is read where that is known`() = runBlocking {
        var free = Long.MAX_VALUE
        OpenCare { free }.use { opened ->
            opened.device("one").close()
            val (target, full) = PipeProvider.document()
            full.instead = File("/dev/full")
            opened.care.files.export("anna", ExportForm.COLLECTION, legacy = false, target)
            assertTrue(opened.ended().notice.run { failed && text().startsWith("There is no room for the file in that place.") })
            assertTrue(full.isDeleted)
            full.canDelete = false
            full.instead = File(opened.folder, "missing/document")
            opened.care.files.export("anna", ExportForm.COLLECTION, legacy = false, target)
            assertTrue(opened.ended().notice.text().startsWith("It was not finished, and a part of the file is still"))

            free = 1_500_000
            val (source, giver) = PipeProvider.document(ByteArray(1_000_000))
            giver.size = 1_000_000
            import(opened, source)
            assertEquals("There is not enough room: this needs 2 MB, and 1.5 MB are free.", opened.ended().notice.text())
            giver.size = null
            free = 0
            import(opened, source)
            assertTrue(opened.ended().notice.text().startsWith("There is not enough room"))
            val (unused, never) = PipeProvider.document()
            opened.care.files.export("anna", ExportForm.PACKAGE, legacy = false, unused)
            assertTrue(opened.ended().notice.text().startsWith("There is not enough room"))
            assertTrue(never.isDeleted)
        }
    }

    @Test
    fun `what a killed process left is deleted at the next start`() = runBlocking {
        OpenCare().use { opened ->
            val (target, document) = PipeProvider.document()
            val spool = Spool(opened.spoolFolder, 0)
            spool.noted(target)
            val killed = thread { runCatching { runBlocking { spool.using("file") { it.writeText("half"); awaitCancellation() } } } }
            while (opened.onTheirWay().size < 2) Thread.sleep(5)
            opened.care.sweep()
            assertTrue(document.isDeleted)
            assertEquals(emptyList<File>(), opened.onTheirWay())
            killed.interrupt()
        }
    }

    private suspend fun import(opened: OpenCare, address: String) {
        opened.care.files.file(address)
        opened.care.files.state.await { it.chosenFile != null }
        opened.care.files.import()
    }
}
