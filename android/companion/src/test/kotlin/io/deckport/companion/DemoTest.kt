package io.deckport.companion

import android.app.NotificationManager
import android.content.pm.PackageManager
import android.os.Build
import io.deckport.Anki
import io.deckport.android.HostService
import io.deckport.android.HostState
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.io.File
import java.net.ConnectException
import java.net.Socket
import java.net.URI

/** What a stranger would be shown: from the installed app to two computers that have the same decks. */
@RunWith(RobolectricTestRunner::class)
@Config(qualifiers = "en-rUS-w411dp-h2400dp-mdpi")
class DemoTest {
    private val app get() = RuntimeEnvironment.getApplication() as DeckportApp
    private val host get() = app.host

    private val frames = Frames()

    @After
    fun close() {
        now { host.close() }
        frames.close()
    }

    @Test
    fun `installed, first start, on, two computers sync, stopped from the notification`() {
        // In the place of the settings: tests take any free port.
        now { host.change { it.copy(port = 0) } }
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup()
        val eyes = Eyes(activity.get(), frames)
        val (account, password) = firstStart(eyes, activity.get())

        eyes.waitUntil { eyes.sees("Off: no device can sync.") }
        eyes.turnSwitch()
        val service = Robolectric.buildService(HostService::class.java, shadowOf(app).nextStartedService).create()
        service.startCommand(0, 1)
        val url = eyes.waitFor { eyes.texts().firstOrNull { it.startsWith("http://") } }

        laptop("first").use { laptop ->
            eyes.beside {
                laptop.login(url, account, password)
                laptop.call("fill", "notes" to 200)
                repeat(8) { laptop.call("add_media", "name" to "picture$it.svg", "text" to "<svg>$it</svg>") }
                assertEquals("FULL_UPLOAD", laptop.sync("upload"))
                laptop.call("sync_media")
            }
        }
        eyes.waitUntil { eyes.sees { it.endsWith("synced just now.") } }
        laptop("second").use { laptop ->
            eyes.beside {
                laptop.login(url, account, password)
                assertEquals("FULL_DOWNLOAD", laptop.sync("download"))
                laptop.call("sync_media")
                assertEquals(200L, laptop.notes())
                assertEquals(8, (laptop.call("media_files") as Map<*, *>).size)
            }
        }
        eyes.waitUntil { eyes.texts().count { it == "Synced just now" } == 2 }

        val notifications = app.getSystemService(NotificationManager::class.java)
        val shown = shadowOf(notifications).allNotifications.single()
        assertEquals("Stop", shown.actions.single().title)
        shown.actions.single().actionIntent.send()
        service.withIntent(shadowOf(app).nextStartedService).startCommand(0, 2)
        eyes.waitUntil { host.state.value == HostState.Off && eyes.sees("Off: no device can sync.") }
        assertThrows(ConnectException::class.java) { Socket(URI(url).host, URI(url).port).close() }
        service.destroy()
        activity.pause().stop().destroy()
    }

    /** Goes through the first start as a person does; answers the account and the password that it shows. */
    private fun firstStart(eyes: Eyes, activity: MainActivity): Pair<String, String> {
        eyes.settle()
        assertTrue(eyes.sees("Your phone keeps your decks"))
        eyes.tap(R.string.next)
        val password = eyes.texts().first { Regex("(\\w{4}-){2}\\w{4}").matches(it) }
        assertTrue(eyes.sees("anki"))
        eyes.tap(R.string.next)
        // Older systems let every app notify.
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) allowNotifications(eyes, activity)
        return "anki" to password
    }

    private fun allowNotifications(eyes: Eyes, activity: MainActivity) {
        eyes.waitUntil { eyes.sees("See who syncs") }
        eyes.tap(R.string.first_notifications_allow)
        val asked = shadowOf(activity).lastRequestedPermission
        assertEquals(listOf("android.permission.POST_NOTIFICATIONS"), asked.requestedPermissions.toList())
        shadowOf(app).grantPermissions(*asked.requestedPermissions)
        val given = intArrayOf(PackageManager.PERMISSION_GRANTED)
        activity.onRequestPermissionsResult(asked.requestCode, asked.requestedPermissions, given)
    }

    private fun laptop(name: String) = Anki(File(app.cacheDir, name))
}
