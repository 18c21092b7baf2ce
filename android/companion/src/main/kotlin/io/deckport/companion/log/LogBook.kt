package io.deckport.companion.log

import io.deckport.EndpointEvent
import io.deckport.android.DeckportHost
import io.deckport.android.HostState
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.launch
import java.time.Instant

/**
 * The last things that happened, for a person who wants help. It holds nothing of the person's: no names of accounts
 * or devices, no addresses, no contents.
 */
class LogBook(private val now: () -> Long = System::currentTimeMillis) {
    private val lines = ArrayDeque<String>()

    /** Writes down what a host does and what happens in it. */
    fun follow(scope: CoroutineScope, host: DeckportHost) {
        scope.launch(start = CoroutineStart.UNDISPATCHED) { host.events.collect { event -> lineFor(event)?.let(::add) } }
        scope.launch(start = CoroutineStart.UNDISPATCHED) {
            var before = ""
            host.state.collect { state ->
                val line = lineFor(state)
                if (line != before) add(line)
                before = line
            }
        }
    }

    /** The oldest first. */
    fun lines(): List<String> = synchronized(lines) { lines.toList() }

    private fun add(line: String) = synchronized(lines) {
        if (lines.size == MOST_LINES) lines.removeFirst()
        lines.addLast("${Instant.ofEpochMilli(now())} $line")
    }

    private companion object {
        const val MOST_LINES = 400
    }
}

/** What there is to say of a state that names nobody. */
internal fun lineFor(state: HostState): String = when (state) {
    is HostState.On -> "on; networks: ${state.addresses.joinToString { it.kind.name }}; " +
        "problems: ${state.problems.joinToString { it.javaClass.simpleName }.ifEmpty { "none" }}"
    is HostState.Failed -> "failed: ${state.reason.javaClass.simpleName}"
    else -> state.javaClass.simpleName
}

/** What there is to say of an event that names nobody; nothing of those that come in crowds. */
internal fun lineFor(event: EndpointEvent): String? = when (event) {
    is EndpointEvent.DeviceLoggedIn -> "a device logged in, by pairing: ${event.paired}"
    is EndpointEvent.LoginRefused -> "a login was refused"
    is EndpointEvent.SyncStarted -> "a sync began"
    is EndpointEvent.SyncFinished -> event.run {
        "a sync ended: ${counts.sent} sent, ${counts.received} received, ${counts.deleted} deleted, $durationMs ms"
    }
    is EndpointEvent.SyncFailed -> "a sync failed: ${event.reason}"
    is EndpointEvent.TransferStarted -> "a whole collection begins, upload: ${event.upload}"
    is EndpointEvent.TransferFinished -> "a whole collection ended, upload: ${event.upload}, ${event.bytes} bytes"
    is EndpointEvent.MediaFinished -> "media ended: ${event.sent} sent, ${event.received} received"
    is EndpointEvent.RequestRefused -> "refused with ${event.status}: ${event.reason}"
    is EndpointEvent.BackupMade -> "a backup was made, ${event.bytes} bytes"
    is EndpointEvent.StorageLow -> "${event.freeBytes} bytes are free"
    is EndpointEvent.Problem -> "a problem"
    is EndpointEvent.EventsLost -> "${event.count} events were lost"
    else -> null
}
