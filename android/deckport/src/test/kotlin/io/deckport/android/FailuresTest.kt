package io.deckport.android

import android.app.ForegroundServiceStartNotAllowedException
import android.app.Notification
import android.app.NotificationManager
import android.content.ContextWrapper
import android.content.Intent
import android.content.pm.ServiceInfo
import io.deckport.AddressKind
import io.deckport.Deckport
import io.deckport.NativeLibraryException
import io.deckport.NetworkInterface
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import java.net.ServerSocket

/** Each thing that can go wrong is a sentence, and nothing is thrown at a person. */
@RunWith(RobolectricTestRunner::class)
class FailuresTest {
    private var host: DeckportHost? = null

    @After
    fun close(): Unit = now { host?.close() }

    private fun use(surroundings: Surroundings, settings: HostSettings = HostSettings(port = 0)): DeckportHost {
        val made = DeckportHost.of(app, DeckportHost.defaultFolder(app), surroundings)
        host = made
        now { made.change { settings } }
        return made
    }

    private fun DeckportHost.failure(): String {
        val state = waitFor { state.value as? HostState.Failed }
        return state.reason.sentence(app)
    }

    private fun DeckportHost.problems() = on().problems.map { it.sentence(app) }

    /** The sentence that the person finds among the notifications when the service could not go on. */
    private fun told(): String {
        val shown = shadowOf(app.getSystemService(NotificationManager::class.java)).allNotifications.single()
        return shown.extras.getCharSequence(Notification.EXTRA_TEXT).toString()
    }

    @Test
    fun `the port is taken`() {
        ServerSocket(0).use { other ->
            val host = use(Surroundings(), HostSettings(port = other.localPort))
            now { host.start() }
            val sentence = "Port ${other.localPort} is used by another app. Choose another port in the settings."
            assertEquals(sentence, host.failure())
            val service = Robolectric.buildService(HostService::class.java, Intent()).create().startCommand(0, 1)
            waitUntil { shadowOf(service.get()).isStoppedBySelf }
            assertEquals(sentence, told())
            service.destroy()
        }
        now { assertTrue("it can be tried again", host!!.start() is HostState.On) }
    }

    @Test
    fun `the folder cannot be used`() {
        val folder = DeckportHost.defaultFolder(app)
        folder.writeText("a file is in its place")
        val host = use(Surroundings())
        now { host.start() }
        assertTrue(host.failure(), host.failure().startsWith("The folder of the collections cannot be used: "))
        folder.delete()
        now { assertTrue(host.start() is HostState.On) }
    }

    @Test
    fun `the folder is in use elsewhere`() {
        val folder = DeckportHost.defaultFolder(app)
        now {
            Deckport.open(io.deckport.EndpointOptions(folder.path, port = 0)).use {
                val host = use(Surroundings())
                host.start()
                assertEquals(HostState.Failed(HostFailure.FolderInUse), host.state.value)
            }
        }
    }

    @Test
    fun `the engine cannot be loaded on this processor`() {
        for (error in listOf(
            NativeLibraryException("libdeckport.so is for another processor", UnsatisfiedLinkError()),
            UnsatisfiedLinkError("dlopen failed: library \"libdeckport.so\" not found"),
            ExceptionInInitializerError(UnsatisfiedLinkError("wrong ELF class")),
            NoClassDefFoundError("Could not initialize class io.deckport.UniffiLib"),
        )) {
            val host = use(Surroundings(open = { _, _ -> throw error }))
            now { host.start() }
            assertTrue(host.failure(), host.failure().startsWith("This app was not built for this device's processor ("))
            now { host.close() }
        }
    }

    @Test
    fun `there is no network`() {
        val host = use(Surroundings(interfaces = { emptyList() }))
        now { host.start() }
        val sentence = "This device is in no network. Join a Wi-Fi, switch on the hotspot, or connect a cable."
        assertEquals(sentence, host.problems().first())
        assertEquals(listOf(AddressKind.LOOPBACK), host.on().addresses.map { it.kind })
        now { host.change { it.copy(thisDeviceOnly = true) } }
        assertTrue(sentence !in host.problems())
    }

