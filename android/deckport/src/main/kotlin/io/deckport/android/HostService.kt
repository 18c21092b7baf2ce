package io.deckport.android

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.os.IBinder
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/**
 * Hosts while other apps are in front: a foreground service for devices that connect, with a notification that says
 * where, who syncs, and *Stop*.
 *
 * [start] and [stop] are all that an app needs. When the system kills the process, the service comes back and hosts as
 * before. Nothing is thrown at a person: why it does not host is in the host's [DeckportHost.state], and in a
 * notification where nobody looks at the app.
 *
 * An app may subclass it for other texts or another folder; its manifest then names the subclass, too.
 */
public open class HostService : Service() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)
    private val locks by lazy { SyncLocks(this) }
    private val notifications by lazy { getSystemService(NotificationManager::class.java) }
    private var following: Job? = null

    /** The host that this service keeps on; by default the one of the default folder. */
    protected open val host: DeckportHost by lazy { DeckportHost.of(this) }

    /** Whether hosting ends when a person swipes the app away. By default it goes on: that is what the service is for. */
    protected open val endsWithTask: Boolean get() = false

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        // Always first: whoever starts a service for the front must hear of it within seconds.
        if (!comesToFront()) return START_NOT_STICKY
        // Without an intent the system has brought it back after it had killed the process.
        val goesOn = if (intent == null) host.isWanted else intent.action != STOP
        if (!goesOn) {
            scope.launch {
                if (intent != null) host.stop()
                end()
            }
            return START_NOT_STICKY
        }
        host.isWanted = true
        if (following == null) {
            following = scope.launch { host() }
        } else {
            scope.launch { host.start() }
        }
        return START_STICKY
    }

    /** Starts, follows what happens, and ends the service when hosting ends. */
    private suspend fun host() {
        host.start()
        host.state.collect { state ->
            locks.hold((state as? HostState.On)?.activity?.syncing.orEmpty().isNotEmpty())
            when (state) {
                HostState.Off, is HostState.Failed -> end(state as? HostState.Failed)
                else -> notifications.notify(NOTIFICATION, notification(state))
            }
        }
    }

    /** Leaves the front and ends. A failure stays to be read where a person looks. */
    private fun end(failed: HostState.Failed? = null) {
        following?.cancel()
        following = null
        locks.hold(false)
        stopForeground(STOP_FOREGROUND_REMOVE)
        if (failed != null) notifications.notify(FAILURE, failure(failed))
        stopSelf()
    }

    private fun comesToFront(): Boolean {
        notifications.createNotificationChannel(
            NotificationChannel(CHANNEL, getString(R.string.deckport_channel), NotificationManager.IMPORTANCE_LOW),
        )
        notifications.cancel(FAILURE)
        return try {
            Platform.startForeground(this, NOTIFICATION, notification(host.state.value))
            true
        } catch (error: RuntimeException) {
            val reason = Platform.refusalOf(error)?.let(HostFailure::ServiceRefused) ?: HostFailure.of(error)
            host.failLater(reason)
            end(HostState.Failed(reason))
            false
        }
    }

    /** The system's time for such a service is over (Android 14 and later, kinds with a limit). */
    override fun onTimeout(startId: Int): Unit = timeOver()

    /** The same on Android 15 and later. */
    override fun onTimeout(startId: Int, fgsType: Int): Unit = timeOver()

    private fun timeOver() {
        val reason = HostFailure.ServiceRefused(HostFailure.Refusal.TIME_OVER)
        host.failLater(reason)
        end(HostState.Failed(reason))
    }

    override fun onTaskRemoved(rootIntent: Intent?) {
        if (endsWithTask) {
            scope.launch {
                host.stop()
                end()
            }
        }
        super.onTaskRemoved(rootIntent)
    }

    /** Also when the system ends it: what runs is ended in an orderly way, and it will be as it was. */
    override fun onDestroy() {
        if (following != null) host.pauseLater()
        locks.hold(false)
        scope.cancel()
        super.onDestroy()
    }

    /** What the notification says first: that devices can sync, or which one does. */
    protected open fun title(state: HostState): String {
        val syncing = (state as? HostState.On)?.activity?.syncing.orEmpty()
        return when {
            syncing.isNotEmpty() -> getString(R.string.deckport_syncing, syncing.joinToString { it.device })
            state is HostState.On -> getString(R.string.deckport_on)
            state is HostState.Stopping -> getString(R.string.deckport_stopping)
            else -> getString(R.string.deckport_starting)
        }
    }

    /** What it says below: the best address, or what keeps devices out. */
    protected open fun text(state: HostState): String? = (state as? HostState.On)?.line(this)

    /** The notification while it hosts. */
    protected open fun notification(state: HostState): Notification =
        Platform.showAtOnce(builder(title(state), text(state)))
            .setOngoing(true)
            .setOnlyAlertOnce(true)
            .addAction(Notification.Action.Builder(null, getString(R.string.deckport_stop), stopping()).build())
            .build()

    /** The notification that says why it does not host any more. */
    protected open fun failure(state: HostState.Failed): Notification {
        val sentence = state.reason.sentence(this)
        return builder(getString(R.string.deckport_ended), sentence)
            .setStyle(Notification.BigTextStyle().bigText(sentence))
            .setAutoCancel(true)
            .build()
    }

    private fun builder(title: String, text: String?) = Notification.Builder(this, CHANNEL)
        .setSmallIcon(R.drawable.deckport_host)
        .setContentTitle(title)
        .setContentText(text)
        .setContentIntent(opening())

    /** Opens the app. */
    private fun opening(): PendingIntent? = packageManager.getLaunchIntentForPackage(packageName)
        ?.let { PendingIntent.getActivity(this, 0, it, PendingIntent.FLAG_IMMUTABLE) }

    private fun stopping(): PendingIntent =
        PendingIntent.getForegroundService(this, 0, stop(this, javaClass), PendingIntent.FLAG_IMMUTABLE)

    public companion object {
        private const val CHANNEL = "io.deckport.hosting"
        private const val NOTIFICATION = 27701
        private const val FAILURE = 27702
        private const val STOP = "io.deckport.android.STOP"

        /**
         * Begins to host in the service. When the system refuses (an app in the background may not), the host's state
         * says so. [service] is the app's own class of it, if there is one, [host] the host that it keeps on.
         */
        public fun start(
            context: Context,
            service: Class<out HostService> = HostService::class.java,
            host: DeckportHost = DeckportHost.of(context),
        ) {
            try {
                context.startForegroundService(Intent(context, service))
            } catch (error: RuntimeException) {
                host.failLater(HostFailure.ServiceRefused(Platform.refusalOf(error) ?: throw error))
            }
        }

        /** Ends hosting, and the service when it runs. */
        public fun stop(context: Context, host: DeckportHost = DeckportHost.of(context)): Unit = host.stopLater()

        private fun stop(context: Context, service: Class<out HostService>) = Intent(context, service).setAction(STOP)
    }
}
