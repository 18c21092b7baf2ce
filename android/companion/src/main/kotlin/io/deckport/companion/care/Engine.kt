package io.deckport.companion.care

import android.content.Context
import io.deckport.EndpointInterface
import io.deckport.android.DeckportHost
import io.deckport.android.HostException
import io.deckport.android.sentence

/** The app's endpoint: open while it is used, whether devices are served meanwhile or not. */
interface Engine {
    suspend fun <T> use(work: suspend (EndpointInterface) -> T): T
}

/** That of the host, which opens it when nobody else has. */
class HostEngine(private val context: Context, private val host: DeckportHost) : Engine {
    override suspend fun <T> use(work: suspend (EndpointInterface) -> T): T = try {
        host.use(work)
    } catch (error: HostException) {
        throw Sorry(Words.Plain(error.failure.sentence(context)))
    }
}
