package io.deckport

import kotlinx.coroutines.runBlocking

/** A program that tells who has loaded the library, or why nobody could. Its argument is the data folder. */
fun main(arguments: Array<String>) = runBlocking {
    try {
        Deckport.open(EndpointOptions(arguments[0], port = 0, loopbackOnly = true)).close()
        println(if (NativeLibrary.load()) "the JVM" else "JNA")
    } catch (error: NativeLibraryException) {
        println(error.message)
    }
}
