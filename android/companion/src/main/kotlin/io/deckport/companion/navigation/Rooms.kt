package io.deckport.companion.navigation

import androidx.activity.compose.PredictiveBackHandler
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.width
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.VerticalDivider
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableFloatStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.SaveableStateHolder
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.runtime.setValue
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.graphicsLayer
import androidx.compose.ui.platform.LocalLayoutDirection
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.LayoutDirection
import androidx.compose.ui.unit.coerceIn
import androidx.compose.ui.unit.dp

/** From this width on Home stays beside what is opened from it. */
val TwoPanesFrom: Dp = 600.dp

/** How a screen stands on the display. */
enum class Pane {
    /** Alone; its bar has an arrow back unless it is Home. */
    Whole,

    /** Home, beside another. */
    First,

    /** Beside Home, the first step from it: there is nothing to go back to. */
    Second,

    /** Beside Home, and further steps away: its bar has an arrow back. */
    Deeper,
    ;

    /** Whether the bar shows an arrow back. Home itself never does. */
    val leadsBack: Boolean get() = this == Whole || this == Deeper
}

/** How the screen that asks stands on the display. */
val LocalPane = staticCompositionLocalOf { Pane.Whole }

/**
 * Shows where the person is: one screen, or from [TwoPanesFrom] on Home and beside it what was opened last, at
 * first [beside]. The gesture back shows what is below before the finger lets go.
 */
@Composable
fun Rooms(stack: BackStack, beside: Screen, show: @Composable (Place) -> Unit) {
    val kept = rememberSaveableStateHolder()
    BoxWithConstraints(Modifier.fillMaxSize()) {
        if (maxWidth < TwoPanesFrom) {
            OnePane(stack, kept, show)
        } else {
            val first = (maxWidth * FIRST_PANE).coerceIn(FirstPaneLeast, FirstPaneMost)
            TwoPanes(stack, kept, first, beside, show)
        }
    }
}

@Composable
private fun OnePane(stack: BackStack, kept: SaveableStateHolder, show: @Composable (Place) -> Unit) {
    Peeking(stack, stack.below) { place -> kept.Shown(place, Pane.Whole, show) }
}

@Composable
private fun TwoPanes(
    stack: BackStack,
    kept: SaveableStateHolder,
    firstWidth: Dp,
    beside: Screen,
    show: @Composable (Place) -> Unit,
) {
    Row(Modifier.fillMaxSize()) {
        Box(Modifier.width(firstWidth).fillMaxHeight()) {
            kept.Shown(Place(Screen.Home), Pane.First, show)
        }
        VerticalDivider(color = MaterialTheme.colorScheme.outlineVariant)
        Box(Modifier.weight(1f).fillMaxHeight()) {
            val below = stack.below?.let { if (it.screen == Screen.Home) Place(beside) else it }
            Peeking(stack, below) { place ->
                val second = if (place.screen == Screen.Home) Place(beside) else place
                val deeper = stack.places.indexOf(place) > 1
                kept.Shown(second, if (deeper) Pane.Deeper else Pane.Second, show)
            }
        }
    }
}

/** Shows the top of the stack and, while a finger pulls back, what is [below] it. */
@Composable
private fun Peeking(stack: BackStack, below: Place?, show: @Composable (Place) -> Unit) {
    var pulled by remember { mutableFloatStateOf(0f) }
    PredictiveBackHandler(enabled = below != null) { pulling ->
        try {
            pulling.collect { event -> pulled = event.progress }
            // Not reached when the finger goes back: then everything stays as it is.
            stack.back()
        } finally {
            pulled = 0f
        }
    }
    val towardsEnd = if (LocalLayoutDirection.current == LayoutDirection.Ltr) 1 else -1
    Box(Modifier.fillMaxSize()) {
        if (pulled > 0f && below != null && below != stack.top) show(below)
        Box(
            Modifier.fillMaxSize().graphicsLayer {
                scaleX = 1f - SHRINKS * pulled
                scaleY = scaleX
                translationX = towardsEnd * pulled * size.width * MOVES
            },
        ) {
            show(stack.top)
        }
    }
}

/** A screen on its own ground, with what it remembered when it was seen last. */
@Composable
private fun SaveableStateHolder.Shown(place: Place, pane: Pane, show: @Composable (Place) -> Unit) {
    SaveableStateProvider(place.saved()) {
        CompositionLocalProvider(LocalPane provides pane) {
            Surface(Modifier.fillMaxSize(), color = MaterialTheme.colorScheme.surface) { show(place) }
        }
    }
}

private val FirstPaneLeast = 320.dp
private val FirstPaneMost = 440.dp
private const val FIRST_PANE = 0.42f
private const val SHRINKS = 0.08f
private const val MOVES = 0.12f
