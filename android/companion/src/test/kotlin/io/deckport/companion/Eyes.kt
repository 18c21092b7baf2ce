package io.deckport.companion

import android.app.Activity
import android.view.View
import android.view.ViewGroup
import androidx.compose.ui.ExperimentalComposeUiApi
import androidx.compose.ui.node.RootForTest
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getAllSemanticsNodes
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.TextLayoutResult
import org.junit.Assert.assertTrue
import org.robolectric.shadows.ShadowDialog
import java.time.Duration

/** What a person sees of an activity, and can tap on; as TalkBack knows it, so that it has it, too. */
@OptIn(ExperimentalComposeUiApi::class)
class Eyes(private val activity: Activity, private val frames: Frames) {
    /** Lets everything be drawn that has changed. */
    fun settle(time: Duration = Duration.ofMillis(100)) =
        frames.pass(time) { all().forEach(RootForTest::measureAndLayoutForTest) }

    /** All texts, from top to bottom as they were composed; places where lines may end are left out. */
    fun texts(): List<String> = nodes(merged = false).flatMap(::textsOf)

    /** Whether there is a text that fits. */
    fun sees(fits: (String) -> Boolean): Boolean = texts().any(fits)

    /** The same for an exact one. */
    fun sees(text: String): Boolean = sees { it == text }

    /** Taps on the first thing with this text. */
    fun tap(text: String) {
        val found = nodes(merged = true).firstOrNull { text in textsOf(it) && SemanticsActions.OnClick in it.config }
        tap(checkNotNull(found) { "nothing to tap on says “$text”; there is: ${texts()}" })
    }

    /** The same with the text of a resource. */
    fun tap(text: Int): Unit = tap(activity.getString(text))

    /** Turns the first switch there is. */
    fun turnSwitch() = tap(nodes(merged = true).first { SemanticsProperties.ToggleableState in it.config })

    /** Types into the field of this name. */
    fun type(label: String, text: String) {
        val field = nodes(merged = true).first { isField(it) && label in textsOf(it) }
        assertTrue(field.config[SemanticsActions.SetText].action!!.invoke(AnnotatedString(text)))
        settle()
    }

    /** How each text is laid out. */
    fun layouts(): List<TextLayoutResult> = nodes(merged = false).mapNotNull { node ->
        val results = mutableListOf<TextLayoutResult>()
        node.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
        results.firstOrNull()
    }

    /** Everything that can be tapped on and does not say what it is. */
    fun nameless(): List<SemanticsNode> =
        nodes(merged = true).filter { SemanticsActions.OnClick in it.config && textsOf(it).isEmpty() && !isField(it) }

    /** The window of the dialog that is open. */
    fun dialog(): View? = ShadowDialog.getLatestDialog()?.takeIf { it.isShowing }?.window?.decorView

    private fun tap(node: SemanticsNode) {
        assertTrue(node.config[SemanticsActions.OnClick].action!!.invoke())
        settle()
    }

    private fun isField(node: SemanticsNode) = SemanticsActions.SetText in node.config

    private fun nodes(merged: Boolean): List<SemanticsNode> =
        all().flatMap { it.semanticsOwner.getAllSemanticsNodes(merged) }

    private fun all(): List<RootForTest> = listOfNotNull(dialog(), activity.window.decorView).flatMap(::roots)

    private fun roots(view: View): List<RootForTest> = when (view) {
        is RootForTest -> listOf(view)
        is ViewGroup -> (0 until view.childCount).flatMap { roots(view.getChildAt(it)) }
        else -> emptyList()
    }

    private fun textsOf(node: SemanticsNode): List<String> = node.config.run {
        val shown = getOrNull(SemanticsProperties.Text).orEmpty().map { it.text }
        val typed = listOfNotNull(getOrNull(SemanticsProperties.EditableText)?.text)
        shown + typed + getOrNull(SemanticsProperties.ContentDescription).orEmpty()
    }.map { it.replace("\u200B", "") }
}
