package io.deckport.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import android.net.NetworkRequest
import io.deckport.AddressKind
import io.deckport.NetworkInterface

/**
 * The networks of this device, for the engine, which cannot ask Android for them.
 *
 * What the system tells of a network (Wi-Fi, cable, VPN) wins over what the engine guesses from names. This device's own
 * hotspot and a USB cable to a computer are no networks for Android: they are seen by [look], and from Android 16 on
 * the system tells of them, too. Mobile data is told as such, and nobody is answered there.
 */
internal class Networks(
    context: Context,
    private val interfaces: () -> List<NetworkInterface>,
    private val changed: () -> Unit,
) {
    private val system = context.getSystemService(ConnectivityManager::class.java)
    private val tethering = Tethering(context, changed)
    private val known = HashMap<Network, Known>()
    private var isWatching = false

    private data class Known(val name: String? = null, val kind: AddressKind? = null)

    private val callback = object : ConnectivityManager.NetworkCallback() {
        override fun onLinkPropertiesChanged(network: Network, properties: LinkProperties) =
            update(network) { it.copy(name = properties.interfaceName) }

        override fun onCapabilitiesChanged(network: Network, capabilities: NetworkCapabilities) =
            update(network) { it.copy(kind = kindOf(capabilities)) }

        override fun onLost(network: Network) {
            val removed = synchronized(known) { known.remove(network) }
            if (removed != null) changed()
        }
    }

    /** Begins to tell of changes. */
    fun watch() {
        if (isWatching) return
        isWatching = true
        val all = NetworkRequest.Builder()
            .removeCapability(NetworkCapabilities.NET_CAPABILITY_NOT_VPN)
            .removeCapability(NetworkCapabilities.NET_CAPABILITY_TRUSTED)
            .removeCapability(NetworkCapabilities.NET_CAPABILITY_NOT_RESTRICTED)
            .build()
        try {
            system.registerNetworkCallback(all, callback)
        } catch (_: RuntimeException) {
            // An app may have a hundred of them: then changes are seen when somebody looks.
            isWatching = false
        }
        tethering.watch()
    }

    /** Ends that. */
    fun rest() {
        tethering.rest()
        if (!isWatching) return
        isWatching = false
        system.unregisterNetworkCallback(callback)
        synchronized(known) { known.clear() }
    }

    /** Whether a VPN is on that this app's connections go through. */
    val isVpnOn: Boolean
        get() = system.getNetworkCapabilities(system.activeNetwork)
            ?.hasTransport(NetworkCapabilities.TRANSPORT_VPN) == true

    /** All that are up now, with their kinds where the system tells them. The engine serves none that is mobile. */
    fun look(): List<NetworkInterface> {
        val kinds = synchronized(known) { known.values.associate { it.name to it.kind } }
        val tethered = tethering.kinds
        return interfaces().map { network ->
            // An IPv4 address on a network of IPv6 alone has a name of its own.
            val kind = kinds[network.name] ?: kinds[network.name.removePrefix(TRANSLATED)] ?: tethered[network.name]
            network.copy(kind = kind)
        }
    }

    private fun update(network: Network, change: (Known) -> Known) {
        val isNew = synchronized(known) {
            val before = known[network] ?: Known()
            val after = change(before)
            known[network] = after
            // Of signal strength and the like we are told all day long.
            before != after
        }
        if (isNew) changed()
    }

    private fun kindOf(capabilities: NetworkCapabilities): AddressKind? = with(capabilities) {
        when {
            hasTransport(NetworkCapabilities.TRANSPORT_VPN) -> AddressKind.VPN
            hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> AddressKind.WIFI
            hasTransport(TRANSPORT_USB) -> AddressKind.USB
            hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> AddressKind.ETHERNET
            hasTransport(NetworkCapabilities.TRANSPORT_BLUETOOTH) -> AddressKind.BLUETOOTH
            hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> AddressKind.MOBILE
            else -> null
        }
    }

    private companion object {
        /** Known from Android 12 on; older systems have no network of it. */
        const val TRANSPORT_USB = 8
        const val TRANSLATED = "v4-"
    }
}
