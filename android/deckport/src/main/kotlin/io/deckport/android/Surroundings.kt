package io.deckport.android

import io.deckport.Deckport
import io.deckport.EndpointOptions
import io.deckport.NetworkInterface
import io.deckport.networksOfThisDevice
import java.io.File

/** What a host takes from outside; tests have their own. */
internal class Surroundings(
    /** Opens the engine. */
    val open: suspend (EndpointOptions) -> Deckport = { Deckport.open(it) },
    /** The network interfaces that are up. */
    val interfaces: () -> List<NetworkInterface> = ::networksOfThisDevice,
    /** Bytes that are free where a folder is. */
    val freeBytes: (File) -> Long = File::getUsableSpace,
)
