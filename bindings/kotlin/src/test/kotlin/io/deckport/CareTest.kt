package io.deckport

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.util.concurrent.CopyOnWriteArraySet

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
            assertTrue(mine.endsWith("enough"))
            assertFalse(file.exists())
            val stages = CopyOnWriteArraySet<CareStage>()
            val out = deckport.exportFile("anna", file) { stages += it.stage }
            assertEquals(listOf<Any>(1L, emptyList<String>()), listOf(out.mediaFiles, out.damaged))
            assertEquals(file.length(), out.bytes)
            assertTrue(CareStage.COLLECTION in stages)
            refused<CareException.FileExists> { deckport.exportFile("anna", file.path, ExportOptions()) }

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
}
