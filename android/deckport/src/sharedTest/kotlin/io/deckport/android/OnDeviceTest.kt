package io.deckport.android

import android.content.Context
import androidx.test.core.app.ApplicationProvider
import androidx.test.ext.junit.runners.AndroidJUnit4
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import java.io.File
import java.net.ConnectException
import java.net.Socket
import java.net.URI

/** What can be seen on any device, simulated or not: the engine loads, hosts, keeps what it was told, and stops. */
@RunWith(AndroidJUnit4::class)
class OnDeviceTest {
    private val context: Context = ApplicationProvider.getApplicationContext()
    private val folder = File(context.cacheDir, "on-device")
    private val host = DeckportHost.of(context, folder)

    @After
    fun close(): Unit = soon {
        host.close()
        folder.deleteRecursively()
    }

    private fun <T> soon(work: suspend () -> T): T = runBlocking { withTimeout(60_000) { work() } }

    @Test
    fun itHostsAndStops() {
        val on = soon {
            host.change { it.copy(port = 0, thisDeviceOnly = true) }
            host.start()
        }
        assertTrue(on.toString(), on is HostState.On)
        val at = URI(checkNotNull(Ankidroid.address(on)))
        Socket(at.host, at.port).use { socket ->
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: ${at.authority}\r\nConnection: close\r\n\r\n".toByteArray())
            assertEquals("HTTP/1.1 200 OK", socket.getInputStream().bufferedReader().readLine())
        }
        soon { host.stop() }
        assertEquals(HostState.Off, host.state.value)
        assertThrows(ConnectException::class.java) { Socket(at.host, at.port).close() }
    }

    @Test
    fun accountsAreKept() {
        soon { host.use { it.addAccount("Jürgen 学", "p") } }
        soon { host.close() }
        val again = DeckportHost.of(context, folder)
        assertEquals(listOf("Jürgen 学"), soon { again.use { it.accounts() } }.map { it.name })
        soon { again.close() }
    }

    @Test
    fun permissionsSayWhyAndWhere() {
        for (permission in HostPermission.entries) {
            assertTrue(permission.reason(context).isNotEmpty())
            assertTrue(permission.settings(context).action!!.startsWith("android.settings."))
        }
        assertEquals(HostPermission.missing(context).toSet(), HostPermission.entries.filterNot { it.isGiven(context) }.toSet())
    }
}
