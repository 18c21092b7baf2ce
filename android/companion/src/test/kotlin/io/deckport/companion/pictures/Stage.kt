package io.deckport.companion.pictures

import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.node.RootForTest
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getAllSemanticsNodes
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.TextLayoutResult
import io.deckport.companion.R
import io.deckport.companion.parts.LocalClock
import io.deckport.companion.theme.DeckportTheme
import org.junit.Assert.assertTrue
import org.junit.Assert.fail
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowDialog
import java.io.File
import java.time.Duration

/** Shows a screen, lets a test tap on it, and compares it with the picture that was looked at. */
class Stage(private val look: Look, height: Int, content: @Composable () -> Unit) : AutoCloseable {
    private val controller = run {
        RuntimeEnvironment.setQualifiers(look.qualifiers(height))
        RuntimeEnvironment.setFontScale(look.fontScale)
        ShadowDialog.reset()
        Robolectric.buildActivity(ComponentActivity::class.java).also { it.get().setTheme(R.style.Deckport) }.setup()
    }
    private val activity = controller.get()

    init {
        activity.setContent {
            CompositionLocalProvider(LocalClock provides { NOW_MS }) { DeckportTheme(dynamic = false, content) }
        }
        settle()
    }

    /** Taps on the first thing with this text, or with a text of this name. */
    fun tap(text: String) {
        val node = nodes(merged = true).first { text in textsOf(it) && SemanticsActions.OnClick in it.config }
        assertTrue(node.config[SemanticsActions.OnClick].action!!.invoke())
        settle()
    }

    /** The same with the text of a resource. */
    fun tap(text: Int): Unit = tap(activity.getString(text))

    /** Fails where a text is cut, or broken within a word. */
    fun assertNothingIsCut() {
        val cut = nodes(merged = false).mapNotNull { node ->
            val result = layoutOf(node) ?: return@mapNotNull null
            "“${result.layoutInput.text}”".takeIf { result.hasVisualOverflow || breaksAWord(result) }
        }
        if (cut.isNotEmpty()) fail("cut at $look: ${cut.joinToString()}")
    }

    /** Fails when the screen looks other than in its picture; with `-Dpictures=renew` makes that anew. */
    fun assertLooksAs(name: String) {
        val file = "$name-${look.name.lowercase()}.png"
        val now = draw()
        val kept = File(Project.pictures, file)
        if (RENEWS) return now.write(kept)
        val difference = if (kept.exists()) now.differenceTo(SmallPicture.read(kept)) else 1.0
        if (difference <= TOLERATED) return
        now.write(File(Project.differing, file))
        fail("$file differs in ${"%.2f".format(difference * 100)} % of its pixels; look at it in ${Project.differing}")
    }

    override fun close() {
        controller.pause().stop().destroy()
    }

    private fun settle() = shadowOf(Looper.getMainLooper()).idleFor(SETTLES)

    private fun draw(): SmallPicture {
        val ground = activity.window.decorView
        val bitmap = Bitmap.createBitmap(ground.width, ground.height, Bitmap.Config.ARGB_8888)
        val canvas = Canvas(bitmap)
        ground.draw(canvas)
        dialog()?.let { view ->
            canvas.drawColor(SCRIM)
            canvas.translate((ground.width - view.width) / 2f, (ground.height - view.height) / 2f)
            view.draw(canvas)
        }
        val pixels = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        return SmallPicture.of(pixels, bitmap.width)
    }

    private fun dialog(): View? = ShadowDialog.getLatestDialog()?.takeIf { it.isShowing }?.window?.decorView

    private fun nodes(merged: Boolean): List<SemanticsNode> =
        listOfNotNull(dialog(), activity.window.decorView).flatMap(::roots)
            .flatMap { it.semanticsOwner.getAllSemanticsNodes(merged) }

    private fun roots(view: View): List<RootForTest> = when (view) {
        is RootForTest -> listOf(view)
        is ViewGroup -> (0 until view.childCount).flatMap { roots(view.getChildAt(it)) }
        else -> emptyList()
    }

    private fun textsOf(node: SemanticsNode): List<String> =
        node.config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text } +
            node.config.getOrNull(SemanticsProperties.ContentDescription).orEmpty()

    private fun layoutOf(node: SemanticsNode): TextLayoutResult? {
        val results = mutableListOf<TextLayoutResult>()
        node.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
        return results.firstOrNull()
    }

    /** A line may end after a blank, a mark or a place that was made for it, not between two letters. */
    private fun breaksAWord(result: TextLayoutResult): Boolean = (0 until result.lineCount - 1).any { line ->
        val text = result.layoutInput.text.text
        val end = result.getLineEnd(line)
        end in 1 until text.length && text[end - 1].isLetterOrDigit() && text[end].isLetterOrDigit()
    }

    companion object {
        /** What the clock shows in pictures: a Saturday in spring. */
        const val NOW_MS = 1_779_552_000_000L
        private val RENEWS = System.getProperty("pictures") == "renew" || System.getenv("PICTURES") == "renew"
        private val SETTLES = Duration.ofMillis(1_500)
        private const val SCRIM = 0x52000000
        private const val TOLERATED = 0.004
    }
}
