package io.deckport

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.days

/** Each kind of exception, with its sentence. */
class ErrorsTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `options have the defaults that the documentation tells`() {
        val options = EndpointOptions("x")
        assertEquals(27701 to false, options.port to options.loopbackOnly)
        assertEquals(8_000L to 60_000L, options.stopTimeoutMs to options.idleTimeoutMs)
        assertEquals(10 to 14, options.backupsNewest to options.backupsDays)
        assertEquals("Deckport" to 256, options.appName to options.maxConnections)
        assertEquals(ExportOptions(media = true, legacy = false, overwrite = false), ExportOptions())
        assertTrue(libraryVersion().matches(Regex("""\d+\.\d+\.\d+""")))
        setLogLevel(LogLevel.WARN)
    }

    @Test
    fun `opening says why it does not`() = scenario {
        opened(folder).use {
            assertEquals(
                "another endpoint is using the data folder; stop it or choose another folder",
                refused<OpenException.FolderInUse> { Deckport.open(optionsFor(folder)) },
            )
        }
        opened(folder).close()
        val file = File(folder, "file").apply { writeText("x") }
        val unusable = refused<OpenException.FolderUnusable> { Deckport.open(EndpointOptions(file.path)) }
        assertTrue(unusable.startsWith("the data folder cannot be used: "), unusable)
        assertEquals(
            "the options cannot be used: the port must be 0 to 65535",
            refused<OpenException.BadOptions> { Deckport.open(EndpointOptions("x", port = 70_000)) },
        )
    }

    @Test
    fun `a port in use is told and the state says so`() = scenario {
        ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { taken ->
            opened(folder, optionsFor(folder).copy(port = taken.localPort)).use { deckport ->
                val text = "port ${taken.localPort} is in use by another program; choose another port"
                assertEquals(text, refused<StartException.PortInUse> { deckport.start() })
                assertEquals(EndpointState.Failed(text), deckport.state())
            }
        }
    }

    @Test
    fun `accounts backups and packages say what was wrong`() = scenario {
        opened(folder).use { deckport ->
            val accounts = listOf(
                refused<AccountException.AlreadyExists> { deckport.addAccount("Anna", "p") } to
                    "there is already an account of this name; choose another name",
                refused<AccountException.BadName> { deckport.addAccount("", "p") } to
                    "a name has 1 to 128 characters and no control characters; choose another name",
                refused<AccountException.BadPassword> { deckport.addAccount("bob", "") } to
                    "a password has 1 to 1024 bytes; choose another password",
                refused<AccountException.NoSuchAccount> { deckport.removeAccount("bob") } to
                    "there is no account of this name",
                refused<AccountException.NoSuchDevice> { deckport.revokeDevice(7) } to
                    "there is no device of this number",
                refused<AccountException.BadDuration> { deckport.openPairing("anna", window = 2.days) } to
                    "a pairing window is open for one second to one day",
                refused<OverviewException.NoSuchAccount> { deckport.overview("bob") } to
                    "there is no account of this name",
                refused<CareException.NoCollection> { deckport.exportFile("anna", File(folder, "x.colpkg")) } to
                    "the account has no collection yet; sync a device first or import one",
                refused<BackupException.NothingToKeep> { deckport.createBackup("anna") } to
                    "there is nothing to keep: the account has no collection yet, or an untouched one",
                refused<BackupException.NoSuchBackup> { deckport.restoreBackup("anna", "x") } to
                    "there is no backup of that name; look at the list of backups",
                refused<QrException.TooLong> { qrCode("x".repeat(3_000)) } to
                    "the text is too long for a QR code",
            )
            for ((told, expected) in accounts) assertEquals(expected, told)
            val missing = File(folder, "missing.colpkg").path
            refused<CareException.FileUnusable> { deckport.importFile("anna", missing) }
            val junk = File(folder, "junk.colpkg").apply { writeText("no package") }
            refused<CareException.Unusable> { deckport.importFile("anna", junk.path) }
        }
    }

    @Test
    fun `after shutdown each call says so`() = scenario {
        opened(folder).use { deckport ->
            deckport.shutdown()
            val told = listOf(
                refused<StartException.Closed> { deckport.start() },
                refused<AccountException.Closed> { deckport.accounts() },
                refused<AccountException.Closed> { deckport.openPairing("anna") },
                refused<OverviewException.Closed> { deckport.overview("anna") },
                refused<BackupException.Closed> { deckport.backups("anna") },
                refused<CareException.Closed> { deckport.check("anna") },
            )
            assertEquals(setOf("the endpoint was shut down"), told.toSet())
            assertEquals(emptyList<Address>(), deckport.addresses())
            deckport.stop()
            deckport.shutdown()
        }
    }
}
