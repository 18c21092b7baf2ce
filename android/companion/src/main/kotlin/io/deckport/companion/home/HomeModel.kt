package io.deckport.companion.home

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import io.deckport.AccountException
import io.deckport.Device
import io.deckport.EndpointEvent
import io.deckport.Pairing
import io.deckport.android.DeckportHost
import io.deckport.android.HostException
import io.deckport.android.HostProblem
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * What stands behind Home: it follows the host, and outlives rotation. What dies with the process (a pairing window)
 * dies in the engine, too; the rest is found out again.
 */
class HomeModel(private val host: DeckportHost, private val hasAnkidroid: () -> Boolean) : ViewModel() {
    private val shown = MutableStateFlow(HomeState(host.state.value))
    private val refreshing = Mutex()
    private var closing: Job? = null

    /** What Home shows. */
    val state: StateFlow<HomeState> = shown.asStateFlow()

    init {
        viewModelScope.launch { host.state.collect { state -> shown.update { it.copy(host = state) } } }
        viewModelScope.launch(start = CoroutineStart.UNDISPATCHED) { host.events.collect(::follow) }
    }

    /** Looks at everything again: for when the screen comes to the front. */
    fun look() {
        shown.update { it.copy(hasAnkidroid = hasAnkidroid()) }
        viewModelScope.launch { host.look() }
        refresh()
    }

    /** Opens a pairing window for the first account. */
    fun openPairing() {
        viewModelScope.launch {
            val account = shown.value.account ?: return@launch
            val pairing = asked { host.use { it.openPairing(account, null, PAIRING_MS) } } ?: return@launch
            show(pairing)
        }
    }

    /** Closes it. */
    fun closePairing() {
        val pairing = shown.value.pairing ?: return
        show(null)
        viewModelScope.launch { asked { host.use { it.closePairing(pairing.account) } } }
    }

    /** A person has done something about a problem. */
    fun dismiss(problem: HostProblem) {
        viewModelScope.launch { host.dismiss(problem) }
    }

    private fun show(pairing: Pairing?) {
        closing?.cancel()
        shown.update { it.copy(pairing = pairing) }
        if (pairing == null) return
        closing = viewModelScope.launch {
            delay(pairing.closesMs - System.currentTimeMillis())
            shown.update { it.copy(pairing = null) }
        }
    }

    private fun follow(event: EndpointEvent) {
        when (event) {
            is EndpointEvent.DeviceLoggedIn -> {
                if (event.paired && event.account == shown.value.pairing?.account) closePairing()
                refresh()
            }
            is EndpointEvent.SyncFinished, is EndpointEvent.TransferFinished, is EndpointEvent.MediaFinished -> refresh()
            else -> Unit
        }
    }

    private fun refresh() {
        viewModelScope.launch {
            refreshing.withLock {
                asked {
                    val (accounts, devices) = host.use { it.accounts() to it.devices(null) }
                    shown.update { it.copy(account = accounts.firstOrNull()?.name, devices = devices.sortedWith(LATEST)) }
                }
            }
        }
    }

    /** What cannot be had is not shown; why not is the host's to tell. */
    private suspend fun <T> asked(work: suspend () -> T): T? = try {
        work()
    } catch (_: HostException) {
        null
    } catch (_: AccountException) {
        null
    }

    private companion object {
        val LATEST = compareByDescending<Device> { it.lastSyncMs ?: it.loggedInMs }
    }
}
