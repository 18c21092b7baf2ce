package io.deckport

import java.net.SocketException
import java.util.Collections

/**
 * The networks of this device that are up, for [EndpointInterface.networksChanged]: on Android the library cannot
 * find them by itself. Empty when the system tells none.
 */
public fun networksOfThisDevice(): List<NetworkInterface> {
    val all = try {
        java.net.NetworkInterface.getNetworkInterfaces()
    } catch (_: SocketException) {
        null
    }
    return all?.let(Collections::list).orEmpty().filter(::isUp).map { network ->
        NetworkInterface(network.name, Collections.list(network.inetAddresses).mapNotNull { it.hostAddress })
    }
}

/** One that is just going away cannot be asked any more. */
private fun isUp(network: java.net.NetworkInterface): Boolean = try {
    network.isUp
} catch (_: SocketException) {
    false
}
