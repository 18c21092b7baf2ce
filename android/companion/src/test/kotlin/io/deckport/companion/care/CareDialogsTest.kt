package io.deckport.companion.care

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.runtime.Composable
import io.deckport.companion.Eyes
import io.deckport.companion.Frames
import io.deckport.companion.R
import io.deckport.companion.theme.DeckportTheme
import io.deckport.companion.waitUntil
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadows.ShadowDialog
import java.time.Duration

/** What a person types and confirms is what is done; what these actions do is in [PeopleTest]. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [36], application = Application::class, qualifiers = "w411dp-h1200dp-mdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CareDialogsTest {
    private val done = mutableListOf<String>()

    private val devices = object : DevicesActions by NoActions {
        override fun rename(id: Long, name: String) {
            done += "rename $id: $name"
        }

        override fun logOut(id: Long) {
            done += "log out $id"
        }
    }

    private val accounts = object : AccountsActions by NoActions {
        override fun add(name: String, password: String) {
            done += "add $name: $password"
        }

        override fun setPassword(name: String, password: String) {
            done += "password of $name: $password"
        }

        override fun remove(name: String) {
            done += "remove $name"
        }
    }

    private fun shown(content: @Composable () -> Unit, act: Eyes.() -> Unit): Unit = Frames().use { frames ->
        ShadowDialog.reset()
        val controller = Robolectric.buildActivity(ComponentActivity::class.java)
        controller.get().setTheme(R.style.Deckport)
        controller.setup().get().setContent { DeckportTheme(dynamic = false, content) }
        val eyes = Eyes(controller.get(), frames)
        eyes.settle(Duration.ofSeconds(2))
        eyes.act()
        controller.pause().stop().destroy()
        Unit
    }

    /** Until the dialog is there: then a tap finds it first. */
    private fun Eyes.await(text: String) = waitUntil { sees { text in it } }

    @Test
    fun `a device is renamed and logged out`() =
        shown({ DevicesScreen(Samples.devices, WorkState.None, devices, NoActions, {}) }) {
            tap("Rename")
            await("Name of the device")
            type("Name of the device", "Laptop")
            tap("Save")
            waitUntil { done.isNotEmpty() }
            tap("Log out")
            await("At its next sync this device asks for the password.")
            assertEquals(listOf("rename 1: Laptop"), done)
            tap("Log out")
            assertEquals(listOf("rename 1: Laptop", "log out 1"), done)
        }

    @Test
    fun `an account is added, gets a password, and is removed after a word`() =
        shown({ AccountsScreen(Samples.accounts, WorkState.None, accounts, NoActions, {}) }) {
            tap("Add an account")
            await("Name and password are what is typed")
            type("Name", "Clara")
            type("Password", "secret")
            tap("Add")
            waitUntil { dialog() == null }
            tap("Password")
            await("must log in again with the new password.")
            type("Password", "new")
            tap("Save")
            waitUntil { dialog() == null }
            tap("Remove")
            await("they come back when you add an account of the same name.")
            tap("Cancel")
            waitUntil { dialog() == null }
            assertEquals(listOf("add Clara: secret", "password of Anna: new"), done)
        }
}
