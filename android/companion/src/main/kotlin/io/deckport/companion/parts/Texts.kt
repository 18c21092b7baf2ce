package io.deckport.companion.parts

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.text.TextAutoSize
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.TextUnit
import androidx.compose.ui.unit.sp

/**
 * An address. It is written from left to right in every language; where it does not fit on a line it breaks before
 * the number or the port, not within.
 */
@Composable
fun UrlText(
    url: String,
    modifier: Modifier = Modifier,
    style: TextStyle = LocalTextStyle.current,
    align: TextAlign = TextAlign.Unspecified,
    color: Color = Color.Unspecified,
    shrinksTo: TextUnit = TextUnit.Unspecified,
) {
    Text(
        breakable(url),
        modifier,
        color = color,
        textAlign = align,
        style = style.copy(textDirection = TextDirection.Ltr),
        autoSize = if (shrinksTo == TextUnit.Unspecified) null else TextAutoSize.StepBased(shrinksTo, style.fontSize, 1.sp),
        maxLines = if (shrinksTo == TextUnit.Unspecified) Int.MAX_VALUE else LINES_OF_URL,
    )
}

/** With places at which a line may end; they take no room. */
internal fun breakable(url: String): String {
    val host = url.indexOf("//") + 2
    val port = url.lastIndexOf(':')
    if (host < 2 || port <= host) return url
    return url.substring(0, host) + BREAK + url.substring(host, port) + BREAK + url.substring(port)
}

/** A name or password that is typed elsewhere, with letters that cannot be mistaken for each other. */
@Composable
fun Secret(label: String, value: String, modifier: Modifier = Modifier) {
    Column(modifier.semantics(mergeDescendants = true) {}) {
        Text(label, style = MaterialTheme.typography.labelLarge)
        Text(
            value,
            fontFamily = FontFamily.Monospace,
            style = MaterialTheme.typography.headlineSmall.copy(textDirection = TextDirection.Ltr),
        )
    }
}

private const val BREAK = "\u200B"
private const val LINES_OF_URL = 3
