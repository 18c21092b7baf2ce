package io.deckport.companion.care

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import io.deckport.companion.Eyes
import io.deckport.companion.Frames
import io.deckport.companion.R
import io.deckport.companion.navigation.Place
import io.deckport.companion.navigation.Screen
import io.deckport.companion.theme.DeckportTheme
import io.deckport.companion.waitUntil
import kotlinx.coroutines.runBlocking
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog

/** A person types names and passwords, with the real engine. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class, qualifiers = "w411dp-h1200dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CareDialogsTest {
    private val opened = OpenCare()
    private val frames = Frames()
    private val controller = run {
        ShadowDialog.reset()
        Robolectric.buildActivity(ComponentActivity::class.java).also { it.get().setTheme(R.style.Deckport) }.setup()
    }
    private val eyes = Eyes(controller.get(), frames)

    @After
    fun end() {
        controller.pause().stop().destroy()
        frames.close()
        opened.close()
    }

    private fun show(screen: Screen) =
        controller.get().setContent { DeckportTheme(dynamic = false) { CarePlace(opened.care, Place(screen), {}, {}) } }

    private fun await(text: String) = eyes.waitUntil { eyes.sees { text in it } }

    @Test
    fun `a device is renamed and logged out`() {
        runBlocking { opened.device("one").close() }
        show(Screen.Devices)
        await("Rename")
        eyes.tap("Rename")
        await("Name of the device")
        eyes.type("Name of the device", "Laptop")
        eyes.tap("Save")
        await("The device is now called “Laptop”.")
        eyes.tap("Log out")
        await("At its next sync this device asks for the password.")
        // In the dialog, which is looked at first.
        eyes.tap("Log out")
        await("“Laptop” is logged out.")
        await("No device has logged in yet.")
    }

    @Test
    fun `an account is added and removed`() {
        show(Screen.Accounts)
        await("Add an account")
        eyes.tap("Add an account")
        await("Name and password are what is typed")
        eyes.type("Name", "Bob")
        eyes.type("Password", "secret")
        eyes.tap("Add")
        await("Devices can log in as “Bob” now.")
        assertEquals(listOf("anna", "Bob"), names())
        // The first one's: its collection stays.
        eyes.tap("Remove")
        await("they come back when you add an account of the same name.")
        eyes.tap("Remove")
        await("“anna” was removed. The collection stays on this phone.")
        assertEquals(listOf("Bob"), names())
    }

    private fun names() = runBlocking { opened.deckport.accounts() }.map { it.name }
}
