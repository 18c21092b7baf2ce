package io.deckport

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.trySendBlocking
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlin.time.Duration

/**
 * An Anki sync endpoint: it hosts collections, and unchanged Anki apps sync with it.
 *
 * This is [Endpoint] with flows in place of listeners and with a [close] that stops. All that an
 * [Endpoint] can do is here, too: accounts, pairing, overviews, backups, importing and exporting.
 *
 * [open] it on a folder, add an account or open a pairing window, and [start] it. [stop] ends serving and
 * [start] begins it again. [shutdown] ends everything without blocking a thread, [close] does the same and
 * blocks until it is done: calls afterwards fail with an exception named `Closed`, such as
 * [AccountException.Closed].
 *
 * All functions may be called from any thread and at the same time; the suspending ones do their work
 * elsewhere. Cancelling a coroutine ends the work where that is safe; each function says where not.
 * The `message` of its exceptions is a sentence for people; what programs want to know is in fields.
 */
public class Deckport private constructor(private val endpoint: Endpoint) :
    EndpointInterface by endpoint, AutoCloseable {

    private val observed = MutableStateFlow(endpoint.state())
    private val keeper = StateKeeper(observed)
    private val observing = endpoint.subscribe(keeper)
    private val closing = Any()
    private var closed = false

    /**
     * What the endpoint is doing. It follows at once but on another thread, so that right after [start]
     * it may still tell what was before; [state] is exact. States that last shorter than a collector
     * takes are skipped, as in every [StateFlow].
     */
    public val states: StateFlow<EndpointState> = observed.asStateFlow()

    /**
     * What happens, from the moment of collecting. It completes after [shutdown] and [close], when everything was
     * emitted that happened before, and ends when the collecting coroutine does.
     *
     * Each collector has a buffer of its own and may be slow or fail without harm to the endpoint or to
     * other collectors. When it is so slow that the buffer is full, the oldest events are dropped and
     * [EndpointEvent.EventsLost] tells how many. Collecting begins before the first suspension: what
     * `launch(start = CoroutineStart.UNDISPATCHED)` starts misses nothing that comes after it. Who begins to
     * collect after [shutdown] or [close] gets [StartException.Closed].
     */
    public val events: Flow<EndpointEvent> = flow {
        val channel = Channel<EndpointEvent>(EVENTS_AT_HAND)
        val subscription = endpoint.subscribe(EventPasser(channel))
        try {
            coroutineScope {
                launch(start = CoroutineStart.UNDISPATCHED) {
                    subscription.ended()
                    channel.close()
                }
                for (event in channel) emit(event)
            }
        } finally {
            // First the channel: the library's thread may wait there for a place.
            channel.cancel()
            subscription.cancel()
            subscription.close()
        }
    }

    /**
     * Opens a pairing window that is open for [window], one second to one day; otherwise as the function with
     * milliseconds.
     */
    @Throws(AccountException::class, kotlin.coroutines.cancellation.CancellationException::class)
    public suspend fun openPairing(account: String, deviceName: String? = null, window: Duration): Pairing =
        endpoint.openPairing(account, deviceName, window.inWholeMilliseconds)

    /**
     * Stops, closes everything, releases the folder and ends all threads. Blocks until that is done, at most a
     * little longer than [EndpointOptions.stopTimeoutMs]: on a thread that must not wait, call [shutdown] first,
     * then this takes no time. May be called again, and from several threads.
     *
     * @throws StartException.Failed when it could not stop in an orderly way; it is closed nevertheless.
     */
    override fun close() {
        synchronized(closing) {
            if (closed) return
            closed = true
            try {
                runBlocking { endpoint.shutdown() }
            } finally {
                keeper.end()
                observing.close()
                // The small rest of the object stays for those who still call it, until nobody does.
            }
        }
    }

    public companion object {
        /** Events that wait in a collector's buffer; the library keeps another 256 before any is dropped. */
        private const val EVENTS_AT_HAND = 64

        /**
         * Opens a folder, which is made when it is missing. Nothing is served yet. A [translator] says what people
         * read in Anki on their other devices in their language.
         *
         * @throws OpenException notably [OpenException.FolderInUse] for a second endpoint on the same folder.
         * @throws NativeLibraryException when the library itself cannot be used here: a fault of how the app was built.
         */
        @Throws(
            OpenException::class,
            NativeLibraryException::class,
            kotlin.coroutines.cancellation.CancellationException::class,
        )
        public suspend fun open(options: EndpointOptions, translator: Translator? = null): Deckport {
            NativeLibrary.load()
            val endpoint =
                if (translator == null) Endpoint.open(options) else Endpoint.openTranslated(options, translator)
            return Deckport(endpoint)
        }
    }
}

/** Holds the flow alone, not the endpoint: the library holds this, and a circle would never be freed. */
internal class StateKeeper(private val observed: MutableStateFlow<EndpointState>) : EndpointListener {
    private var ended = false

    @Synchronized
    override fun onState(state: EndpointState) {
        if (!ended) observed.value = state
    }

    /** The last state. Those before it may still be on their way here: they change nothing any more. */
    @Synchronized
    fun end() {
        ended = true
        observed.value = EndpointState.Stopped
    }

    override fun onEvent(event: EndpointEvent) = Unit
}

/** Waits when the collector is slow: then the library's own queue fills, which is bounded and tells of losses. */
private class EventPasser(private val channel: Channel<EndpointEvent>) : EndpointListener {
    override fun onState(state: EndpointState) = Unit

    override fun onEvent(event: EndpointEvent) {
        channel.trySendBlocking(event)
    }
}
