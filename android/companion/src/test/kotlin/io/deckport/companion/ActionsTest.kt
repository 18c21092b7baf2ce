package io.deckport.companion

import android.content.ClipboardManager
import android.content.Intent
import android.provider.Settings
import io.deckport.android.Ankidroid
import io.deckport.android.HostFailure
import io.deckport.android.HostPermission
import io.deckport.android.HostProblem
import io.deckport.companion.home.HomeModel
import io.deckport.companion.home.Mending
import io.deckport.companion.navigation.Screen
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** Each button leads where it says. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [36])
class ActionsTest {
    private val app get() = RuntimeEnvironment.getApplication() as DeckportApp
    private val controller = Robolectric.buildActivity(MainActivity::class.java).setup()
    private val asked = mutableListOf<HostPermission>()
    private val opened = mutableListOf<Screen>()
    private val actions =
        MainActions(controller.get(), HomeModel(app.host) { false }, asked::add, opened::add) {}

    @After
    fun close() {
        controller.pause().stop().destroy()
        now { app.host.close() }
    }

    private fun started(): Intent = shadowOf(controller.get()).nextStartedActivity

    private fun mend(problem: HostProblem) = actions.mend(Mending.of(problem), problem)

    private fun mend(failure: HostFailure) = actions.mend(Mending.of(failure), null)

    @Test
    fun `a problem's button opens what mends it`() {
        mend(HostProblem.NoNetwork)
        assertEquals(Settings.ACTION_WIFI_SETTINGS, started().action)
        mend(HostProblem.Vpn)
        assertEquals(Settings.ACTION_VPN_SETTINGS, started().action)
        mend(HostFailure.ServiceRefused(HostFailure.Refusal.PERMISSION))
        assertEquals(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, started().action)
        HostPermission.entries.forEach { mend(HostProblem.Permission(it)) }
        assertEquals(HostPermission.entries, asked)
        mend(HostProblem.StorageLow(1))
        mend(HostProblem.DeviceRefused("anki", "tablet", "too large", 1))
        mend(HostProblem.Told("anki", "look at this", 1))
        mend(HostFailure.PortTaken(27701))
        mend(HostFailure.NoSpace)
        assertEquals(listOf(Screen.Space, Screen.Devices, Screen.Check, Screen.Settings, Screen.Space), opened)
        mend(HostFailure.FolderInUse)
        assertTrue(shadowOf(app).nextStartedService.component!!.className.endsWith("HostService"))
    }

    @Test
    fun `the log goes to the app that the person chooses, and so does an address`() {
        mend(HostFailure.EngineMissing("no library"))
        val log = started().getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertTrue(log.getStringExtra(Intent.EXTRA_TEXT)!!.startsWith("Deckport "))
        actions.share("http://192.168.1.20:27701/")
        val shared = started().getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals("http://192.168.1.20:27701/", shared.getStringExtra(Intent.EXTRA_TEXT))
    }

    @Test
    fun `copying puts the address where other apps take it from`() {
        actions.copy("http://192.168.1.20:27701/")
        val clipboard = app.getSystemService(ClipboardManager::class.java)
        assertEquals("http://192.168.1.20:27701/", clipboard.primaryClip!!.getItemAt(0).text)
    }

    @Test
    fun `without AnkiDroid its card leads to where it is to be had`() {
        actions.openAnkidroid()
        assertEquals("market://details?id=${Ankidroid.PACKAGE}", started().dataString)
    }
}
