package io.deckport.companion.pictures

import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.text.TextLayoutResult
import io.deckport.companion.Eyes
import io.deckport.companion.Frames
import io.deckport.companion.R
import io.deckport.companion.parts.LocalClock
import io.deckport.companion.theme.DeckportTheme
import org.junit.Assert.assertEquals
import org.junit.Assert.fail
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.shadows.ShadowDialog
import java.io.File
import java.time.Duration

/** Shows a screen, lets a test tap on it, and compares it with the picture that was looked at. */
class Stage(private val look: Look, height: Int, content: @Composable () -> Unit) : AutoCloseable {
    private val frames = Frames()
    private val controller = run {
        RuntimeEnvironment.setQualifiers(look.qualifiers(height))
        RuntimeEnvironment.setFontScale(look.fontScale)
        ShadowDialog.reset()
        Robolectric.buildActivity(ComponentActivity::class.java).also { it.get().setTheme(R.style.Deckport) }.setup()
    }
    private val activity = controller.get()
    private val eyes = Eyes(activity, frames)

    init {
        activity.setContent {
            CompositionLocalProvider(LocalClock provides { NOW_MS }) { DeckportTheme(dynamic = false, content) }
        }
        eyes.settle(SETTLES)
    }

    /** Taps on the first thing with the text of a resource. */
    fun tap(text: Int) {
        eyes.tap(text)
        eyes.settle(SETTLES)
    }

    /** Fails where a text is cut, or broken within a word. */
    fun assertNothingIsCut() {
        val cut = eyes.layouts().filter { isCut(it) || breaksAWord(it) }.map { "“${it.layoutInput.text}”" }
        if (cut.isNotEmpty()) fail("cut at $look: ${cut.joinToString()}")
    }

    /** Fails where TalkBack would have nothing to say. */
    fun assertEverythingHasAName() = assertEquals(emptyList<Any>(), eyes.nameless())

    /** Fails when the screen looks other than in its picture; with `-Dpictures.renew=true` makes that anew. */
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
        frames.close()
    }

    private fun draw(): SmallPicture {
        val ground = activity.window.decorView
        val bitmap = Bitmap.createBitmap(ground.width, ground.height, Bitmap.Config.ARGB_8888)
        val canvas = Canvas(bitmap)
        ground.draw(canvas)
        eyes.dialog()?.let { view ->
            canvas.drawColor(SCRIM)
            canvas.translate((ground.width - view.width) / 2f, (ground.height - view.height) / 2f)
            view.draw(canvas)
        }
        val kept = Bitmap.createScaledBitmap(bitmap, bitmap.width / look.shrunk, bitmap.height / look.shrunk, true)
        val pixels = IntArray(kept.width * kept.height)
        kept.getPixels(pixels, 0, kept.width, 0, 0, kept.width, kept.height)
        return SmallPicture.of(pixels, kept.width)
    }

    /** More lines than there is room for, or a line that is longer than its room; half pixels do not count. */
    private fun isCut(result: TextLayoutResult): Boolean = result.didOverflowHeight ||
        (0 until result.lineCount).any { result.isLineEllipsized(it) || widthOf(result, it) > result.size.width + 1 }

    private fun widthOf(result: TextLayoutResult, line: Int) = result.getLineRight(line) - result.getLineLeft(line)

    /** A line may end after a blank, a mark or a place that was made for it, not between two letters. */
    private fun breaksAWord(result: TextLayoutResult): Boolean = (0 until result.lineCount - 1).any { line ->
        val text = result.layoutInput.text.text
        val end = result.getLineEnd(line)
        end in 1 until text.length && text[end - 1].isLetterOrDigit() && text[end].isLetterOrDigit()
    }

    companion object {
        /** What the clock shows in pictures. */
        const val NOW_MS = 1_779_552_000_000L
        private val RENEWS = System.getProperty("deckport.pictures.renew").toBoolean()
        private val SETTLES = Duration.ofMillis(800)
        private const val SCRIM = 0x52000000
        private const val TOLERATED = 0.004
    }
}
