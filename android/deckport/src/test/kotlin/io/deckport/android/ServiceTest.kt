package io.deckport.android

import android.app.Notification
import android.app.NotificationManager
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.PowerManager
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ServiceController
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowPowerManager

/** The service, from the intent that starts it to its end, with the real engine and a real Anki client. */
@RunWith(RobolectricTestRunner::class)
class ServiceTest {
    private val host by lazy { hostOf() }
    private val notifications get() = app.getSystemService(NotificationManager::class.java)

    @After
    fun close(): Unit = now { host.close() }

    /** Starts it as [HostService.start] has told the system to. */
    private fun started(): ServiceController<HostService> {
        host
        HostService.start(app)
        val intent = shadowOf(app).nextStartedService
        return Robolectric.buildService(HostService::class.java, intent).create().startCommand(0, 1)
    }

    private fun shown(): Notification = shadowOf(notifications).allNotifications.single()

    private fun Notification.text() = extras.getCharSequence(Notification.EXTRA_TEXT)?.toString()

    private fun Notification.title() = extras.getCharSequence(Notification.EXTRA_TITLE)?.toString()

    @Test
    fun `from the intent to a synced collection, and stopped from the notification`() {
        val controller = started()
        val service = controller.get()
        if (Build.VERSION.SDK_INT >= 29) {
            assertEquals(ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE, service.foregroundServiceType)
        }
        assertEquals("Starting…", shadowOf(service).lastForegroundNotification.title())
        val best = host.on().addresses.first().url
        waitUntil { shown().text() == best }
        assertEquals("Devices can sync", shown().title())
        assertEquals(2L, host.takesNotes("device", "one", "two"))
        assertTrue(host.isWanted)

        val stop = shown().actions.single()
        assertEquals("Stop", stop.title)
        stop.actionIntent.send()
        service.onStartCommand(shadowOf(app).nextStartedService, 0, 2)
        waitUntil { shadowOf(service).isStoppedBySelf }
        assertTrue(shadowOf(service).isForegroundStopped)
        assertEquals(HostState.Off, host.state.value)
        assertFalse(host.isWanted)
        controller.destroy()
    }

    @Test
    fun `processor and Wi-Fi are kept awake while a device syncs and not longer`() {
        val controller = started()
        host.on()
        assertFalse(isAwake())
        Relay(host.url()) { _, before -> before > 20_000 }.use { relay ->
            val syncing = beside {
                anki("device").use { anki ->
                    anki.login(relay.url)
                    anki.call("fill", "notes" to 5_000)
                    anki.sync("upload")
                }
            }
            waitUntil { relay.isHolding && isAwake() }
            val device = host.on().activity.syncing.single()
            assertEquals(SyncPart.UPLOAD, device.part)
            assertEquals("${device.device} is syncing", shown().title())
            relay.goOn()
            ended(syncing)
        }
        waitUntil { !isAwake() }
        waitUntil { shown().title() == "Devices can sync" }
        controller.destroy()
    }

    private fun isAwake(): Boolean {
        val lock: PowerManager.WakeLock? = ShadowPowerManager.getLatestWakeLock()
        val wifi = shadowOf(app.getSystemService(android.net.wifi.WifiManager::class.java)).activeLockCount
        val isHeld = lock?.isHeld == true
        return isHeld && wifi == 1
    }

    @Test
    fun `killed in the middle of a sync, it comes back as it was and nothing confirmed is lost`() {
        val free = java.net.ServerSocket(0).use { it.localPort }
        now { host.change { it.copy(port = free) } }
        val first = started()
        host.on()
        assertEquals(1L, host.takesNotes("device", "confirmed"))
        Relay(host.url()) { piece, _ -> "POST /sync/chunk" in piece || "POST /sync/applyChunk" in piece }.use { relay ->
            val cut = beside {
                anki("device").use { anki ->
                    anki.login(relay.url)
                    for (number in 1..300) anki.add("later $number", "text ".repeat(40) + number)
                    runCatching { anki.sync() }
                }
            }
            waitUntil { relay.isHolding && host.on().activity.syncing.isNotEmpty() }
            // The process is gone, without a word to the service.
            now { host.close() }
            relay.close()
            assertTrue(ended(cut).isFailure)
        }
        first.get().onDestroy()

        // The system starts the service again, in a new process and without an intent.
        val again = DeckportHost.of(app)
        assertTrue(again.isWanted)
        val second = Robolectric.buildService(HostService::class.java).create()
        second.get().onStartCommand(null, 0, 1)
        assertEquals(free, java.net.URI(again.url()).port)
        assertEquals(1L, now { again.use { it.overview("anna").notes } })
        ended(beside { anki("device").use { it.login(again.url()); it.sync() } })
        assertEquals(301L, now { again.use { it.overview("anna").notes } })
        second.destroy()
        now { again.close() }
    }

    @Test
    fun `brought back after it was switched off, it stays off`() {
        host.isWanted = false
        val controller = Robolectric.buildService(HostService::class.java).create()
        controller.get().onStartCommand(null, 0, 1)
        waitUntil { shadowOf(controller.get()).isStoppedBySelf }
        assertEquals(HostState.Off, host.state.value)
        controller.destroy()
    }

    @Test
    fun `ended by the system, it is wanted as before and the port is free`() {
        val controller = started()
        val port = java.net.URI(host.url()).port
        controller.get().onTaskRemoved(Intent())
        controller.get().onLowMemory()
        assertTrue(host.state.value is HostState.On)
        controller.destroy()
        waitUntil { host.state.value == HostState.Off }
        assertTrue(host.isWanted)
        java.net.ServerSocket(port).close()
    }

    @Test
    @Config(qualifiers = "de")
    fun `it speaks German`() {
        val controller = started()
        host.on()
        waitUntil { shown().title() == "Geräte können synchronisieren" }
        assertEquals("Beenden", shown().actions.single().title)
        controller.destroy()
    }
}
