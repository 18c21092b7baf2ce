package io.deckport.android

import io.deckport.Counts
import io.deckport.Deckport
import io.deckport.DeviceText
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** What people read in Anki on their other devices. */
@RunWith(RobolectricTestRunner::class)
class DeviceTextsTest {
    private var host: DeckportHost? = null

    @After
    fun end() {
        host?.let { now { it.close() } }
    }

    private fun told(): List<String> {
        val (before, after) = Counts(10, 20, 30, null) to Counts(1, 2, 3, null)
        val texts = listOf(
            DeviceText.SmallerCopyKept("2026-11-20-123127-upload", 0, before, after),
            DeviceText.UnseenCopyKept("2026-11-20-123127-upload", 0),
            DeviceText.NotetypesDiffer,
            DeviceText.CountsDiffer,
            DeviceText.ContentsRefused,
            DeviceText.AnkiTooOld,
            DeviceText.DiskFull,
            DeviceText.DiskNotWritable("why"),
            DeviceText.CollectionUnusable("why"),
            DeviceText.UploadTooLarge(5_000_000),
            DeviceText.UploadOverQuota(5_000_000),
            DeviceText.UploadArrivedDamaged,
            DeviceText.UploadBeingChecked,
            DeviceText.UploadNotStored("why"),
            DeviceText.UploadNoCollection,
            DeviceText.UploadTooNew,
            DeviceText.UploadTooOld,
            DeviceText.UploadDamaged("why"),
            DeviceText.MediaDiskFull,
            DeviceText.MediaOverQuota(5_000_000),
            DeviceText.MediaFailed("why"),
        )
        assertEquals("a new kind of text has no line here", DeviceText::class.java.declaredClasses.count {
            DeviceText::class.java.isAssignableFrom(it)
        }, texts.size)
        val translator = DeviceTexts(app, "Meine Karten")
        return texts.map { translator.translate(it, "in English") }
    }

    @Test
    @Config(qualifiers = "de")
    fun `each is a plain sentence in the language of the device`() {
        val told = told()
        assertEquals(told.size, told.toSet().size)
        for (text in told) {
            assertTrue(text, text.first().isUpperCase() && text.trimEnd().endsWith("."))
            assertFalse(text, text.any { it in "<>&%" })
        }
        assertTrue(told[0], "20 Karten und 30 Wiederholungen" in told[0] && "Meine Karten" in told[0])
        assertTrue(told[0], "2026-11-20-123127-upload" in told[0] && "1970" in told[0])
        assertTrue(told[9], Regex("größer als die 5[,.]0+.MB").containsMatchIn(told[9]))
    }

    @Test
    fun `in English as well`() {
        assertTrue(told().all { it.first().isUpperCase() })
    }

    @Test
    @Config(qualifiers = "de")
    fun `Anki shows it`() {
        val small = Surroundings(
            open = { options, translator -> Deckport.open(options.copy(maxCollectionBytes = 1_000), translator) },
            interfaces = { listOf(WIFI) },
        )
        val host = hostOf(small).also { host = it }
        now { host.start() }
        val refused = ended(
            beside {
                anki("device").use { anki ->
                    anki.login(host.url())
                    anki.add("eins")
                    runCatching { anki.sync("upload") }.exceptionOrNull()
                }
            },
        )
        assertTrue("$refused", "$refused".contains("Die Sammlung ist größer als"))
    }
}
