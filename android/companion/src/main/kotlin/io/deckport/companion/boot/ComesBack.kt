package io.deckport.companion.boot

import android.content.BroadcastReceiver
import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import io.deckport.android.HostService
import io.deckport.companion.deckportApp

/** Hosts again after something that has ended the process, when hosting was on before. */
abstract class ComesBack(private val action: String) : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        if (intent.action == action && context.deckportApp.host.isWanted) HostService.start(context)
    }
}

/**
 * After the phone has started. Off in the manifest, so that a phone without it starts nothing of ours;
 * [isOn] is the person's setting.
 *
 * Android 15 and later allow the service's kind, connected devices, to begin here; they do not those that only
 * transfer data.
 */
class AfterBoot : ComesBack(Intent.ACTION_BOOT_COMPLETED) {
    companion object {
        /** Whether hosting begins with the phone. */
        fun isOn(context: Context): Boolean =
            context.packageManager.getComponentEnabledSetting(nameIn(context)) ==
                PackageManager.COMPONENT_ENABLED_STATE_ENABLED

        /** Changes it. */
        fun switch(context: Context, on: Boolean) {
            val state =
                if (on) PackageManager.COMPONENT_ENABLED_STATE_ENABLED else PackageManager.COMPONENT_ENABLED_STATE_DEFAULT
            context.packageManager.setComponentEnabledSetting(nameIn(context), state, PackageManager.DONT_KILL_APP)
        }

        private fun nameIn(context: Context) = ComponentName(context, AfterBoot::class.java)
    }
}

/** After the app was updated. */
class AfterUpdate : ComesBack(Intent.ACTION_MY_PACKAGE_REPLACED)
