package io.deckport.android

import io.deckport.Address
import io.deckport.EndpointEvent

/** What is wrong while it hosts, from what the engine tells and from how things are. */
internal class ProblemKeeper(
    private val now: () -> Long,
    private val freeBytes: () -> Long,
    private val isVpnOn: () -> Boolean,
    private val missing: () -> List<HostPermission>,
) {
    private val refused = LinkedHashMap<Pair<String, String>, HostProblem.DeviceRefused>()
    private var login: HostProblem.LoginRefused? = null
    private var told: HostProblem.Told? = null
    private var isStorageLow = false
    private val dismissed = HashSet<HostProblem>()

    /** Takes an event in. */
    fun take(event: EndpointEvent) {
        when (event) {
            is EndpointEvent.RequestRefused -> refused(event)
            is EndpointEvent.SyncFailed -> refuse(event.account, event.device, event.reason)
            is EndpointEvent.SyncFinished -> refused.remove(event.account to event.device)
            is EndpointEvent.TransferFinished -> refused.remove(event.account to event.device)
            is EndpointEvent.MediaFinished -> refused.remove(event.account to event.device)
            is EndpointEvent.LoginRefused -> login = HostProblem.LoginRefused(event.address, now())
            is EndpointEvent.DeviceLoggedIn -> if (login?.address == event.address) login = null
            is EndpointEvent.StorageLow -> isStorageLow = true
            is EndpointEvent.Problem -> told = HostProblem.Told(event.account, event.message, now())
            else -> Unit
        }
    }

    /** A person has seen this one: it is not shown again until it happens again. */
    fun dismiss(problem: HostProblem) {
        dismissed += problem
    }

    /** All that is wrong now, the worst first: what keeps all devices out, then one of them, then what may come. */
    fun problems(addresses: List<Address>, isForOthers: Boolean): List<HostProblem> {
        val free = freeBytes()
        if (free >= LOW_BYTES) isStorageLow = false
        val (network, comfort) = missing().partition { it == HostPermission.LOCAL_NETWORK }
        return buildList {
            if (isForOthers && addresses.none { it.reachable }) add(HostProblem.NoNetwork)
            if (isForOthers) network.forEach { add(HostProblem.Permission(it)) }
            if (isStorageLow) add(HostProblem.StorageLow(free))
            addAll(refused.values)
            told?.let(::add)
            login?.let(::add)
            if (isForOthers && isVpnOn()) add(HostProblem.Vpn)
            comfort.forEach { add(HostProblem.Permission(it)) }
        }.filterNot { it in dismissed }
    }

    private fun refused(event: EndpointEvent.RequestRefused) {
        // A device that went away comes again by itself, and so does one that waits for another.
        if (event.status == WENT_AWAY || event.status == BUSY) return
        refuse(event.account ?: return, event.device ?: return, event.reason)
    }

    private fun refuse(account: String, device: String, reason: String) {
        // The newest of each device, and of not too many.
        refused.remove(account to device)
        if (refused.size >= MOST_DEVICES) refused.remove(refused.keys.first())
        refused[account to device] = HostProblem.DeviceRefused(account, device, reason, now())
    }

    companion object {
        /** Below this the engine tells that space is low. */
        const val LOW_BYTES = 64L shl 20
        private const val MOST_DEVICES = 8
        private const val WENT_AWAY = 0
        private const val BUSY = 409
    }
}
