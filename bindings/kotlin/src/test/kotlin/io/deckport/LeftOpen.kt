package io.deckport

import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking

/** A program that forgets to close: it must end nevertheless. Its argument is the data folder. */
fun main(arguments: Array<String>) = runBlocking {
    val deckport = Deckport.open(EndpointOptions(arguments[0], port = 0, loopbackOnly = true))
    deckport.subscribe(object : EndpointListener {
        override fun onState(state: EndpointState) = Unit
        override fun onEvent(event: EndpointEvent) = Unit
    })
    deckport.start()
    while (deckport.states.value !is EndpointState.Listening) delay(10)
    println(deckport.states.value::class.simpleName)
}
