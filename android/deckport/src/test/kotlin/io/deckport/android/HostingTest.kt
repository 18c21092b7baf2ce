package io.deckport.android

import io.deckport.Anki
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File

/** The host with the real engine and a real Anki client. */
@RunWith(RobolectricTestRunner::class)
class HostingTest {
    private val app = RuntimeEnvironment.getApplication()

    @Test
    fun `a device syncs, and the state tells of it`() = runBlocking {
        withTimeout(60_000) {
            val host = DeckportHost.of(app)
            host.change { it.copy(port = 0, thisDeviceOnly = true) }
            host.use { it.addAccount("anna", "p") }
            val on = host.start() as HostState.On
            Anki(File(app.cacheDir, "device")).use { device ->
                device.login(on.addresses.first().url)
                device.add("one")
                device.sync("upload")
            }
            val last = host.state.first { it is HostState.On && it.activity.last != null } as HostState.On
            assertEquals(SyncPart.UPLOAD, last.activity.last?.part)
            assertEquals(1L, host.use { it.overview("anna") }.notes)
            host.close()
            assertEquals(HostState.Off, host.state.value)
        }
    }
}