    @Test
    fun `mobile data is no network to be reached in`() {
        val host = use(Surroundings(interfaces = { listOf(NetworkInterface("rmnet0", listOf("10.1.2.3/30"))) }))
        now { host.start() }
        assertTrue(HostProblem.NoNetwork in host.on().problems)
    }

    @Test
    fun `notifications are not allowed`() {
        shadowOf(app.getSystemService(NotificationManager::class.java)).setNotificationsEnabled(false)
        val host = use(Surroundings(interfaces = { listOf(WIFI) }))
        now { host.start() }
        val problem = HostProblem.Permission(HostPermission.NOTIFICATIONS)
        assertEquals(
            "Allow notifications to see who syncs, and to stop hosting from everywhere.",
            host.on().problems.single { it == problem }.sentence(app),
        )
        now { host.dismiss(problem) }
        assertTrue(problem !in host.on().problems)
    }

    @Test
    fun `space is low`() {
        var free = 10L shl 20
        val host = use(
            Surroundings(
                // The engine looks at the real disk: so much is never free there.
                open = { options, _ -> Deckport.open(options.copy(lowSpaceBytes = Long.MAX_VALUE / 2)) },
                interfaces = { listOf(WIFI) },
                freeBytes = { free },
            ),
        )
        now { host.use { it.addAccount("anna", "p") } }
        now { host.start() }
        ended(
            beside {
                anki("device").use { anki ->
                    anki.login(host.url())
                    anki.add("one")
                    runCatching { anki.sync("upload") }
                }
            },
        )
        val sentence = waitFor { host.problems().firstOrNull { "space is left" in it } }
        assertTrue(sentence, Regex("Only .*10.* of space is left. Free some, so that syncs go on.").matches(sentence))
        free = 1L shl 30
        now { host.look() }
        assertTrue(host.problems().none { "space is left" in it })
    }

    @Test
    fun `a device is refused, and syncs later`() {
        val host = hostOf().also { host = it }
        now { host.start() }
        ended(beside { anki("device").use { runCatching { it.login(host.url(), "anna", "wrong") } } })
        waitUntil { host.problems().any { "wrong account name or password" in it } }
        assertEquals(1L, host.takesNotes("device", "one"))
        waitUntil { host.problems().none { "wrong account name or password" in it } }
    }

    @Test
    @Config(sdk = [35, 36])
    fun `the system does not let the service come to the front`() {
        refused(
            ForegroundServiceStartNotAllowedException("not in front"),
            "The system did not allow hosting to begin in the background. Open the app and switch it on there.",
        )
        refused(
            SecurityException("Starting FGS with type connectedDevice requires permissions"),
            "The system did not allow the app to host in the background. Give it the permission for nearby devices, " +
                "then try again.",
        )
    }

    private fun refused(error: RuntimeException, sentence: String) {
        val host = use(Surroundings())
        val service = Robolectric.buildService(HostService::class.java, Intent()).create()
        shadowOf(service.get()).setThrowInStartForeground(error)
        service.startCommand(0, 1)
        assertEquals(sentence, host.failure())
        assertTrue(shadowOf(service.get()).isStoppedBySelf)
        assertEquals(sentence, told())
        service.destroy()
    }

    @Test
    @Config(sdk = [35, 36])
    fun `the system does not start the service at all`() {
        val host = use(Surroundings())
        val background = object : ContextWrapper(app) {
            override fun startForegroundService(service: Intent) =
                throw ForegroundServiceStartNotAllowedException("not in front")
        }
        HostService.start(background, host = host)
        assertEquals(HostFailure.ServiceRefused(HostFailure.Refusal.BACKGROUND).sentence(app), host.failure())
    }

    @Test
    @Config(sdk = [35, 36])
    fun `the time of the service is over`() {
        val host = use(Surroundings(interfaces = { listOf(WIFI) }))
        val service = Robolectric.buildService(HostService::class.java, Intent()).create().startCommand(0, 1)
        host.on()
        service.get().onTimeout(1, ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE)
        assertTrue("at once: the system waits some seconds only", shadowOf(service.get()).isStoppedBySelf)
        assertEquals(
            "The system ended hosting because its time was over. Open the app and switch it on again.",
            host.failure(),
        )
        assertEquals(host.failure(), told())
        service.destroy()
    }
}
