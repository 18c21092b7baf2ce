package io.deckport.companion.parts

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import io.deckport.QrCode
import io.deckport.get
import kotlin.math.floor

/** A QR code, dark on white by night, too, with the margin that cameras need. */
@Composable
fun QrImage(code: QrCode, description: String, modifier: Modifier = Modifier) {
    val dark = remember(code) {
        (0 until code.size).flatMap { row -> (0 until code.size).filter { code[it, row] }.map { it to row } }
    }
    Canvas(
        modifier.aspectRatio(1f).semantics {
            contentDescription = description
            role = Role.Image
        },
    ) {
        drawRect(Color.White)
        // Whole pixels: else fine lines appear between the squares.
        val side = floor(size.minDimension / (code.size + 2 * MARGIN)).coerceAtLeast(1f)
        val start = floor((size.minDimension - side * code.size) / 2)
        for ((column, row) in dark) {
            drawRect(Color.Black, Offset(start + column * side, start + row * side), Size(side, side))
        }
    }
}

private const val MARGIN = 4
