package io.deckport.android

import android.service.quicksettings.Tile
import android.service.quicksettings.TileService
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** The tile in the quick settings: on, off, and why not. It switches [HostService]; a subclass may switch another. */
public open class HostTile : TileService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    private var following: Job? = null

    /** The service that it switches. */
    protected open val service: Class<out HostService> get() = HostService::class.java

    /** The host of that service. */
    protected open val host: DeckportHost by lazy { DeckportHost.of(this) }

    override fun onStartListening() {
        following?.cancel()
        following = scope.launch { host.state.collect(::show) }
    }

    override fun onStopListening() {
        following?.cancel()
        following = null
    }

    override fun onClick() {
        when {
            host.state.value is HostState.On -> HostService.stop(this, host)
            // Whoever finds the phone shall not open it to a network.
            isLocked -> unlockAndRun(::start)
            else -> start()
        }
    }

    private fun start(): Unit = HostService.start(this, service, host)

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    private fun show(state: HostState) {
        val tile = qsTile ?: return
        tile.state = if (state is HostState.On || state == HostState.Starting) Tile.STATE_ACTIVE else Tile.STATE_INACTIVE
        val detail = when (state) {
            HostState.Off -> getString(R.string.deckport_off)
            HostState.Starting -> getString(R.string.deckport_starting)
            is HostState.On -> state.line(this) ?: getString(R.string.deckport_on)
            HostState.Stopping -> getString(R.string.deckport_stopping)
            is HostState.Failed -> state.reason.sentence(this)
        }
        Platform.describe(tile, detail)
        tile.updateTile()
    }
}
