package io.deckport

import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.time.Duration.Companion.seconds

/** Real clients sync with an endpoint in this JVM, and flows tell of it. */
class HostingTest {
    @TempDir
    lateinit var folder: File

    private fun anki(name: String) = Anki(File(folder, name))

    @Test
    fun `devices sync and the events tell of all of it`() = scenario {
        opened(folder).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            anki("first").use { first ->
                anki("second").use { second ->
                    first.login(url)
                    first.add("one")
                    assertEquals("FULL_UPLOAD", first.sync("upload"))
                    second.login(url)
                    assertEquals("FULL_DOWNLOAD", second.sync("download"))
                    second.add("two")
                    second.sync()
                    first.sync()
                    assertEquals(listOf(2L, 2L), listOf(first.notes(), second.notes()))
                }
            }
            val login = told.first<EndpointEvent.DeviceLoggedIn>()
            assertEquals(listOf("anna", "127.0.0.1", false), listOf(login.account, login.address, login.paired))
            assertTrue(told.first<EndpointEvent.TransferFinished> { it.upload }.bytes > 10_000)
            told.first<EndpointEvent.TransferFinished> { !it.upload }
            val taken = told.first<EndpointEvent.SyncFinished> { it.counts.received >= 2 }
            assertEquals("anna" to login.device, taken.account to taken.device)
            told.first<EndpointEvent.SyncFinished> { it.counts.sent >= 2 }
            told.first<EndpointEvent.SyncProgress>()
            val overview = deckport.overview("anna")
            assertEquals(listOf(2L, 2L, 0L), listOf(overview.notes, overview.cards, overview.reviews))
        }
    }

    @Test
    fun `media are exchanged counted looked after and deleted`() = scenario {
        opened(folder).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            anki("first").use { first ->
                first.login(url)
                first.add("one", "<img src=a.png>")
                first.call("add_media", "name" to "a.png", "text" to "aaaaa")
                first.call("add_media", "name" to "b.png", "text" to "bbbbb")
                first.sync("upload")
                first.call("sync_media")
            }
            val taken = told.first<EndpointEvent.MediaFinished>()
            assertEquals(0L to 2L, taken.sent to taken.received)
            anki("second").use { second ->
                second.login(url)
                second.sync("download")
                second.call("sync_media")
                val given = told.first<EndpointEvent.MediaFinished> { it.sent > 0 }
                assertEquals(2L to 0L, given.sent to given.received)
                assertEquals("""{"a.png":"aaaaa","b.png":"bbbbb"}""", second.call("media_files").toString().sortedObject())
            }
            val overview = deckport.overview("anna")
            assertEquals(2L to 10L, overview.mediaFiles to overview.mediaBytes)
            assertEquals(2L, deckport.checkMedia("anna")?.right)
            assertEquals(listOf(UnusedMedia("b.png", 5)), deckport.unusedMedia("anna"))
            assertEquals(1L, deckport.deleteMedia("anna", listOf("b.png")))
            assertEquals(emptyList<UnusedMedia>(), deckport.unusedMedia("anna"))
            assertTrue(deckport.check("anna").isClean)
        }
    }

    @Test
    fun `a device pairs within the window and not after it`() = scenario {
        Deckport.open(EndpointOptions(File(folder, "data").path, port = 0)).use { deckport ->
            assertNull(deckport.openPairing("Bob").qrPayload, "it does not listen yet")
            deckport.networksChanged(emptyList())
            val url = deckport.startedAt()
            assertNull(deckport.openPairing("Bob").qrPayload, "it would lead nowhere")
            deckport.networksChanged(listOf(NetworkInterface("wlan0", listOf("192.168.1.20/24"))))
            val window = deckport.openPairing("Bob", "Bob's tablet", 60.seconds)
            assertEquals(url.replace("127.0.0.1", "192.168.1.20"), window.url)
            assertEquals("${window.url}#account=Bob&password=${window.password}", window.qrPayload)
            val code = qrCode(window.qrPayload!!)
            assertEquals(code.size * code.size, code.modules.size)
            assertEquals(listOf(true, false, true), listOf(code[0, 0], code[1, 1], code[2, 2]))
            anki("tablet").use { tablet ->
                tablet.login(url, window.account, window.password.replace("-", "").uppercase())
                tablet.add("one")
                tablet.sync("upload")
                val known = deckport.devices("bob").single()
                assertEquals(
                    listOf("Bob's tablet", "Bob", "26.09.3"),
                    listOf(known.name, known.account, known.clientVersion),
                )
                deckport.closePairing("Bob")
                refused<AnkiError> { tablet.login(url, "Bob", window.password) }
                val short = deckport.openPairing("Bob", windowMs = 1_000)
                while (System.currentTimeMillis() <= short.closesMs) delay(20)
                refused<AnkiError> { tablet.login(url, "Bob", short.password) }
            }
        }
    }

    @Test
    fun `accounts and devices are kept`() = scenario {
        opened(folder).use { deckport ->
            val told = Told(this, deckport)
            val url = deckport.startedAt()
            anki("device").use { device ->
                device.login(url)
                assertEquals("Ann", deckport.renameAccount("anna", "Ann").name)
                assertEquals(listOf("Ann"), deckport.accounts().map { it.name })
                val known = deckport.devices().single()
                assertTrue(known.name.startsWith("Anki 26.09.3 on "), known.name)
                deckport.renameDevice(known.id, "laptop")
                device.add("one")
                device.sync("upload")
                val later = deckport.devices("ann").single()
                assertEquals("laptop", later.name)
                assertTrue(later.lastSyncMs!! >= later.loggedInMs)
                deckport.revokeDevice(known.id)
                refused<AnkiError> { device.sync() }
                val refusal = told.first<EndpointEvent.RequestRefused>()
                assertEquals("the token is unknown or was revoked", refusal.reason)
                refused<AnkiError> { device.login(url, "Ann", "wrong") }
                told.first<EndpointEvent.LoginRefused>()
                device.login(url, "Ann", "p")
                assertEquals(emptyList<Device>(), deckport.pruneDevices(1))
                deckport.setPassword("Ann", "q")
                assertEquals(emptyList<Device>(), deckport.devices())
                deckport.removeAccount("Ann")
                assertEquals(emptyList<Account>(), deckport.accounts())
            }
        }
    }

    @Test
    fun `addresses follow the networks that the app tells`() = scenario {
        Deckport.open(EndpointOptions(File(folder, "data").path, port = 0)).use { deckport ->
            assertEquals(emptyList<Address>(), deckport.addresses())
            val told = Told(this, deckport)
            deckport.start()
            deckport.networksChanged(
                listOf(
                    NetworkInterface("wlan0", listOf("192.168.1.20", "fe80::1%wlan0")),
                    NetworkInterface("rndis0", listOf("192.168.42.129")),
                ),
            )
            val changed = told.first<EndpointEvent.AddressesChanged>().addresses
            assertEquals(
                listOf(AddressKind.USB to true, AddressKind.WIFI to true, AddressKind.LOOPBACK to false),
                changed.map { it.kind to it.reachable },
            )
            assertEquals(listOf("rndis0", "wlan0", ""), changed.map { it.interfaceName })
            assertEquals(listOf(0, 1, 2), changed.map { it.rank })
            assertEquals(changed, deckport.addresses())
            deckport.networksChanged(networksOfThisDevice())
            assertEquals(AddressKind.LOOPBACK, deckport.addresses().last().kind)
            deckport.networksChanged()
            assertEquals(AddressKind.LOOPBACK, deckport.addresses().last().kind)
        }
    }

    @Test
    fun `what the app says of a network counts before its name`() = scenario {
        Deckport.open(EndpointOptions(File(folder, "data").path, port = 0)).use { deckport ->
            deckport.start()
            deckport.networksChanged(
                listOf(
                    NetworkInterface("odd0", listOf("203.0.113.7/24"), AddressKind.BLUETOOTH),
                    NetworkInterface("wlan0", listOf("10.1.1.1/8"), AddressKind.MOBILE),
                    NetworkInterface("eth0", listOf("198.51.100.1/32")),
                ),
            )
            assertEquals(
                listOf(AddressKind.BLUETOOTH to null, AddressKind.LOOPBACK to null, AddressKind.ETHERNET to "0.0.0.0/0"),
                deckport.addresses().map { it.kind to it.needsAllow },
            )
        }
    }

    @Test
    fun `the networks of this device have their prefixes`() {
        val found = networksOfThisDevice().flatMap { it.addresses }
        assertTrue(found.any { it == "127.0.0.1/8" }, "$found")
        assertTrue(found.all { Regex("[0-9a-f.:]+(%.+)?/[0-9]+").matches(it) }, "$found")
    }

    @Test
    fun `several endpoints live in one JVM`() = scenario {
        opened(File(folder, "a")).use { one ->
            opened(File(folder, "b")).use { other ->
                for (deckport in listOf(one, other)) {
                    val url = deckport.startedAt()
                    anki(url.filter(Char::isDigit)).use { device ->
                        device.login(url)
                        device.add(url)
                        device.sync("upload")
                    }
                }
                one.shutdown()
                assertEquals(1L, other.overview("anna").notes)
                assertTrue(other.states.first { it is EndpointState.Listening } is EndpointState.Listening)
            }
        }
    }

    /** The members of a flat JSON object of texts, in order. */
    private fun String.sortedObject() =
        removeSurrounding("{", "}").split(",").sorted().joinToString(",", "{", "}")
}
