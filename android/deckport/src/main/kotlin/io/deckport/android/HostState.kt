package io.deckport.android

import io.deckport.Address

/** What a [DeckportHost] is doing. */
public sealed interface HostState {
    /** Devices cannot sync. Accounts, backups and the rest can be looked after: [DeckportHost.use]. */
    public data object Off : HostState

    /** About to listen. */
    public data object Starting : HostState

    /**
     * Devices can sync.
     *
     * @property addresses what to type into Anki, the best one first. The last one is this device's own.
     * @property problems what keeps devices out or soon will, the worst first; empty when all is well.
     * @property activity who syncs, and who did last.
     */
    public data class On(
        val addresses: List<Address>,
        val problems: List<HostProblem> = emptyList(),
        val activity: HostActivity = HostActivity(),
    ) : HostState

    /** Requests that run get some time to finish. */
    public data object Stopping : HostState

    /** It could not start, or was ended by something. [DeckportHost.start] tries again. */
    public data class Failed(val reason: HostFailure) : HostState
}

/**
 * Who syncs, and who did.
 *
 * @property syncing the devices that sync now, in the order in which they began.
 * @property last the last sync that was complete since hosting began; devices' own times are in
 *   [io.deckport.Device.lastSyncMs].
 */
public data class HostActivity(val syncing: List<Syncing> = emptyList(), val last: LastSync? = null)

/** What a device is exchanging. */
public enum class SyncPart {
    /** Notes, cards and reviews that changed. */
    CHANGES,

    /** Its whole collection, sent here. */
    UPLOAD,

    /** The whole collection, sent to it. */
    DOWNLOAD,

    /** Images and sounds. */
    MEDIA,
}

/**
 * A device that syncs now.
 *
 * @property sent things sent to it so far: notes, cards and reviews, or files.
 * @property received things taken from it so far.
 */
public data class Syncing(
    val account: String,
    val device: String,
    val part: SyncPart,
    val sent: Long = 0,
    val received: Long = 0,
)

/** A sync that was complete; [atMs] in Unix milliseconds. */
public data class LastSync(val account: String, val device: String, val part: SyncPart, val atMs: Long)
