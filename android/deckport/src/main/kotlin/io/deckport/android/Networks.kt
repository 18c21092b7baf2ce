package io.deckport.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import android.net.NetworkRequest
import io.deckport.AddressKind
import io.deckport.NetworkInterface
import io.deckport.networksOfThisDevice

/**
 * The networks of this device, for the engine, which cannot ask Android for them.
 *
 * What the system tells of a network (Wi-Fi, cable, VPN) wins over what the engine guesses from names. This device's own
 * hotspot and a USB cable to a computer are no networks for Android: they are seen by [look], and from Android 16 on
 * the system tells of them, too. Mobile data is left out: nobody else is in that network.
 */
internal class Networks(context: Context, private val changed: () -> Unit) {
    private val system = context.getSystemService(ConnectivityManager::class.java)
    private val tethering = Tethering(context, changed)
    private val known = HashMap<Network, Known>()
    private var isWatching = false

    private data class Known(val name: String? = null, val kind: NetworkKind? = null)

    /** What the system says a network is. */
    enum class NetworkKind { WIFI, ETHERNET, USB, VPN, MOBILE }

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

    /** All that are up now, with their kinds where they are known, but for mobile data. */
    fun look(): List<NetworkInterface> {
        val kinds = synchronized(known) { known.values.associate { it.name to it.kind } }
        val tethered = tethering.kinds
        return networksOfThisDevice().mapNotNull { network ->
            // An IPv4 address on a network of IPv6 alone has a name of its own.
            val kind = kinds[network.name] ?: kinds[network.name.removePrefix(TRANSLATED)]
            when (kind) {
                NetworkKind.MOBILE -> null
                else -> network.of(kind?.let(::addressKind) ?: tethered[network.name])
            }
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

    private fun kindOf(capabilities: NetworkCapabilities): NetworkKind? = with(capabilities) {
        when {
            hasTransport(NetworkCapabilities.TRANSPORT_VPN) -> NetworkKind.VPN
            hasTransport(NetworkCapabilities.TRANSPORT_WIFI) -> NetworkKind.WIFI
            hasTransport(TRANSPORT_USB) -> NetworkKind.USB
            hasTransport(NetworkCapabilities.TRANSPORT_ETHERNET) -> NetworkKind.ETHERNET
            hasTransport(NetworkCapabilities.TRANSPORT_CELLULAR) -> NetworkKind.MOBILE
            else -> null
        }
    }

    private fun addressKind(kind: NetworkKind): AddressKind = when (kind) {
        NetworkKind.WIFI -> AddressKind.WIFI
        NetworkKind.ETHERNET -> AddressKind.ETHERNET
        NetworkKind.USB -> AddressKind.USB
        NetworkKind.VPN -> AddressKind.VPN
        NetworkKind.MOBILE -> AddressKind.OTHER
    }

    private companion object {
        /** Known from Android 12 on; older systems have no network of it. */
        const val TRANSPORT_USB = 8
        const val TRANSLATED = "v4-"
    }
}

/** The same with what is known of its kind. */
private fun NetworkInterface.of(kind: AddressKind?): NetworkInterface = if (kind == null) this else this
