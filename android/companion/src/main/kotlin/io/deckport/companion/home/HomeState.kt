package io.deckport.companion.home

import androidx.compose.runtime.Immutable
import io.deckport.Address
import io.deckport.Device
import io.deckport.Pairing
import io.deckport.android.HostProblem
import io.deckport.android.HostState

/**
 * What Home shows.
 *
 * @property host what the host is doing.
 * @property account whose password a new device needs; nothing before there is one.
 * @property devices all that are logged in, those that synced last first.
 * @property pairing an open pairing window.
 * @property hasAnkidroid whether AnkiDroid is on this phone.
 */
@Immutable
data class HomeState(
    val host: HostState = HostState.Off,
    val account: String? = null,
    val devices: List<Device> = emptyList(),
    val pairing: Pairing? = null,
    val hasAnkidroid: Boolean = false,
) {
    /** What to type into Anki, the best address first; empty while hosting is off. None where nobody is answered. */
    val addresses: List<Address> get() = (host as? HostState.On)?.addresses.orEmpty().filter { it.needsAllow == null }
}

/** What a person can do on Home. */
interface HomeActions {
    /** Switches hosting on or off. */
    fun host(on: Boolean)

    /** Puts a text where other apps take it from. */
    fun copy(text: String)

    /** Hands a text to another app, which the person chooses. */
    fun share(text: String)

    /** Makes a password for a new device. */
    fun openPairing()

    /** Takes it back. */
    fun closePairing()

    /** Does what helps, against a problem or, without one, when hosting did not begin. */
    fun mend(mending: Mending, problem: HostProblem?)

    /** Opens AnkiDroid, or its page in the app store. */
    fun openAnkidroid()
}
