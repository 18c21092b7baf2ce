package io.deckport.android

import android.service.quicksettings.Tile
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import java.net.ServerSocket

/** The tile: on, off, why not. */
@RunWith(RobolectricTestRunner::class)
class TileTest {
    private val host by lazy { hostOf() }
    private val controller by lazy { Robolectric.buildService(HostTile::class.java).create() }
    private val tile get() = controller.get().qsTile

    @After
    fun close() {
        controller.get().onStopListening()
        now { host.close() }
    }

    private fun says(): String = tile.contentDescription.toString().substringAfter(", ")

    @Test
    fun `it switches the service`() {
        host
        controller.get().onStartListening()
        assertEquals(Tile.STATE_INACTIVE to "Off", tile.state to says())
        controller.get().onClick()
        assertEquals(HostService::class.java.name, shadowOf(app).nextStartedService.component?.className)
        now { host.start() }
        val best = host.on().addresses.first().url
        waitUntil { tile.state == Tile.STATE_ACTIVE && says() == best }
        controller.get().onClick()
        waitUntil { tile.state == Tile.STATE_INACTIVE && says() == "Off" }
    }

    @Test
    fun `it says why not`() {
        ServerSocket(0).use { other ->
            now { host.change { it.copy(port = other.localPort) } }
            controller.get().onStartListening()
            now { host.start() }
            waitUntil { says().startsWith("Port ${other.localPort} is used by another app.") }
        }
    }
}
