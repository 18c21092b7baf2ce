package io.deckport.companion

import android.content.BroadcastReceiver
import android.content.Intent
import android.os.Bundle
import io.deckport.EndpointEvent
import io.deckport.SyncCounts
import io.deckport.android.HostService
import io.deckport.companion.boot.AfterBoot
import io.deckport.companion.boot.AfterUpdate
import io.deckport.companion.log.lineFor
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Screen
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The app is as a person left it, whatever the system did to it meanwhile. */
@RunWith(RobolectricTestRunner::class)
@Config(qualifiers = "en-rUS-w411dp-h1600dp-mdpi")
class StayingTest {
    private val app get() = RuntimeEnvironment.getApplication() as DeckportApp

    private val frames = Frames()

    @After
    fun close() {
        now { app.host.close() }
        frames.close()
    }

    private fun pastFirstStart() {
        app.getSharedPreferences(MainActivity.PREFERENCES, 0).edit().putBoolean("first_start_over", true).commit()
    }

    @Test
    fun `rotated, it shows the same place, and back leads home`() {
        pastFirstStart()
        val controller = Robolectric.buildActivity(MainActivity::class.java).setup()
        Eyes(controller.get(), frames).run {
            settle()
            tap(R.string.settings_title)
            tap(R.string.about_title)
        }
        controller.recreate()
        val eyes = Eyes(controller.get(), frames)
        eyes.settle()
        assertTrue(eyes.texts().toString(), eyes.sees("Share log"))
        eyes.tap(R.string.back)
        assertTrue(eyes.sees("When it runs"))
        controller.get().onBackPressedDispatcher.onBackPressed()
        eyes.settle()
        assertTrue(eyes.sees("Sync with this phone"))
        controller.pause().stop().destroy()
    }

    @Test
    fun `killed in the first start, it goes on where it was, with the same password`() {
        val controller = Robolectric.buildActivity(MainActivity::class.java).setup()
        val eyes = Eyes(controller.get(), frames)
        eyes.settle()
        eyes.tap(R.string.next)
        val password = eyes.texts().first { it.count { letter -> letter == '-' } == 2 }
        val kept = Bundle().also { controller.saveInstanceState(it) }
        controller.pause().stop().destroy()
        val again = Robolectric.buildActivity(MainActivity::class.java).setup(kept)
        Eyes(again.get(), frames).run {
            settle()
            assertTrue(texts().toString(), sees(password))
        }
        again.pause().stop().destroy()
    }

    @Test
    fun `wide, home stays beside what is opened`() {
        pastFirstStart()
        RuntimeEnvironment.setQualifiers("+w1000dp-h800dp")
        val controller = Robolectric.buildActivity(MainActivity::class.java).setup()
        val eyes = Eyes(controller.get(), frames)
        eyes.settle()
        assertTrue(eyes.sees("What to type into Anki"))
        eyes.tap(R.string.settings_title)
        assertTrue(eyes.sees("When it runs") && eyes.sees("Sync with this phone"))
        controller.pause().stop().destroy()
    }

    @Test
    fun `after a restart it hosts for those who want it, after an update for all who did`() {
        fun begins(receiver: BroadcastReceiver, action: String): Boolean {
            receiver.onReceive(app, Intent(action))
            return shadowOf(app).nextStartedService?.component?.className == HostService::class.java.name
        }
        assertFalse(begins(AfterUpdate(), Intent.ACTION_MY_PACKAGE_REPLACED))
        HostService.start(app)
        val service = Robolectric.buildService(HostService::class.java, shadowOf(app).nextStartedService).create()
        service.startCommand(0, 1)
        service.destroy()
        assertTrue(app.host.isWanted)
        assertTrue(begins(AfterUpdate(), Intent.ACTION_MY_PACKAGE_REPLACED))
        assertTrue(begins(AfterBoot(), Intent.ACTION_BOOT_COMPLETED))
        assertFalse("whoever sends something else", begins(AfterBoot(), Intent.ACTION_MAIN))
    }

    @Test
    fun `a phone that does not want it starts nothing of ours`() {
        val boot = Intent(Intent.ACTION_BOOT_COMPLETED).setPackage(app.packageName)
        fun isAsked() = app.packageManager.queryBroadcastReceivers(boot, 0).isNotEmpty()
        assertFalse(isAsked() || AfterBoot.isOn(app))
        AfterBoot.switch(app, true)
        assertTrue(isAsked() && AfterBoot.isOn(app))
        AfterBoot.switch(app, false)
        assertFalse(isAsked() || AfterBoot.isOn(app))
    }

    @Test
    fun `a place outlives the process, and one that an update has removed is left out`() {
        val place = Place(Screen.Backups, "Anna & Ben")
        assertEquals(place, Place.of(place.saved()))
        assertEquals(Place(Screen.Home), Place.of("Home"))
        assertNull(Place.of("Gone"))
    }

    @Test
    fun `the log names nobody`() {
        val secret = "anna-secret"
        val events = listOf(
            EndpointEvent.DeviceLoggedIn(secret, secret, secret, true),
            EndpointEvent.LoginRefused(secret),
            EndpointEvent.SyncStarted(secret, secret),
            EndpointEvent.SyncFinished(secret, secret, SyncCounts(1, 2, 3), 4),
            EndpointEvent.TransferStarted(secret, secret, true),
            EndpointEvent.MediaFinished(secret, secret, 1, 2),
            EndpointEvent.RequestRefused(secret, secret, secret, secret, 403, "not logged in"),
            EndpointEvent.BackupMade(secret, secret, 5),
            EndpointEvent.Problem(secret, secret),
        )
        for (event in events) {
            val line = lineFor(event)
            assertNotNull("$event", line)
            assertFalse(line, secret in line!!)
        }
    }
}
