package io.deckport.android

import io.deckport.Deckport
import io.deckport.EndpointOptions
import io.deckport.NetworkInterface
import io.deckport.Translator
import io.deckport.networksOfThisDevice
import java.io.File

/** What a host takes from outside; tests have their own. */
internal class Surroundings(
    /** Opens the engine, with what says texts in the device's language. */
    val open: suspend (EndpointOptions, Translator) -> Deckport =
        { options, translator -> Deckport.open(options, translator) },
    /** The network interfaces that are up. */
    val interfaces: () -> List<NetworkInterface> = ::networksOfThisDevice,
    /** Bytes that are free where a folder is. */
    val freeBytes: (File) -> Long = File::getUsableSpace,
)
