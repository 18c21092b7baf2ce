package io.deckport.companion.care

import android.app.Application
import io.deckport.AnkiError
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** Devices and accounts, with the real engine and a real client. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = Application::class)
class PeopleTest {
    @Test
    fun `a device gets a name and is logged out`() = runBlocking {
        OpenCare().use { opened ->
            val devices = opened.care.devices
            opened.device("one").use { device ->
                devices.refresh()
                val row = devices.state.await { it.owners.isNotEmpty() }.owners.single().devices.single()
                assertTrue(row.toString(), row.name.startsWith("Anki 26"))
                assertTrue("$row", checkNotNull(row.syncedMs) > 0)
                devices.rename(row.id, "  Anna's laptop ")
                val renamed = devices.state.await { it.notice != null && it.owners.single().devices.single().name != row.name }
                assertEquals("The device is now called “Anna's laptop”.", renamed.notice?.text())
                devices.dismiss()
                // Its name says nothing of the app any more.
                val named = renamed.owners.single().devices.single()
                assertTrue(named.toString(), named.name == "Anna's laptop" && named.client.orEmpty().startsWith("Anki 26"))
                devices.logOut(row.id)
                assertEquals("“Anna's laptop” is logged out.", devices.state.await { it.notice != null }.notice?.text())
                devices.state.await { it.owners.isEmpty() }
                assertThrows(AnkiError::class.java) { runBlocking { device.sync() } }
                devices.dismiss()
                devices.logOut(row.id)
                val gone = devices.state.await { it.notice != null }.notice
                assertEquals("This device is not logged in any more." to true, gone?.text() to gone?.failed)
            }
        }
    }

    @Test
    fun `accounts come and go, and what they hold stays`() = runBlocking {
        OpenCare().use { opened ->
            val accounts = opened.care.accounts
            opened.device("one", "two").close()
            accounts.add(" Bob ", "secret")
            val added = accounts.state.await { it.accounts.size == 2 }
            assertEquals("Devices can log in as “Bob” now.", added.notice?.text())
            assertEquals(listOf("anna" to 1, "Bob" to 0), added.accounts.map { it.name to it.devices })
            assertEquals(listOf(2L, 0L), added.accounts.map { it.cards })
            accounts.dismiss()
            accounts.add("ANNA", "x")
            assertEquals("There is already an account of this name. Choose another name.", accounts.state.await { it.notice != null }.notice?.text())
            accounts.dismiss()
            accounts.setPassword("Bob", "")
            assertTrue(accounts.state.await { it.notice != null }.notice!!.failed)
            accounts.dismiss()

            accounts.rename("anna", "Anna B.")
            accounts.state.await { state -> state.accounts.any { it.name == "Anna B." } }
            assertEquals("Anna B.", opened.care.backups.run { refresh(); state.await { it.loaded } }.choice.chosen)
            accounts.setPassword("Anna B.", "new")
            accounts.state.await { state -> state.accounts.none { it.devices > 0 } }
            accounts.remove("Anna B.")
            accounts.state.await { it.accounts.size == 1 }
            val space = opened.care.space.run { refresh(); state.await { it.loaded } }
            assertTrue("$space", space.leftBehind > 0 && space.accounts.map { it.account } == listOf("Bob"))
            accounts.add("Anna B.", "again")
            val back = accounts.state.await { it.accounts.size == 2 }.accounts.first()
            assertEquals("Anna B." to 2L, back.name to back.cards)
        }
    }
}
