package io.deckport.companion.parts

import androidx.compose.foundation.text.TextAutoSize
import androidx.compose.foundation.text.modifiers.TextAutoSizeLayoutScope
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.unit.Constraints
import androidx.compose.ui.unit.TextUnit
import androidx.compose.ui.unit.sp

/**
 * The largest letters in which a text is on one line. Where even [smallest] do not do that it takes [wrapped], and
 * as many lines as it needs: who reads with large letters wants them large.
 */
internal data class OneLine(val largest: Int, val smallest: Int, val wrapped: Int = smallest) : TextAutoSize {
    override fun TextAutoSizeLayoutScope.getFontSize(constraints: Constraints, text: AnnotatedString): TextUnit {
        val fitting = (largest downTo smallest).firstOrNull { size ->
            performLayout(constraints, text, size.sp).lineCount == 1
        }
        return (fitting ?: wrapped).sp
    }
}
