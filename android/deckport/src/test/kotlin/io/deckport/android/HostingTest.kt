package io.deckport.android

import io.deckport.AddressKind
import io.deckport.Deckport
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.launch
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.io.File
import java.net.ConnectException
import java.net.Socket
import java.net.URI
import kotlin.time.Duration.Companion.milliseconds

/** The host with the real engine and a real Anki client, without a service. */
@RunWith(RobolectricTestRunner::class)
class HostingTest {
    private val host by lazy { hostOf() }

    @After
    fun close(): Unit = now { host.close() }

    @Test
    fun `a device syncs, and the state tells of it`() {
        now { assertTrue(host.start() is HostState.On) }
        assertEquals(1L, host.takesNotes("device", "one"))
        val last = waitFor { host.on().activity.last }
        assertEquals(listOf("anna", SyncPart.UPLOAD), listOf(last.account, last.part))
        assertTrue(host.on().activity.syncing.isEmpty())
    }

    @Test
    fun `accounts can be looked after while nothing is hosted`() {
        assertEquals(listOf("anna"), now { host.use { it.accounts() } }.map { it.name })
        assertEquals(HostState.Off, host.state.value)
        assertNull(Ankidroid.address(host.state.value))
    }

    @Test
    @OptIn(DelicateCoroutinesApi::class)
    fun `the main thread may wait for its end while a screen waits for the engine`() {
        val asked = CompletableDeferred<Unit>()
        val goes = CompletableDeferred<Unit>()
        val surroundings = Surroundings(
            open = { options, translator ->
                asked.complete(Unit)
                goes.await()
                Deckport.open(options, translator)
            },
            interfaces = { listOf(WIFI) },
        )
        val host = DeckportHost.of(app, File(app.filesDir, "other"), surroundings)
        val screen = GlobalScope.launch(Dispatchers.Main) { host.use { it.accounts() } }
        waitUntil { asked.isCompleted }
        goes.complete(Unit)
        now { host.close() }
        screen.cancel()
    }

    @Test
    fun `there is one host for a folder`() {
        assertSame(host, DeckportHost.of(app))
        now { host.close() }
        val other = hostOf()
        assertTrue(other !== host)
        now { other.close() }
    }

    @Test
    fun `another port is used at once and kept`() {
        now { host.start() }
        val before = URI(host.url()).port
        val free = java.net.ServerSocket(0).use { it.localPort }
        now { host.change { it.copy(port = free, name = "Anna's phone") } }
        assertEquals(free, URI(host.url()).port)
        assertThrows(ConnectException::class.java) { Socket("127.0.0.1", before).close() }
        now { host.close() }
        assertEquals("Anna's phone" to free, DeckportHost.of(app).settings.value.run { name to port })
    }

    @Test
    fun `addresses tell how they are reached, and this device comes last`() {
        now { host.start() }
        assertEquals(
            listOf(AddressKind.WIFI to true, AddressKind.LOOPBACK to false),
            host.on().addresses.map { it.kind to it.reachable },
        )
        now { host.change { it.copy(thisDeviceOnly = true) } }
        assertEquals(listOf(AddressKind.LOOPBACK), host.on().addresses.map { it.kind })
    }

    @Test
    fun `it ends by itself when nobody syncs, and not while somebody does`() {
        host.isWanted = true
        now { host.start() }
        Relay(host.url()) { _, before -> before > 20_000 }.use { relay ->
            val syncing = beside {
                anki("device").use { anki ->
                    anki.login(relay.url)
                    anki.call("fill", "notes" to 5_000)
                    runCatching { anki.sync("upload") }
                }
            }
            waitUntil { relay.isHolding && host.on().activity.syncing.isNotEmpty() }
            now { host.change { it.copy(stopWhenIdle = 300.milliseconds) } }
            Thread.sleep(900)
            assertTrue(host.state.value is HostState.On)
            relay.goOn()
            ended(syncing)
        }
        waitUntil { host.state.value == HostState.Off }
        assertEquals(5_000L, now { host.use { it.overview("anna").notes } })
        assertTrue(!host.isWanted)
    }
}
