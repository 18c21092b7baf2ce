package io.deckport.android

import android.content.Context
import android.text.format.Formatter

/** Something that keeps devices out, or soon will, while hosting is on. [sentence] says it to a person. */
public sealed interface HostProblem {
    /** Whether no other device can sync because of it. */
    public val keepsAllOut: Boolean
        get() = this == NoNetwork || this is StorageLow || this == Permission(HostPermission.LOCAL_NETWORK)

    /** This device is in no network but its own: no other device can reach it. */
    public data object NoNetwork : HostProblem

    /** A VPN is on: many of them keep other devices of the same network out. */
    public data object Vpn : HostProblem

    /** The system lets less happen than hosting needs; [HostPermission.mend] mends it. */
    public data class Permission(val missing: HostPermission) : HostProblem

    /** Little space is left for the data; [freeBytes] of it. */
    public data class StorageLow(val freeBytes: Long) : HostProblem

    /** A device was refused; [reason] in a few words of English, [atMs] in Unix milliseconds. */
    public data class DeviceRefused(
        val account: String,
        val device: String,
        val reason: String,
        val atMs: Long,
    ) : HostProblem

    /** Somebody used a wrong name or password; [address] is where it came from. */
    public data class LoginRefused(val address: String, val atMs: Long) : HostProblem

    /** Something else that a person should look at; [message] is a sentence in English. */
    public data class Told(val account: String?, val message: String, val atMs: Long) : HostProblem
}

/**
 * What to say in one line: why no other device can sync, or where they reach this one; `null` when there is nothing.
 */
internal fun HostState.On.line(context: Context): String? =
    problems.firstOrNull { it.keepsAllOut }?.sentence(context) ?: addresses.firstOrNull()?.url

/** What is wrong, in the language of [context]. */
public fun HostProblem.sentence(context: Context): String = when (this) {
    HostProblem.NoNetwork -> context.getString(R.string.deckport_problem_no_network)
    HostProblem.Vpn -> context.getString(R.string.deckport_problem_vpn)
    is HostProblem.Permission -> missing.reason(context)
    is HostProblem.StorageLow ->
        context.getString(R.string.deckport_problem_storage_low, Formatter.formatShortFileSize(context, freeBytes))
    is HostProblem.DeviceRefused -> context.getString(R.string.deckport_problem_device_refused, device, reason)
    is HostProblem.LoginRefused -> context.getString(R.string.deckport_problem_login_refused, address)
    is HostProblem.Told -> message
}
