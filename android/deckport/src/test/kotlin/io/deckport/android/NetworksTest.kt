package io.deckport.android

import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import io.deckport.AddressKind
import io.deckport.NetworkInterface
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetwork
import org.robolectric.shadows.ShadowNetworkCapabilities

/** Networks come, go and change, and the engine hears of it. */
@RunWith(RobolectricTestRunner::class)
class NetworksTest {
    @Volatile
    private var up = listOf(NetworkInterface("net0", listOf("192.168.1.20/24")))
    private val host by lazy { hostOf(Surroundings(interfaces = { up })) }
    private val system get() = app.getSystemService(ConnectivityManager::class.java)

    @After
    fun close(): Unit = now { host.close() }

    private fun callback() = shadowOf(system).networkCallbacks.single()

    /** The system tells of a network with this name and transport. */
    private fun tell(id: Int, name: String, transport: Int): Network {
        val network = ShadowNetwork.newInstance(id)
        val capabilities = ShadowNetworkCapabilities.newInstance().also { shadowOf(it).addTransportType(transport) }
        callback().onAvailable(network)
        callback().onLinkPropertiesChanged(network, LinkProperties().apply { interfaceName = name })
        callback().onCapabilitiesChanged(network, capabilities)
        return network
    }

    private fun kinds() = host.on().addresses.map { it.interfaceName to it.kind }

    @Test
    fun `what the system says of a network counts`() {
        now { host.start() }
        tell(1, "net0", NetworkCapabilities.TRANSPORT_WIFI)
        waitUntil { kinds().first() == "net0" to AddressKind.WIFI }
        up += NetworkInterface("net1", listOf("192.168.42.5/24"))
        val cable = tell(2, "net1", NetworkCapabilities.TRANSPORT_ETHERNET)
        waitUntil { "net1" to AddressKind.ETHERNET in kinds() }
        up = up.dropLast(1)
        callback().onLost(cable)
        waitUntil { kinds().none { it.first == "net1" } }
    }

    @Test
    fun `nobody is served over mobile data, whatever its name`() {
        up = listOf(NetworkInterface("wlan9", listOf("192.168.1.20/24")), WIFI.copy(addresses = listOf("192.168.2.5/24")))
        now { host.start() }
        waitUntil { kinds().size == 3 }
        tell(1, "wlan9", NetworkCapabilities.TRANSPORT_CELLULAR)
        waitUntil { kinds().map { it.first } == listOf("wlan0", "") }
        // The address of IPv4 in a network of IPv6 alone is the same network.
        up += NetworkInterface("v4-wlan9", listOf("192.168.3.5/24"))
        now { host.look() }
        assertEquals(listOf("wlan0", ""), kinds().map { it.first })
    }

    @Test
    fun `hotspot and cable are seen when somebody looks`() {
        now { host.start() }
        up += NetworkInterface("ap0", listOf("192.168.43.1/24"))
        up += NetworkInterface("rndis0", listOf("192.168.42.129/24"))
        now { host.look() }
        assertTrue(kinds().toString(), kinds().containsAll(listOf("ap0" to AddressKind.HOTSPOT, "rndis0" to AddressKind.USB)))
    }

    @Test
    fun `a VPN is a problem as long as it is on`() {
        now { host.start() }
        assertTrue(HostProblem.Vpn !in host.on().problems)
        val active = checkNotNull(system.activeNetwork)
        val capabilities = ShadowNetworkCapabilities.newInstance()
        shadowOf(capabilities).addTransportType(NetworkCapabilities.TRANSPORT_VPN)
        shadowOf(system).setNetworkCapabilities(active, capabilities)
        now { host.look() }
        assertTrue(HostProblem.Vpn in host.on().problems)
    }

    @Test
    fun `nothing is watched while nothing is hosted`() {
        now { host.start() }
        assertEquals(1, shadowOf(system).networkCallbacks.size)
        now { host.stop() }
        assertEquals(0, shadowOf(system).networkCallbacks.size)
    }
}
