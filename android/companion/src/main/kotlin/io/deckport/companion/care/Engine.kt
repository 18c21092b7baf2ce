package io.deckport.companion.care

import io.deckport.EndpointInterface

/** The app's endpoint: open while it is used, whether devices are served meanwhile or not. */
interface Engine {
    suspend fun <T> use(work: suspend (EndpointInterface) -> T): T
}
