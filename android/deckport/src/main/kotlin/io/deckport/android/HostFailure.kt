package io.deckport.android

import android.content.Context
import android.os.Build
import io.deckport.AccountException
import io.deckport.NativeLibraryException
import io.deckport.OpenException
import io.deckport.StartException

/** Why hosting did not begin, or ended. [sentence] says it to a person, with what to do. */
public sealed interface HostFailure {
    /** Another program has the port. */
    public data class PortTaken(val port: Int) : HostFailure

    /** The system keeps the port for itself. */
    public data class PortNotAllowed(val port: Int) : HostFailure

    /** Another process hosts from the same folder. */
    public data object FolderInUse : HostFailure

    /** The folder cannot be made, read, written or locked. */
    public data class FolderUnusable(val detail: String) : HostFailure

    /** The storage is full. */
    public data object NoSpace : HostFailure

    /** A newer version of the app has written the data. */
    public data object TooNew : HostFailure

    /** What is known of the accounts is damaged. */
    public data class Damaged(val detail: String) : HostFailure

    /** The engine is not in this app for this processor, or not whole. */
    public data class EngineMissing(val detail: String) : HostFailure

    /** The system did not let the service begin, or ended it. */
    public data class ServiceRefused(val refusal: Refusal) : HostFailure

    /** Anything else; [detail] is a sentence in English. */
    public data class Other(val detail: String) : HostFailure

    /** What the system has against the service. */
    public enum class Refusal {
        /** The app was not in front. */
        BACKGROUND,

        /** A permission of the kind of service is missing. */
        PERMISSION,

        /** The time that the system gives to such a service is over. */
        TIME_OVER,
    }

    public companion object {
        /** What an exception of the engine or of the system means. */
        public fun of(error: Throwable): HostFailure = when (error) {
            is HostException -> error.failure
            is StartException.PortInUse -> PortTaken(error.port)
            is StartException.PortNotAllowed -> PortNotAllowed(error.port)
            is OpenException.FolderInUse -> FolderInUse
            is OpenException.FolderUnusable -> FolderUnusable(error.reason)
            is OpenException.TooNew -> TooNew
            is OpenException.Damaged -> Damaged(error.reason)
            is AccountException.NoSpace -> NoSpace
            is NativeLibraryException -> EngineMissing(error.message.orEmpty())
            // Of a class that could not load the library, later uses tell only that it is not there.
            is LinkageError -> EngineMissing(rootOf(error).message ?: error.toString())
            else -> Other(error.message ?: error.toString())
        }

        private fun rootOf(error: Throwable): Throwable = generateSequence(error) { it.cause }.last()
    }
}

/** A [HostFailure], thrown by [DeckportHost.use]. The message is in English; see [HostFailure.sentence]. */
public class HostException(public val failure: HostFailure, cause: Throwable? = null) :
    Exception(cause?.message ?: failure.toString(), cause)

/** What happened and what to do, in the language of [context]. */
public fun HostFailure.sentence(context: Context): String = when (this) {
    is HostFailure.PortTaken -> context.getString(R.string.deckport_failed_port_taken, port)
    is HostFailure.PortNotAllowed -> context.getString(R.string.deckport_failed_port_not_allowed, port)
    HostFailure.FolderInUse -> context.getString(R.string.deckport_failed_folder_in_use)
    is HostFailure.FolderUnusable -> context.getString(R.string.deckport_failed_folder_unusable, detail)
    HostFailure.NoSpace -> context.getString(R.string.deckport_failed_no_space)
    HostFailure.TooNew -> context.getString(R.string.deckport_failed_too_new)
    is HostFailure.Damaged -> context.getString(R.string.deckport_failed_damaged, detail)
    is HostFailure.EngineMissing ->
        context.getString(R.string.deckport_failed_engine_missing, Build.SUPPORTED_ABIS.joinToString())
    is HostFailure.ServiceRefused -> context.getString(
        when (refusal) {
            HostFailure.Refusal.BACKGROUND -> R.string.deckport_failed_background
            HostFailure.Refusal.PERMISSION -> R.string.deckport_failed_permission
            HostFailure.Refusal.TIME_OVER -> R.string.deckport_failed_time_over
        },
    )
    is HostFailure.Other -> context.getString(R.string.deckport_failed_other, detail)
}
