package io.deckport.companion.parts

import androidx.compose.foundation.layout.Column
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

/**
 * An address. It is written from left to right in every language; where it does not fit on a line it breaks before
 * the number or the port, not within.
 */
@Composable
fun UrlText(
    url: String,
    modifier: Modifier = Modifier,
    style: TextStyle = LocalTextStyle.current,
    color: Color = Color.Unspecified,
) {
    Text(breakable(url), modifier, color = color, style = style.copy(textDirection = TextDirection.Ltr))
}

/** An address as large as it fits on a line. */
@Composable
fun LargeUrl(url: String, modifier: Modifier = Modifier) {
    Text(
        breakable(url),
        modifier,
        autoSize = OneLine(largest = 28, smallest = 20, wrapped = 24),
        textAlign = TextAlign.Center,
        style = MaterialTheme.typography.headlineMedium.copy(textDirection = TextDirection.Ltr),
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
            // Where it does not fit, the groups of a password stay whole.
            value.replace("-", "-$BREAK"),
            autoSize = OneLine(largest = 24, smallest = 20),
            fontFamily = FontFamily.Monospace,
            style = MaterialTheme.typography.headlineSmall.copy(textDirection = TextDirection.Ltr),
        )
    }
}

private const val BREAK = "\u200B"
