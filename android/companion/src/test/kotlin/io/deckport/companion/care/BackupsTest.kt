package io.deckport.companion.care

import android.app.Application
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File

/** Backups, checks, unused media and space, with the real engine and a real client. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class)
class BackupsTest {
    @Before
    fun install() = PipeProvider.install()

    @Test
    fun `a backup brings a collection back, undo brings back what was before, and devices follow`() = runBlocking {
        OpenCare().use { opened ->
            val backups = opened.care.backups
            opened.device("one").use { device ->
                backups.refresh()
                assertEquals(emptyList<BackupDay>(), backups.state.await { it.loaded }.days)
                backups.create()
                assertEquals("The collection is backed up: 1 card.", opened.ended().notice.text())
                device.add("two")
                device.sync()
                backups.refresh()
                val state = backups.state.await { it.cardsNow == 2L }
                val row = state.days.single().backups.single()
                assertEquals("Made by you", row.why.text(resourcesOfTest()))
                assertEquals(listOf("1 card", "0 reviews"), row.facts.take(2).map { it.text(resourcesOfTest()) })
                assertEquals(state.today, state.days.single().day)

                backups.restore(row.name)
                val restored = opened.ended().notice
                assertTrue(restored.text(), restored.text().startsWith("The collection of “anna” was restored: 1 card."))
                assertEquals(1L, opened.deckport.overview("anna").cards)
                opened.care.undo(checkNotNull(restored.undo))
                assertFalse(opened.ended().notice.failed)
                assertEquals(2L, opened.deckport.overview("anna").cards)
                // Devices are asked, and "Download" gives them what is here.
                assertEquals(2L, device.run { sync("download"); notes() })
            }
        }
    }

    @Test
    fun `a backup is saved through a pipe and opens in Anki`() = runBlocking {
        OpenCare().use { opened ->
            val backups = opened.care.backups
            opened.device("one").use { device ->
                backups.refresh()
                backups.state.await { it.loaded }
                backups.create()
                opened.ended()
                val name = opened.deckport.backups("anna").single().name
                val (address, document) = PipeProvider.document()
                backups.save("anna", name, address)
                val told = opened.ended().notice
                assertFalse(told.text(), told.failed)
                document.written.await()
                val file = File(opened.folder, "saved.anki2").apply { writeBytes(document.bytes!!) }
                assertTrue(device.call("query_file", "path" to file.path, "sql" to "select count() from notes").toString().contains("1"))
                assertEquals(emptyList<File>(), opened.onTheirWay())
                backups.prune()
                assertEquals("There are no old backups to delete.", backups.state.await { it.notice != null }.notice?.text())
            }
        }
    }

    @Test
    fun `a check finds, a repair mends, and undo is offered`() = runBlocking {
        OpenCare().use { opened ->
            val check = opened.care.check
            opened.device("one").use { device ->
                check.refresh()
                check.state.await { it.loaded }
                check.check()
                assertEquals("Nothing is wrong.", opened.ended().notice.text())
                device.call("execute", "sql" to "update cards set due = 3000004 where type = 0", "args" to emptyList<Any>())
                device.call("execute", "sql" to "update col set mod = mod + 100000, scm = scm + 100000", "args" to emptyList<Any>())
                device.sync("upload")
                check.check()
                assertEquals("1 thing is wrong.", opened.ended().notice.text())
                val found = checkNotNull(check.state.value.found)
                assertTrue("$found", found.mendable && found.sentences.size == 1)
                check.repair()
                val mended = opened.ended().notice
                assertTrue(mended.text(), mended.text().startsWith("The collection is repaired. What was there before is kept"))
                assertEquals("anna", mended.undo?.account)
                assertNull(check.state.value.found)
            }
        }
    }

    @Test
    fun `unused media go to the trash, come back, and are gone when it is emptied`() = runBlocking {
        OpenCare().use { opened ->
            val (unused, space) = opened.care.unused to opened.care.space
            opened.device().use { device ->
                device.add("one", "<img src=used.png>")
                for (name in listOf("used.png", "unused.png")) device.call("add_media", "name" to name, "text" to "12345")
                device.sync("upload")
                device.call("sync_media")
                unused.refresh()
                assertEquals(listOf(UnusedFile("unused.png", 5)), unused.state.await { it.loaded }.files)
                unused.tickAll(true)
                unused.delete()
                unused.state.await { it.loaded && it.files.isEmpty() && it.undoable.isNotEmpty() }
                space.refresh()
                assertEquals(5L, space.state.await { it.loaded }.accounts.single().trash)
                unused.putBack()
                assertEquals(1, unused.state.await { it.files.isNotEmpty() && it.undoable.isEmpty() }.files.size)
                assertEquals(2L, opened.deckport.overview("anna").mediaFiles)
                unused.tickAll(true)
                unused.delete()
                unused.state.await { it.undoable.isNotEmpty() && it.files.isEmpty() }
                space.emptyTrash("anna")
                assertEquals("1 file was deleted: 5 B are free again.", space.state.await { it.notice != null }.notice?.text())
                val now = space.state.await { it.accounts.single().trash == 0L }
                assertTrue("$now", now.free > 0 && now.accounts.single().collection > 0 && now.accounts.single().media == 5L)
            }
        }
    }
}
