package io.deckport.android

import io.deckport.EndpointEvent

/**
 * Who syncs, from what the engine tells. A device that goes away in the middle leaves without a word in some cases:
 * what was not heard of for [PATIENCE_MS] has ended.
 */
internal class ActivityKeeper(private val now: () -> Long) {
    private val heard = LinkedHashMap<Pair<String, String>, Heard>()
    private var last: LastSync? = null

    private class Heard(val syncing: Syncing, val atMs: Long)

    /** What it is now. */
    val activity: HostActivity get() = HostActivity(heard.values.map { it.syncing }, last)

    /** When the oldest of those that sync is to be given up, if nothing is heard. */
    val nextCheckMs: Long? get() = heard.values.minOfOrNull { it.atMs + PATIENCE_MS }

    /** Forgets those of whom nothing was heard for too long. */
    fun check() {
        heard.values.removeAll { it.atMs + PATIENCE_MS <= now() }
    }

    /** Takes an event in. */
    fun take(event: EndpointEvent) {
        when (event) {
            is EndpointEvent.SyncStarted -> on(event.account, event.device, SyncPart.CHANGES)
            is EndpointEvent.SyncProgress ->
                on(event.account, event.device, SyncPart.CHANGES, event.counts.sent, event.counts.received)
            is EndpointEvent.SyncFinished -> done(event.account, event.device, SyncPart.CHANGES)
            is EndpointEvent.SyncFailed -> heard.remove(event.account to event.device)
            is EndpointEvent.TransferStarted -> on(event.account, event.device, direction(event.upload))
            is EndpointEvent.TransferFinished -> done(event.account, event.device, direction(event.upload))
            is EndpointEvent.MediaProgress ->
                on(event.account, event.device, SyncPart.MEDIA, event.sent, event.received)
            is EndpointEvent.MediaFinished -> done(event.account, event.device, SyncPart.MEDIA)
            is EndpointEvent.RequestRefused -> refused(event)
            else -> Unit
        }
    }

    private fun direction(upload: Boolean) = if (upload) SyncPart.UPLOAD else SyncPart.DOWNLOAD

    private fun on(account: String, device: String, part: SyncPart, sent: Long = 0, received: Long = 0) {
        heard[account to device] = Heard(Syncing(account, device, part, sent, received), now())
    }

    private fun done(account: String, device: String, part: SyncPart) {
        // What the endpoint does by itself (a restored backup, an import) is told in the same words.
        if (heard.remove(account to device) != null || part == SyncPart.MEDIA) {
            last = LastSync(account, device, part, now())
        }
    }

    private fun refused(event: EndpointEvent.RequestRefused) {
        val (account, device) = (event.account ?: return) to (event.device ?: return)
        heard.remove(account to device)
    }

    companion object {
        /** A little longer than the engine waits for a device in the middle of a sync. */
        const val PATIENCE_MS = 90_000L
    }
}
