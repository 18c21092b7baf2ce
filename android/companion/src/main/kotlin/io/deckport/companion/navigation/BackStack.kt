package io.deckport.companion.navigation

import androidx.compose.runtime.Composable
import androidx.compose.runtime.Stable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.Saver
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue

/** The way by which a person has come, [Screen.Home] first. It outlives rotation and the process. */
@Stable
class BackStack internal constructor(places: List<Place>) {
    /** Never empty. */
    var places: List<Place> by mutableStateOf(places)
        private set

    /** Where the person is. */
    val top: Place get() = places.last()

    /** Where going back leads. */
    val below: Place? get() = places.getOrNull(places.size - 2)

    /** Goes to a place; back to it, when the way leads over it already. */
    fun open(place: Place) {
        places = places.takeWhile { it != place } + place
    }

    /** Goes to a screen that needs no subject. */
    fun open(screen: Screen): Unit = open(Place(screen))

    /** Goes to a place that is no further step but instead of all others, as from a list beside it. */
    fun openBeside(place: Place) {
        places = listOf(Place(Screen.Home), place).distinct()
    }

    /** Goes back one step; false when there is none. */
    fun back(): Boolean {
        if (places.size == 1) return false
        places = places.dropLast(1)
        return true
    }

    internal companion object {
        val Saving = Saver<BackStack, ArrayList<String>>(
            save = { stack -> ArrayList(stack.places.map(Place::saved)) },
            restore = { saved -> of(saved.mapNotNull(Place::of)) },
        )

        private fun of(places: List<Place>) = BackStack(places.ifEmpty { listOf(Place(Screen.Home)) })
    }
}

/** The way of this activity. */
@Composable
fun rememberBackStack(): BackStack =
    rememberSaveable(saver = BackStack.Saving) { BackStack(listOf(Place(Screen.Home))) }
