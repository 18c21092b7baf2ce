package io.deckport.companion.care

import android.app.Application
import android.app.Activity
import android.content.ComponentName
import android.content.Intent
import android.net.Uri
import androidx.activity.ComponentActivity
import androidx.activity.compose.LocalActivityResultRegistryOwner
import androidx.activity.result.ActivityResultRegistry
import androidx.activity.result.ActivityResultRegistryOwner
import androidx.activity.result.contract.ActivityResultContract
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isDialog
import androidx.compose.ui.test.isToggleable
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasScrollToNodeAction
import androidx.compose.ui.test.junit4.v2.createComposeRule
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onFirst
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollToNode
import androidx.core.app.ActivityOptionsCompat
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Screen
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.ExternalResource
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** A person clicks through the screens, with the real engine, a real client and another app's documents. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class, qualifiers = "w411dp-h891dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CareScreensTest {
    @get:Rule(order = 0)
    val known = object : ExternalResource() {
        override fun before() {
            val app = RuntimeEnvironment.getApplication()
            shadowOf(app.packageManager).addActivityIfNotPresent(ComponentName(app, ComponentActivity::class.java))
        }
    }

    @get:Rule(order = 1)
    val compose = createComposeRule()

    private val opened by lazy { OpenCare() }

    /** What the system's picker answers. */
    private var picked: String? = null
    private val asked = mutableListOf<Intent>()

    @Before
    fun install() = PipeProvider.install()

    @After
    fun end() = opened.close()

    private val picker = object : ActivityResultRegistry() {
        override fun <I, O> onLaunch(code: Int, contract: ActivityResultContract<I, O>, input: I, options: ActivityOptionsCompat?) {
            asked += contract.createIntent(RuntimeEnvironment.getApplication(), input)
            dispatchResult(code, Activity.RESULT_OK, Intent().setData(Uri.parse(picked)))
        }
    }

    private fun show(screen: Screen) = compose.setContent {
        val owner = object : ActivityResultRegistryOwner {
            override val activityResultRegistry = picker
        }
        CompositionLocalProvider(LocalActivityResultRegistryOwner provides owner) {
            CarePlace(opened.care, Place(screen), {}, {})
        }
    }

    private fun awaitText(text: String) = compose.waitUntil(PATIENCE.inWholeMilliseconds) {
        compose.onAllNodesWithText(text, substring = true).fetchSemanticsNodes().isNotEmpty()
    }

    private fun button(text: String): SemanticsNodeInteraction {
        awaitText(text)
        return compose.onAllNodes(hasText(text) and hasClickAction()).onFirst()
    }

    /** In the list, which is longer than the screen. */
    private fun scrollTo(text: String) {
        compose.waitUntil(PATIENCE.inWholeMilliseconds) {
            runCatching { compose.onNode(hasScrollToNodeAction()).performScrollToNode(hasText(text, substring = true)) }.isSuccess
        }
    }

    private fun inDialog(text: String): SemanticsNodeInteraction {
        compose.waitUntil(PATIENCE.inWholeMilliseconds) {
            compose.onAllNodes(hasText(text) and hasAnyAncestor(isDialog())).fetchSemanticsNodes().isNotEmpty()
        }
        return compose.onAllNodes(hasText(text) and hasClickAction() and hasAnyAncestor(isDialog())).onFirst()
    }

    @Test
    fun `restoring says what will happen, tells what happened, and can be undone`() {
        runBlocking {
            opened.device("one").use { device ->
                opened.deckport.createBackup("anna")
                device.add("two")
                device.sync()
            }
        }
        show(Screen.Backups)
        scrollTo("Made by you")
        button("Restore").performClick()
        awaitText("Cards now: 2. Cards then: 1.")
        inDialog("Restore").performClick()
        awaitText("was restored: 1 card.")
        assertEquals(1L, runBlocking { opened.deckport.overview("anna").notes })
        awaitText("Before a backup was restored")
        button("Undo").performClick()
        awaitText("was restored: 2 cards.")
        assertEquals(2L, runBlocking { opened.deckport.overview("anna").notes })
        button("OK").performClick()
        compose.waitUntil(PATIENCE.inWholeMilliseconds) {
            compose.onAllNodesWithText("was restored: 2", substring = true).fetchSemanticsNodes().isEmpty()
        }
    }

    @Test
    fun `a collection goes out to another app and comes in again`() {
        runBlocking { opened.device("one", "two").close() }
        val (target, document) = PipeProvider.document()
        picked = target
        show(Screen.Files)
        scrollTo("Save as file")
        button("Save as file").performClick()
        awaitText("The collection was saved as a file:")
        assertTrue(asked.single().getStringExtra(Intent.EXTRA_TITLE)!!.matches(Regex("""anna-\d{4}-\d\d-\d\d\.colpkg""")))
        document.written.await()
        document.name = "mine.colpkg"
        scrollTo("Choose a file")
        button("Choose a file").performClick()
        awaitText("“mine.colpkg” replaces the collection of “anna”, which has 2 cards now.")
        inDialog("Import").performClick()
        awaitText("The file was imported. “anna” now has 2 cards.")
        assertEquals(1, runBlocking { opened.deckport.backups("anna") }.size)
    }

    @Test
    fun `an import that hangs is cancelled on the screen`() {
        val (source, document) = PipeProvider.document(ByteArray(1_000_000))
        document.after = 500_000
        document.then = PipeProvider.End.HANGS
        picked = source
        show(Screen.Files)
        scrollTo("Choose a file")
        button("Choose a file").performClick()
        inDialog("Import").performClick()
        awaitText("Importing a file for “anna”")
        document.reached.await()
        button("Cancel").performClick()
        awaitText("Cancelled. The collection is as it was")
        document.released.countDown()
    }

    @Test
    fun `checking tells that nothing is wrong`() {
        runBlocking { opened.device("one").close() }
        show(Screen.Check)
        button("Check").performClick()
        awaitText("Nothing is wrong.")
    }

    @Test
    fun `unused media are ticked, deleted and put back`() {
        runBlocking {
            opened.device("one").use { device ->
                device.call("add_media", "name" to "unused.png", "text" to "12345")
                device.call("sync_media")
            }
        }
        show(Screen.UnusedMedia)
        compose.waitUntil(PATIENCE.inWholeMilliseconds) { compose.onAllNodes(isToggleable()).fetchSemanticsNodes().isNotEmpty() }
        compose.onAllNodes(isToggleable()).onFirst().performClick()
        button("Delete").performClick()
        awaitText("Your devices delete them, too, at their next sync.")
        inDialog("Delete").performClick()
        awaitText("1 file is in the media trash.")
        button("Put back").performClick()
        awaitText("1 file was put back.")
        compose.waitUntil(PATIENCE.inWholeMilliseconds) { compose.onAllNodes(isToggleable()).fetchSemanticsNodes().isNotEmpty() }
    }

    @Test
    fun `the trash is emptied after a word`() {
        runBlocking {
            opened.device("one").use { device ->
                device.call("add_media", "name" to "unused.png", "text" to "12345")
                device.call("sync_media")
            }
            opened.deckport.deleteMedia("anna", listOf("unused.png"))
        }
        show(Screen.Space)
        scrollTo("Empty the trash")
        button("Empty the trash").performClick()
        awaitText("This cannot be undone.")
        inDialog("Delete").performClick()
        awaitText("1 file was deleted: 5 B are free again.")
    }
}
