package io.deckport

import java.net.InterfaceAddress
import java.net.SocketException
import java.util.Collections

/**
 * The networks of this device that are up, for [EndpointInterface.networksChanged]: on Android the library cannot
 * find them by itself. Empty when the system tells none.
 *
 * Java does not tell which kind they are. An app that knows better gives each its [NetworkInterface.kind]: what has none
 * is guessed from its name, and on a phone nobody is answered over a network whose name tells nothing.
 */
public fun networksOfThisDevice(): List<NetworkInterface> {
    val all = try {
        java.net.NetworkInterface.getNetworkInterfaces()
    } catch (_: SocketException) {
        null
    }
    return all?.let(Collections::list).orEmpty().filter(::isUp).map { network ->
        NetworkInterface(network.name, network.interfaceAddresses.mapNotNull(::withPrefix))
    }
}

/** `192.168.1.20/24`. Some systems have holes in their lists. */
private fun withPrefix(found: InterfaceAddress?): String? {
    val address = found?.address?.hostAddress ?: return null
    return "$address/${found.networkPrefixLength}"
}

/** One that is just going away cannot be asked any more. */
private fun isUp(network: java.net.NetworkInterface): Boolean = try {
    network.isUp
} catch (_: SocketException) {
    false
}
