package io.deckport.companion.home

import androidx.annotation.StringRes
import io.deckport.android.HostFailure
import io.deckport.android.HostPermission
import io.deckport.android.HostProblem
import io.deckport.companion.R

/** What a person can do about a problem, with the word on the button. */
sealed class Mending(@param:StringRes val word: Int) {
    /** Opens the system's list of wireless networks. */
    data object JoinNetwork : Mending(R.string.mend_network)

    /** Opens the system's list of VPNs. */
    data object SeeVpn : Mending(R.string.mend_vpn)

    /** Asks the system for a permission, or opens the place where it is given. */
    data class Allow(val permission: HostPermission) : Mending(R.string.mend_allow)

    /** Shows what takes the space. */
    data object SeeSpace : Mending(R.string.mend_space)

    /** Shows a password for the device that was refused. */
    data object ShowPassword : Mending(R.string.mend_password)

    /** Shows the devices. */
    data object SeeDevices : Mending(R.string.mend_devices)

    /** Checks the collection. */
    data object CheckCollection : Mending(R.string.mend_check)

    /** Lets the person choose another port. */
    data object ChangePort : Mending(R.string.mend_port)

    /** Opens what the system allows this app. */
    data object SeeApp : Mending(R.string.mend_app)

    /** Shares the log. */
    data object ShareLog : Mending(R.string.mend_log)

    /** Switches hosting on once more. */
    data object TryAgain : Mending(R.string.mend_again)

    companion object {
        /** What helps against a problem. */
        fun of(problem: HostProblem): Mending = when (problem) {
            HostProblem.NoNetwork -> JoinNetwork
            HostProblem.Vpn -> SeeVpn
            is HostProblem.Permission -> Allow(problem.missing)
            is HostProblem.StorageLow -> SeeSpace
            is HostProblem.DeviceRefused -> SeeDevices
            is HostProblem.LoginRefused -> ShowPassword
            is HostProblem.Told -> CheckCollection
        }

        /** What helps when hosting did not begin, or ended. */
        fun of(failure: HostFailure): Mending = when (failure) {
            is HostFailure.PortTaken, is HostFailure.PortNotAllowed -> ChangePort
            HostFailure.NoSpace -> SeeSpace
            is HostFailure.ServiceRefused ->
                if (failure.refusal == HostFailure.Refusal.PERMISSION) SeeApp else TryAgain
            HostFailure.FolderInUse, is HostFailure.FolderUnusable -> TryAgain
            HostFailure.TooNew, is HostFailure.Damaged, is HostFailure.EngineMissing, is HostFailure.Other -> ShareLog
        }
    }
}
